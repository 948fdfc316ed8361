"""[route], [shortcut], [scale_channels], [sam] and [implicit]: more than the previous section's value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.error_kinds.darknet import SECTION_INPUT
from caffe_ir.layers import Concat, Eltwise, Parameter, Scale, Tile
from caffe_ir.layers.source import Gather, Mul, Shortcut
from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def route(section: Section, build: Build) -> Value:
    """The values of other sections one behind the other (route_layer.c). One alone is itself.

    Images of one height and width join their channels; all else makes a flat vector. AlexeyAB: of each value only part
    `group_id` of `groups`.
    """
    build.require(section.has("layers"), "[route] has no layers=", kind=SECTION_INPUT)
    indices = section.ints("layers")
    parts = build.referenced("layers", indices)
    if build.dialect == "alexeyab":
        groups, group = build.size("groups", 1), section.int("group_id", 0)
        what = f"group_id={group} is not one of {groups} groups"
        build.require(0 <= group < groups, what, key="group_id")
        if groups > 1:
            parts = [_group(build, part, groups, group, place, len(parts)) for place, part in enumerate(parts)]
    if len(parts) == 1:
        return parts[0]
    sizes = {part.chw[1:] if part.chw else None for part in parts}
    if len(sizes) > 1 or None in sizes:
        flat = build.add(Concat(axis=1), *(build.vector(part) for part in parts))
        return build.flat(flat, _why_flat(build, indices, parts))
    vectors = all(len(build.net.shapes[part.blob]) == 2 for part in parts)
    blobs = [part.blob if vectors else build.image(part) for part in parts]
    return build.result(build.add(Concat(axis=1), *blobs))


def _why_flat(build: Build, indices: Sequence[int], parts: Sequence[Value]) -> str:
    names = [build.names[index if index >= 0 else build.section.index + index] for index in indices]
    sizes = [f"{part.chw[1]} x {part.chw[2]}" if part.chw else "a vector" for part in parts]
    listed = ", ".join(f"{name} ({size})" for name, size in zip(names, sizes, strict=True))
    return f"[route] in line {build.section.line} joins {listed}, of which Darknet makes a vector"


def _group(build: Build, part: Value, groups: int, group: int, place: int, parts: int) -> Value:
    """A contiguous part of the value, which is a part of its channels (route_layer.c, forward_route_layer)."""
    c, _, _ = build.chw(part)
    why = "Darknet would cut within a channel"
    build.require(c % groups == 0, f"groups={groups} does not divide {c} channels", why=why, key="groups")
    size = c // groups
    part_of = Gather(axis=1, indices=tuple(range(group * size, (group + 1) * size)))
    return build.result(build.add(part_of, build.image(part), suffix=f"part{place}" if parts > 1 else ""))


def shortcut(section: Section, build: Build) -> Value:
    """The previous value plus others, then activation (shortcut_layer.c; blas.c, shortcut_*)."""
    build.require(section.has("from"), "[shortcut] has no from=", kind=SECTION_INPUT)
    indices = section.ints("from")
    if build.dialect == "darknet":
        others = build.referenced("from", indices[:1])
        if indices[1:]:
            build.note("warning", f"the original Darknet reads only the first of from={section.text('from')}", "from")
        alpha, beta = section.float("alpha", 1), section.float("beta", 1)
        return _result(build, _added(build, others[0], alpha, beta))
    others = build.referenced("from", indices)
    weights_type = section.text("weights_type", "none")
    if weights_type != "none":
        return _result(build, _weighted(section, build, others, weights_type))
    source = build.previous
    if build.chw(source)[1:] != build.chw(others[0])[1:] and len(others) == 1:
        text = "AlexeyAB's Darknet refuses maps of different sizes here; they are added as the original does"
        build.note("assumed", text, "from")
        return _result(build, _added(build, others[0], 1.0, 1.0))
    _check_sizes(build, source, others)
    blobs = [build.image(value) for value in (source, *others)]
    return _result(build, build.add(Shortcut(prefix=True), *blobs))


def _result(build: Build, blob: str) -> Value:
    return build.result(build.activated(blob))


def _added(build: Build, other: Value, alpha: float, beta: float) -> str:
    """The original's sum of two maps, of which the sizes may differ by a whole factor."""
    source = build.previous
    (_, h2, w2), (_, h1, w1) = build.chw(source), build.chw(other)
    what = f"from: a map of {h1} x {w1} cannot be added to one of {h2} x {w2}"
    fits = w1 // w2 == h1 // h2 and w2 // w1 == h2 // h1
    build.require(fits, what, why="the factors of height and width differ", key="from", kind=SECTION_INPUT)
    return build.add(Shortcut(alpha=alpha, beta=beta), build.image(source), build.image(other))


def _check_sizes(build: Build, source: Value, others: Sequence[Value]) -> None:
    _, h, w = build.chw(source)
    for other in others:
        _, h1, w1 = build.chw(other)
        what = f"from: a map of {h1} x {w1} cannot be added to one of {h} x {w}"
        build.require((h1, w1) == (h, w), what, why="AlexeyAB's Darknet refuses it", key="from", kind=SECTION_INPUT)


