"""[maxpool], [local_avgpool] and [avgpool] (maxpool_layer.c, avgpool_layer.c)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from caffe_ir.geometry import darknet_pool_output
from caffe_ir.layers import Eltwise, Pooling, Slice
from caffe_ir.layers.source import WindowPool
from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def maxpool(section: Section, build: Build) -> Value:
    """The maximum of windows that begin at i stride - padding // 2; out = (in + padding - k) // stride + 1.

    `padding` is the total of both sides, k - 1 where it is not given. AlexeyAB: see _depth.
    """
    if build.dialect == "alexeyab":
        for key in ("antialiasing", "maxpool_zero_nonmax"):
            why = "AlexeyAB's CPU and GPU code disagree on it"
            build.require(section.int(key, 0) == 0, f"{key} in [maxpool] cannot be converted", why=why, key=key)
        if section.int("maxpool_depth", 0):
            return _depth(build)
    return _pooled(section, build, "MAX")


def local_avgpool(section: Section, build: Build) -> Value:
    """The mean of the cells of such windows that lie in the image. AlexeyAB's only."""
    return _pooled(section, build, "AVE")


def avgpool(section: Section, build: Build) -> Value:
    """The mean of each channel."""
    x = build.image(build.previous)
    return build.result(build.add(Pooling(pool="AVE", kernel_size=(), global_pooling=True), x))


def _pooled(section: Section, build: Build, pool: Literal["MAX", "AVE"]) -> Value:
    source = build.previous
    (_, h, w), x = build.chw(source), build.image(source)
    stride = build.size("stride", 1)
    k = build.size("size", stride)
    padding = build.size("padding", k - 1, least=0)
    vertical = horizontal = stride
    if build.dialect == "alexeyab":
        vertical, horizontal = build.size("stride_y", stride), build.size("stride_x", stride)
    build.require(min(h, w) + padding >= k, f"a window of {k} does not fit into {h} x {w} with a padding of {padding}")
    oh, ow = darknet_pool_output(h, k, vertical, padding), darknet_pool_output(w, k, horizontal, padding)
    before = padding // 2
    last = max((oh - 1) * vertical - h, (ow - 1) * horizontal - w)
    why = "Darknet makes the smallest of all numbers of it"
    what = f"with padding={padding} and size={k} a window lies outside of {h} x {w}"
    build.require(before < k and last - before < 0, what, why=why, key="padding")
    rows, columns = _window(k, before, h, vertical, oh), _window(k, before, w, horizontal, ow)
    layer = WindowPool(
        pool=pool,
        kernel_size=(rows[0], columns[0]),
        stride=(vertical, horizontal),
        output_size=(oh, ow),
        begin=(rows[1], columns[1]),
    )
    return build.result(build.add(layer, x))


def _window(k: int, before: int, size: int, stride: int, count: int) -> tuple[int, int]:
    """Kernel and begin of one axis; where every window holds all of the image, those of the smallest that does."""
    reach = (count - 1) * stride
    whole = reach <= before <= k - size
    return (size + reach, reach) if whole and size + reach < k else (k, before)


def _depth(build: Build) -> Value:
    """AlexeyAB's maxpool_depth: top channel g is the maximum of g, g + out_channels, g + 2 out_channels ..."""
    source = build.previous
    (c, _, _), x = build.chw(source), build.image(source)
    tops = build.size("out_channels", 1)
    build.require(c % tops == 0, f"out_channels={tops} does not divide {c} channels", key="out_channels")
    if c == tops:
        return source
    parts = build.add_many(Slice(slice_point=tuple(range(tops, c, tops))), x, c // tops, "slice")
    return build.result(build.add(Eltwise(operation="MAX"), *parts))


HANDLERS: Mapping[str, Handler] = {"maxpool": maxpool, "local_avgpool": local_avgpool, "avgpool": avgpool}
