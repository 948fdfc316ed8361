"""Layers of random Caffe nets, in the short hand of hand_made.py: with fields that people set, and with the neighbours
that they give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from caffe_ir.blob import Shape
from tests.portability.drawn import Drawn, input_of, layer, tops_of, window

Step = Callable[[Drawn, str], Sequence[str]]
"""Gives the lines of a step behind a blob; what Caffe refuses is drawn anew."""


def _convolution(d: Drawn, x: str) -> Sequence[str]:
    channels = d.shapes[x][1]
    group = d.one_of(1, 1, 1, 2, channels)
    fields = f"num_output: {group * d.one_of(1, 2, 3)} {window(d, (1, 1, 2, 3, 3, 5), (0, 1, 1, 2), (2, 3))} "
    fields += (f"group: {group} " if group > 1 else "") + d.said("bias_term: false", chance=0.3)
    return _normalised(d, layer(d, "Convolution", x, fields))


def _deconvolution(d: Drawn, x: str) -> Sequence[str]:
    group = d.one_of(1, 1, d.shapes[x][1])
    fields = f"num_output: {group * d.one_of(1, 2)} {window(d, (1, 2, 3, 4), (0, 1), (2,))} "
    fields += (f"group: {group} " if group > 1 else "") + d.said("bias_term: false")
    return _normalised(d, layer(d, "Deconvolution", x, fields))


def _inner_product(d: Drawn, x: str) -> Sequence[str]:
    fields = d.said(f"axis: {d.axis(x)}", "bias_term: false", chance=0.35) + d.said(" transpose: true", chance=0.15)
    return _normalised(d, layer(d, "InnerProduct", x, f"num_output: {d.one_of(1, 3, 4, 5)} {fields}"))


def _normalised(d: Drawn, line: str) -> Sequence[str]:
    """A layer with the neighbours that it often has, most of them in place."""
    lines = [line]
    if d.yes(0.35):
        lines.append(layer(d, "BatchNorm", tops_of(lines[-1])[0], d.said("use_global_stats: true", "eps: 0.001"), 0.8))
        if d.yes(0.8):
            lines.append(layer(d, "Scale", tops_of(lines[-1])[0], "bias_term: true", 0.8))
    return [*lines, *_activation(d, tops_of(lines[-1])[0])] if d.yes(0.4) else lines


def _pooling(d: Drawn, x: str) -> Sequence[str]:
    pool = d.one_of("", "pool: MAX ", "pool: AVE ", "pool: AVE ")
    where = "global_pooling: true" if d.yes(0.25) else window(d, (1, 2, 2, 3, 3, 5, 7), (0, 1, 1, 2))
    return [layer(d, "Pooling", x, pool + where)]


ACTIVATIONS: Mapping[str, Sequence[str]] = {
    "AbsVal": ("",),
    "BNLL": ("",),
    "Clip": ("min: 0 max: 1", "min: -0.5 max: 0.75"),
    "Dropout": ("", "dropout_ratio: 0.5"),
    "ELU": ("", "alpha: 0.5"),
    "Exp": ("", "base: 2", "scale: 0.5", "base: 2 scale: 0.5 shift: 0.25", "shift: 0.5"),
    "PReLU": ("", "channel_shared: true"),
    "Power": (
        "", "scale: 0.5", "shift: 1", "scale: -1 shift: 1", "power: 2", "power: 2 scale: 0.5 shift: 0.25", "power: 3",
        "power: 0", "scale: 0.01 shift: -0.5",
    ),
    "ReLU": ("", "", "", "negative_slope: 0.1"),
    "Sigmoid": ("",),
    "Swish": ("", "beta: 2"),
    "TanH": ("",),
    "Threshold": ("", "threshold: 0.2"),
}  # fmt: skip


def _activation(d: Drawn, x: str) -> Sequence[str]:
    kind = d.one_of(*ACTIVATIONS, "ReLU", "ReLU", "ReLU", "PReLU")
    return [layer(d, kind, x, d.one_of(*ACTIVATIONS[kind]), in_place=0.5)]


def _of_positive(d: Drawn, x: str) -> Sequence[str]:
    """A logarithm or a power of numbers above zero."""
    if d.yes():
        first = layer(d, d.one_of("Sigmoid", "Exp"), x)
        kind, fields = "Log", d.said("base: 10", "scale: 0.5", "shift: 0.5", chance=0.3)
    else:
        first, kind, fields = layer(d, "Power", x, "power: 2"), "Power", f"power: {d.one_of(0.5, -0.5, -1)} shift: 1"
    return [first, layer(d, kind, tops_of(first)[0], fields, in_place=0.3)]


def _norm(d: Drawn, x: str) -> Sequence[str]:
    size = d.said("local_size: 3", "alpha: 0.5", "beta: 0.5")
    kind, fields, in_place = d.one_of(
        ("LRN", size + d.said(" k: 2"), 0.0),
        ("LRN", f"{size} norm_region: WITHIN_CHANNEL", 0.0),
        ("MVN", d.said("normalize_variance: false", "across_channels: true", "eps: 0.01", chance=0.4), 0.0),
        ("BatchNorm", d.said("use_global_stats: true", "eps: 0.01", chance=0.7), 0.4),
        ("Softmax", d.said(f"axis: {d.axis(x)}"), 0.4),
    )
    return [layer(d, kind, x, fields, in_place)]


def _affine(d: Drawn, x: str) -> Sequence[str]:
    """A Scale or Bias with weights of its own, with a blob of numbers for each channel, or with an input."""
    shape, kind, axis = d.shapes[x], d.one_of("Scale", "Scale", "Bias"), d.axis(x)
    count, bias = d.below(len(shape[axis:]) + 1), d.said("bias_term: true") if kind == "Scale" else ""
    if d.yes():
        where = d.said(f"axis: {axis} " + d.said(f"num_axes: {d.one_of(count, count, -1)}"))
        return [layer(d, kind, x, f"{where} {bias}", in_place=0.4)]
    if len(shape) == 4 and d.yes():
        pooled, gate, flat = d.new(), d.new(), d.new()
        product = d.one_of(f"Convolution {pooled} | kernel_size: 1", f"InnerProduct {pooled} |")
        return [
            f"{pooled} = Pooling {x} | pool: AVE global_pooling: true",
            f"{gate} = {product} num_output: {shape[1]}",
            f"{flat} = {d.one_of(f'Flatten {gate}', f'Reshape {gate} | shape {{ dim: 0 dim: -1 }}')}",
            layer(d, kind, f"{x} {flat}", f"axis: 0 {bias}"),
        ]
    other = input_of(d, shape[axis:][:count])
    return [other, layer(d, kind, f"{x} {tops_of(other)[0]}", f"axis: {axis} {bias}")]


def _beside(d: Drawn, x: str) -> tuple[Sequence[str], str]:
    """The lines of a blob of the same shape, and its name."""
    if (alike := [name for name in d.shapes if name != x and d.shapes[name] == d.shapes[x]]) and d.yes(0.6):
        return [], d.one_of(*alike)
    if len(d.shapes[x]) == 4 and d.yes(0.4):
        line = layer(d, "Convolution", x, f"num_output: {d.shapes[x][1]} kernel_size: 3 pad: 1")
    else:
        line = layer(d, d.one_of("AbsVal", "Power", "Sigmoid", "TanH"), x)
    return [line], tops_of(line)[0]


def _eltwise(d: Drawn, x: str) -> Sequence[str]:
    lines, y = _beside(d, x)
    more, z = _beside(d, x) if d.yes(0.3) else ([], "")
    bottoms = f"{x} {y} {z}" if d.yes(0.8) else f"{y} {x} {z}"
    operation = d.one_of("", "operation: SUM", "operation: PROD", "operation: MAX")
    if operation in ("", "operation: SUM") and d.yes(0.4):
        operation += "".join(f" coeff: {d.one_of(1, -1, 0.5, 2)}" for _ in bottoms.split())
    return [*lines, *more, layer(d, "Eltwise", bottoms.strip(), operation, in_place=0.1)]


def _concat(d: Drawn, x: str) -> Sequence[str]:
    lines, y = _beside(d, x)
    bottoms = d.one_of(f"{x} {y}", f"{y} {x}", f"{x} {y} {x}", f"{x} {d.any()}")
    return [*lines, layer(d, "Concat", bottoms, d.said(f"axis: {d.axis(x)}", chance=0.7))]


def _slice(d: Drawn, x: str) -> Sequence[str]:
    """Parts of a blob; perhaps they meet again."""
    axis = d.axis(x)
    size = d.shapes[x][axis]
    parts = min(size, d.one_of(2, 2, 3))
    points = sorted(int(one) for one in d.random.choice(np.arange(1, size), parts - 1, replace=False))
    equal = size % parts == 0 and d.yes(0.4)
    tops = " ".join(d.new() for _ in range(parts))
    where = f"axis: {axis} " if axis != 1 or d.yes() else ""
    line = f"{tops} = Slice {x} | {where}" + ("" if equal else " ".join(f"slice_point: {point}" for point in points))
    kind, fields = ("Eltwise", d.said("operation: MAX")) if equal else ("Concat", f"axis: {axis}")
    behind = d.one_of([], [layer(d, kind, tops, fields)], [layer(d, "TanH", top) for top in tops.split()])
    return [line, *behind]


def _crop(d: Drawn, x: str) -> Sequence[str]:
    shape, axis = d.shapes[x], d.axis(x)
    sizes = [1 + d.below(size) for size in shape[axis:]]
    offsets = [d.below(size - kept + 1) for size, kept in zip(shape[axis:], sizes, strict=True)]
    like = input_of(d, (*shape[: axis % len(shape)], *sizes))
    where = f"axis: {axis} " if axis != 2 or d.yes() else ""
    said = " ".join(f"offset: {one}" for one in d.one_of(offsets, offsets, [min(offsets)]))
    return [like, layer(d, "Crop", f"{x} {tops_of(like)[0]}", where + said)]


def _reshape(d: Drawn, x: str) -> Sequence[str]:
    shape = d.shapes[x]
    if d.yes(0.3):
        return [layer(d, "Flatten", x, d.said(f"axis: {d.axis(x)}", f"end_axis: {d.axis(x)}", chance=0.35))]
    if d.yes(0.25):
        first = d.below(len(shape))
        count = d.below(len(shape) - first + 1)
        axis = first - len(shape) - 1 if d.yes(0.3) else first
        fields = f"shape {{ {_dims(d, shape[first:][:count])} }} axis: {axis} num_axes: {count}"
    else:
        fields = f"shape {{ dim: {d.one_of(0, 0, shape[0])} {_dims(d, shape[1:])} }}"
    return [layer(d, "Reshape", x, fields)]


def _dims(d: Drawn, shape: Shape) -> str:
    """As many numbers under other axes, some of them as 0 and -1."""
    left, dims = prod(shape), list[int]()
    for _ in range(d.below(4)):
        dims.append(d.one_of(*(one for one in (1, 2, 3, 4, *shape) if left % one == 0)))
        left //= dims[-1]
    dims.append(left)
    said = [0 if place < len(shape) and shape[place] == one and d.yes() else one for place, one in enumerate(dims)]
    if d.yes(0.6):
        said[d.below(len(said))] = -1
    return " ".join(f"dim: {one}" for one in said)


def _other(d: Drawn, x: str) -> Sequence[str]:
    sums, pooled = d.one_of("SUM", "MEAN", "MEAN", "ASUM", "SUMSQ"), d.said(" pool: AVE")
    kind, fields = d.one_of(
        ("ArgMax", d.said(f"axis: {d.axis(x)}", "top_k: 2", "out_max_val: true")),
        ("Reduction", f"operation: {sums} " + d.said(f"axis: {d.axis(x)}", "coeff: 2")),
        ("Tile", f"axis: {d.axis(x)} tiles: {d.one_of(2, 3)}"),
        ("SPP", f"pyramid_height: {d.one_of(1, 2, 3)}{pooled}"),
        ("Im2col", window(d, (1, 2, 3), (0, 1), (2,))),
    )
    return [layer(d, kind, x, fields)]


STEPS: Mapping[str, Step] = {
    "activation": _activation,
    "affine": _affine,
    "concat": _concat,
    "convolution": _convolution,
    "crop": _crop,
    "deconvolution": _deconvolution,
    "eltwise": _eltwise,
    "inner product": _inner_product,
    "norm": _norm,
    "of positive": _of_positive,
    "other": _other,
    "pooling": _pooling,
    "reshape": _reshape,
    "slice": _slice,
}
OFTEN = ("convolution", "convolution", "pooling", "eltwise", "concat", "affine", "inner product", "reshape", "slice")
WINDOWS = frozenset({"convolution", "deconvolution", "pooling"})
"""Steps for rows and columns, which few people take on other axes."""
