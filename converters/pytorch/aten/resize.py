"""Resizes: copies of cells where each becomes several, choices of cells, and interpolation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
import torch
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.layers.source import Gather, NearestUpsample, Resize
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

Kind = Literal["nearest", "nearest-exact", "linear", "cubic", "linear-aa", "cubic-aa"]
ATEN = torch.ops.aten
ROUNDING = 1e-15
"""Of the sum of four cubic coefficients, which is 1."""


def resize(call: Call, build: Build, kind: Kind) -> Value:
    """upsample_*: to the size that torch computed, by its own factors where the call names some."""
    x = call.value("input" if "input" in call.arguments else "self")
    call.ignore("output_size")
    axes = tuple(range(2, len(x.shape)))
    corners = "align_corners" in call.arguments and call.flag("align_corners")
    scales = _scales(call, len(axes))
    nearest = kind in ("nearest", "nearest-exact")
    whole = Resize(
        mode="cubic" if kind.startswith("cubic") else "linear",
        axes=axes,
        output_size=call.shape[2:],
        align_corners=corners,
        antialias=kind.endswith("-aa"),
        scale=tuple(scale or 0.0 for scale in scales),
    )
    matrices = [
        nearest_places(kind, x.shape[axis], call.shape[axis], scale=scale, dtype=x.dtype)
        if nearest
        else whole.matrix(axis, x.shape[axis])
        for axis, scale in zip(axes, scales, strict=True)
    ]
    factors = [_factor(one) for one in matrices]
    if all(factor == 1 for factor in factors):
        return x
    if all(factors) and len(axes) <= 2:
        return _blocks(call, build, x, tuple(factors))
    if nearest:
        return _gathered(build, x, axes, matrices)
    changed = [place for place, factor in enumerate(factors) if factor != 1]
    return build.add(_along(whole, changed), x)


def _along(whole: Resize, places: list[int]) -> Resize:
    """The resize of some of its axes; factors that are the ratio of the sizes say nothing more."""
    scale = tuple(whole.scale[place] for place in places) if any(whole.scale) and not whole.align_corners else ()
    axes, sizes = (tuple(of[place] for place in places) for of in (whole.axes, whole.output_size))
    return replace(whole, axes=axes, output_size=sizes, scale=scale)


def nearest_places(kind: Kind, size: int, wanted: int, *, scale: float | None, dtype: torch.dtype) -> Array:
    """The matrix (wanted, size) of ones and zeros of a nearest resize: its columns are the resized unit vectors.

    Its places are torch's for the type of the tensor, since it finds them by rounding a product in that type
    (UpSample.h, nearest_idx).
    """
    units = torch.eye(size, dtype=dtype if dtype in (torch.float32, torch.float64) else torch.float64)
    find = ATEN.upsample_nearest1d if kind == "nearest" else ATEN._upsample_nearest_exact1d
    lines: torch.Tensor = find.default(units[None], [wanted], scale)
    return lines[0].T.contiguous().numpy()


def _scales(call: Call, count: int) -> tuple[float | None, ...]:
    if "scale_factors" in call.arguments:
        found = call.argument("scale_factors")
        return tuple(float(scale) for scale in found) if isinstance(found, list | tuple) else (None,) * count
    names = ("scales",) if "scales" in call.arguments else ("scales_d", "scales_h", "scales_w")[-count:]
    return tuple(call.optional_number(name) for name in names)


def _factor(one: Array) -> int:
    """k where each place simply becomes k equal ones, 0 where it does not."""
    wanted, size = one.shape
    factor, rest = divmod(wanted, size)
    return factor if rest == 0 and np.allclose(one, np.eye(size).repeat(factor, 0), rtol=0, atol=ROUNDING) else 0


def _blocks(call: Call, build: Build, x: Value, factors: tuple[int, ...]) -> Value:
    if len(factors) == 1:
        flat = build.reshape(x, (x.shape[0], x.shape[1], 1, x.shape[2]), suffix="in")
        return build.reshape(build.add(NearestUpsample(scale=(1, factors[0])), flat, suffix="2d"), call.shape)
    return build.add(NearestUpsample(scale=(factors[0], factors[1])), x)


def _gathered(build: Build, x: Value, axes: tuple[int, ...], matrices: list[Array]) -> Value:
    moved = [
        (axis, tuple(int(place) for place in one.argmax(1)))
        for axis, one in zip(axes, matrices, strict=True)
        if _factor(one) != 1
    ]
    for axis, places in moved[:-1]:
        x = build.add(Gather(axis=axis, indices=places), x, suffix=f"axis{axis}")
    axis, places = moved[-1]
    return build.add(Gather(axis=axis, indices=places), x)


def _handler(kind: Kind) -> Handler:
    handler: Callable[[Call, Build], Value] = partial(resize, kind=kind)
    return handler


HANDLERS: Mapping[str, Handler] = {
    "aten.upsample_nearest1d.vec": _handler("nearest"),
    "aten.upsample_nearest1d.default": _handler("nearest"),
    "aten.upsample_nearest2d.vec": _handler("nearest"),
    "aten.upsample_nearest2d.default": _handler("nearest"),
    "aten.upsample_nearest3d.vec": _handler("nearest"),
    "aten.upsample_nearest3d.default": _handler("nearest"),
    "aten._upsample_nearest_exact1d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact1d.default": _handler("nearest-exact"),
    "aten._upsample_nearest_exact2d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact2d.default": _handler("nearest-exact"),
    "aten._upsample_nearest_exact3d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact3d.default": _handler("nearest-exact"),
    "aten.upsample_linear1d.vec": _handler("linear"),
    "aten.upsample_linear1d.default": _handler("linear"),
    "aten.upsample_bilinear2d.vec": _handler("linear"),
    "aten.upsample_bilinear2d.default": _handler("linear"),
    "aten.upsample_trilinear3d.vec": _handler("linear"),
    "aten.upsample_trilinear3d.default": _handler("linear"),
    "aten.upsample_bicubic2d.vec": _handler("cubic"),
    "aten.upsample_bicubic2d.default": _handler("cubic"),
    "aten._upsample_bilinear2d_aa.vec": _handler("linear-aa"),
    "aten._upsample_bilinear2d_aa.default": _handler("linear-aa"),
    "aten._upsample_bicubic2d_aa.vec": _handler("cubic-aa"),
    "aten._upsample_bicubic2d_aa.default": _handler("cubic-aa"),
}