def _weighted(section: Section, build: Build, others: Sequence[Value], weights_type: str) -> str:
    """AlexeyAB's weights_type: each term has a weight in the file, one or one a channel, which are normalised."""
    norm = section.text("weights_normalization", "none")
    what = f"weights_type={weights_type} is not one of per_feature, per_layer, per_channel"
    build.require(weights_type in ("per_feature", "per_layer", "per_channel"), what, key="weights_type")
    what = f"weights_normalization={norm} is not one of relu, avg_relu, softmax"
    build.require(norm in ("relu", "avg_relu", "softmax"), what, why="AlexeyAB's Darknet refuses it with weights")
    source = build.previous
    _check_sizes(build, source, others)
    c, _, _ = build.chw(source)
    terms, columns = 1 + len(others), c if weights_type == "per_channel" else 1
    stored = build.array((terms, columns), "weights")
    weights = _normalised(build, stored, softmax=norm == "softmax")
    blobs = [build.image(value) for value in (source, *others)]
    if columns == 1 and len({build.net.shapes[blob] for blob in blobs}) == 1:
        return build.add(Eltwise(operation="SUM", coeff=tuple(weights[:, 0].tolist())), *blobs)
    scaled = [
        build.add(Scale(), blob, blobs=(_channel_weights(row, build.net.shapes[blob][1]),), suffix=f"term{place}")
        for place, (blob, row) in enumerate(zip(blobs, weights, strict=True))
    ]
    return build.add(Shortcut(prefix=True), *scaled)


def _channel_weights(row: Array, channels: int) -> Blob:
    """A weight for each channel of a term; channels beyond the sum's own are not added, whatever their weight."""
    weights = np.ones(channels)
    weights[: row.size if row.size > 1 else channels] = row[:channels]
    return Blob.of(weights)


def _normalised(build: Build, stored: Blob, *, softmax: bool) -> Array:
    """The weights of the terms as they are applied (blas.c, shortcut_multilayer_cpu): their sum is a little under 1.

    With relu, nets that are run with fused layers (network.c, fuse_conv_batchnorm; and the GPU kernel) take at least
    0.001 of each weight, the CPU's unfused code 0.
    """
    held = build.weights.position <= build.weights.size
    values = stored.load().astype(np.float64) if held else np.ones(stored.shape)
    if softmax:
        powers = np.exp(values - values.max(axis=0))
        return np.asarray(powers / (1e-4 + powers.sum(axis=0)))
    if (values < 0.001).any():
        text = "weights under 0.001 count as 0.001, as in AlexeyAB's detector; his unfused CPU code takes 0 for them"
        build.note("assumed", text)
    positive = np.maximum(values, 0.001)
    return np.asarray(positive / (1e-4 + positive.sum(axis=0)))


def scale_channels(section: Section, build: Build) -> Value:
    """Another section's map times the previous value by channel, or with scale_wh by place (scale_channels_layer.c)."""
    other, source = _other(section, build), build.previous
    (c, h, w), (c1, h1, w1) = build.chw(source), build.chw(other)
    wanted = (1, h1, w1) if section.int("scale_wh", 0) else (c1, 1, 1)
    what = f"{c} x {h} x {w} cannot scale {c1} x {h1} x {w1}: it must be {wanted}"
    build.require((c, h, w) == wanted, what, key="from", kind=SECTION_INPUT)
    return _result(build, build.add(Mul(), build.image(source), build.image(other)))


def sam(section: Section, build: Build) -> Value:
    """The product with another section's map of the same size (sam_layer.c)."""
    other, source = _other(section, build), build.previous
    here, there = build.chw(source), build.chw(other)
    build.require(here == there, f"from: {there} cannot be multiplied with {here}", key="from", kind=SECTION_INPUT)
    return _result(build, build.add(Mul(), build.image(source), build.image(other)))


def _other(section: Section, build: Build) -> Value:
    build.require(section.has("from"), f"{section.written} has no from=", kind=SECTION_INPUT)
    return build.referenced("from", section.ints("from")[:1])[0]


def implicit(section: Section, build: Build) -> Value:
    """A constant from the weights file, of `filters` channels and `atoms` rows (representation_layer.c)."""
    filters, atoms = build.size("filters", 128), build.size("atoms", 1)
    shape = (1, filters, atoms, 1)
    images = build.net.shapes[build.source.blob][0]
    stored = build.array(shape, "weights")
    blob = build.add(Parameter(shape=shape), blobs=(stored,), suffix="" if images == 1 else "once")
    return build.result(blob if images == 1 else build.add(Tile(tiles=images, axis=0), blob))


HANDLERS: Mapping[str, Handler] = {
    "route": route,
    "shortcut": shortcut,
    "scale_channels": scale_channels,
    "sam": sam,
    "implicit": implicit,
}
