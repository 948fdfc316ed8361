"""[upsample], [crop], [reorg], [reorg3d]: other places (upsample_layer.c, crop_layer.c, reorg_layer.c)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Deconvolution, Power
from caffe_ir.layers.source import CropTo, NearestUpsample, Pad, Reorg, Reorg3d, WindowPool
from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def upsample(section: Section, build: Build) -> Value:
    """Each cell becomes stride x stride cells, times scale; with a negative stride each block becomes its sum."""
    source = build.previous
    (_, h, w), x = build.chw(source), build.image(source)
    stride, scale = section.int("stride", 2), section.float("scale", 1)
    build.require(stride != 0, "stride=0", key="stride")
    if stride > 0:
        y = build.add(NearestUpsample(scale=(stride, stride)), x)
    else:
        s = -stride
        build.require(h % s == 0 and w % s == 0, f"stride={stride} does not divide {h} x {w}", key="stride")
        blocks = WindowPool(pool="AVE", kernel_size=(s, s), stride=(s, s), output_size=(h // s, w // s), divisor=1)
        y = build.add(blocks, x)
    return build.result(y if scale == 1 else build.add(Power(scale=scale), y, suffix="scale"))


def crop(section: Section, build: Build) -> Value:
    """At inference the middle of the image, then 2 x - 1 but for noadjust (crop_layer.c, forward_crop_layer)."""
    source = build.previous
    (_, h, w), x = build.chw(source), build.image(source)
    height, width = build.size("crop_height", 1), build.size("crop_width", 1)
    build.require(height <= h and width <= w, f"a part of {height} x {width} does not fit into {h} x {w}")
    y = build.add(CropTo(top=(h - height) // 2, left=(w - width) // 2, height=height, width=width), x)
    if not section.int("noadjust", 0):
        y = build.add(Power(scale=2.0, shift=-1.0), y, suffix="adjust")
    return build.result(y)


def reorg(section: Section, build: Build) -> Value:
    """Blocks of a re-viewed image to channels; the original's `extra` and `flatten` do something else altogether."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    stride, reverse = build.size("stride", 1), section.int("reverse", 0) != 0
    if build.dialect == "darknet":
        flatten, extra = section.int("flatten", 0), section.int("extra", 0)
        build.require(not (flatten and extra), "flatten and extra exclude each other", key="flatten")
        if flatten:
            build.require(stride == 1, f"flatten=1 with stride={stride}", why="Darknet's sizes disagree", key="flatten")
            return build.result(_flattened(build, x, reverse))
        if extra:
            zeros = Pad(before=(0, 0), after=(0, build.size("extra", 0)))
            return build.flat(build.add(zeros, build.vector(source)))
    what = f"stride={stride} does not divide {c} x {h} x {w}"
    build.require(c % stride**2 == 0 and (reverse or (h % stride == 0 and w % stride == 0)), what, key="stride")
    return build.result(build.add(Reorg(stride=stride, reverse=reverse), x))


def reorg3d(section: Section, build: Build) -> Value:
    """AlexeyAB's true space to depth; its reverse is something else."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    stride, reverse = build.size("stride", 1), section.int("reverse", 0) != 0
    fits = c % stride**4 == 0 if reverse else h % stride == 0 and w % stride == 0
    build.require(fits, f"stride={stride} does not divide {c} x {h} x {w}", key="stride")
    return build.result(build.add(Reorg3d(stride=stride, reverse=reverse), x))


def _flattened(build: Build, x: str, reverse: bool) -> str:
    """The values in the order (h w, c) under the shape (c, h, w); reverse: from that order (blas.c, flatten).

    A transposition is a deconvolution of C channels to one with W[c, 0, 0, c] = 1 and stride C, and back.
    """
    _, c, h, w = build.net.shapes[x]
    kernel = Blob.computed((c, 1, 1, c), lambda: np.eye(c, dtype=np.float32).reshape(c, 1, 1, c))
    if reverse:
        turn = Convolution(num_output=c, kernel_size=(1, c), stride=(1, c), bias_term=False)
        y = build.add(turn, build.viewed(x, (1, h * w, c)), blobs=(kernel,), suffix="turn")
    else:
        back = Deconvolution(num_output=1, kernel_size=(1, c), stride=(1, c), bias_term=False)
        y = build.add(back, build.viewed(x, (c, h * w, 1)), blobs=(kernel,), suffix="turn")
    return build.viewed(y, (c, h, w))


HANDLERS: Mapping[str, Handler] = {"upsample": upsample, "crop": crop, "reorg": reorg, "reorg3d": reorg3d}
