"""[convolutional] and [deconvolutional] (convolutional_layer.c, deconvolutional_layer.c; parser.c)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layers import Convolution, Deconvolution, Power, Threshold
from converters.darknet.build import Build, Filters, Handler, Value
from converters.darknet.section import Section

# AlexeyAB: convolutional_layer.c, make_convolutional_layer, `antialiasing`: kernel rows (their outer product) and pad.
_BLURS: Mapping[int, tuple[tuple[float, ...], int]] = {1: ((0.25, 0.5, 0.25), 1), 2: ((0.5, 0.5), 0)}


def convolutional(section: Section, build: Build) -> Value:
    """conv, then batch normalisation, bias, activation; out = (in + 2 pad - k) // stride + 1 on each axis."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    n, k, groups = build.size("filters", 1), build.size("size", 1), build.size("groups", 1)
    what = f"groups={groups} must divide {c} channels and {n} filters"
    build.require(c % groups == 0 and n % groups == 0, what, key="groups")
    blur = _blur(section, build)
    stride = _stride(section, build)
    dilation = build.size("dilation", 1) if build.dialect == "alexeyab" and k > 1 else 1
    pad = _padding(section, build, k)
    _check_sizes(build, (h, w), k, (1, 1) if blur else stride, pad, dilation)
    _tell_one_by_one(build, k, stride, pad)
    xnor, binary = section.int("xnor", 0) != 0, section.int("binary", 0) != 0
    if xnor or binary:
        _check_binary(build, xnor)
    filters = _filters(section, build, (n, c // groups, k, k), groups)
    build.filters[section.index] = filters
    weights = filters.weights
    if xnor or (binary and build.batch_norm_form.form == "inside"):
        weights = _binarised(weights)
    if xnor:
        x = build.add(Threshold(threshold=0.0), x, suffix="positive")
        x = build.add(Power(scale=2.0, shift=-1.0), x, suffix="sign")
    layer = Convolution(
        num_output=n,
        kernel_size=(k, k),
        stride=(1, 1) if blur else stride,
        pad=(pad * dilation,) * 2,
        dilation=(dilation, dilation),
        group=groups,
        bias_term=filters.norm is None,
    )
    if filters.norm is None:
        y = build.add(layer, x, blobs=(weights, filters.biases))
    else:
        scales, mean, variance = filters.norm
        y = build.add(layer, x, blobs=(weights,))
        y = build.batch_norm(y, scales, filters.biases, mean, variance)
    y = build.activated(y)
    return build.result(_blurred(build, y, blur, stride) if blur else y)


def deconvolutional(section: Section, build: Build) -> Value:
    """The transposed convolution; out = (in - 1) stride + k - 2 pad. The original's only (deconvolutional_layer.c)."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    n, k, stride = build.size("filters", 1), build.size("size", 1), build.size("stride", 1)
    pad = _padding(section, build, k)
    build.require(min(h, w) * stride - stride + k > 2 * pad, f"nothing is left of {h} x {w} without the padding {pad}")
    build.note("assumed", "Darknet itself cannot load these weights; they are taken in the order of a convolution's")
    biases = build.array((n,), "biases")
    norm = _norm(build, n) if section.int("batch_normalize", 0) else None
    weights = build.array((c, n, k, k), "weights")
    layer = Deconvolution(
        num_output=n, kernel_size=(k, k), stride=(stride, stride), pad=(pad, pad), bias_term=norm is None
    )
    if norm is None:
        y = build.add(layer, x, blobs=(weights, biases))
    else:
        y = build.batch_norm(build.add(layer, x, blobs=(weights,)), norm[0], biases, *norm[1:])
    return build.result(build.activated(y))


def _stride(section: Section, build: Build) -> tuple[int, int]:
    """Vertical and horizontal; AlexeyAB's stride_y and stride_x win where they are at least 1."""
    stride = build.size("stride", 1)
    if build.dialect == "darknet":
        return stride, stride
    vertical, horizontal = section.int("stride_y", -1), section.int("stride_x", -1)
    return (vertical if vertical >= 1 else stride), (horizontal if horizontal >= 1 else stride)


def _padding(section: Section, build: Build, k: int) -> int:
    """On every side: half the size where pad is set, whatever `padding` says."""
    padding = build.size("padding", 0, least=0)
    return k // 2 if section.int("pad", 0) else padding


def _check_sizes(build: Build, size: Shape, k: int, stride: Shape, pad: int, dilation: int) -> None:
    for extent, step in zip(size, stride, strict=True):
        what = f"a kernel of {k} does not fit into {extent} cells with a padding of {pad}"
        build.require(extent + 2 * pad >= k, what)
        declared = (extent + 2 * pad - k) // step + 1
        computed = (extent + 2 * pad * dilation - dilation * (k - 1) - 1) // step + 1
        why = f"it declares {declared} cells and computes {computed} of {extent}"
        what = f"with dilation={dilation} and a padding of {pad} Darknet's own sizes disagree"
        build.require(declared == computed, what, why=why)


def _tell_one_by_one(build: Build, k: int, stride: tuple[int, int], pad: int) -> None:
    """CPU code of both takes a 1x1 convolution for a product of matrices (convolutional_layer.c, forward_*)."""
    looked_at = max(stride) if build.dialect == "darknet" else stride[1]
    unseen = build.dialect == "alexeyab" and stride[1] == 1 and stride[0] > 1
    if k == 1 and (pad > 0 or unseen or (build.dialect == "darknet" and looked_at > 1)):
        build.note(
            "assumed", "a 1x1 kernel with stride or padding, as Darknet's GPU code has it; its CPU code is wrong"
        )


def _check_binary(build: Build, xnor: bool) -> None:
    name = "xnor" if xnor else "binary"
    if build.dialect == "alexeyab":
        what = f"{name}=1: convolutions of single bits cannot be written in Caffe"
        raise build.refusal(what, why="what AlexeyAB's bit code computes at the borders is not zero padding")
    if not xnor:
        device = "GPU" if build.batch_norm_form.form == "inside" else "CPU"
        meaning = "binarised weights" if device == "GPU" else "the weights as they are"
        build.note("assumed", f"binary=1 means {meaning}, as Darknet's {device} code has it", "binary")


def _binarised(weights: Blob) -> Blob:
    """sign(w) mean |w| of each filter (convolutional_layer.c, binarize_weights)."""

    def compute() -> Array:
        values = weights.load().astype(np.float64)
        means = np.abs(values).mean(axis=(1, 2, 3), keepdims=True)
        return np.asarray(np.where(values > 0, means, -means))

    return Blob.computed(weights.shape, compute)


def _filters(section: Section, build: Build, shape: Shape, groups: int) -> Filters:
    """In the file: biases, scales, means, variances, weights (parser.c, load_convolutional_weights)."""
    normalised = section.int("batch_normalize", 0) != 0
    if build.dialect == "alexeyab":
        normalised = section.int("cbn", 0) != 0 or normalised
        if section.has("share_index"):
            return _shared(section, build, shape, normalised)
    n, per_filter = shape[0], shape[1] * shape[2] * shape[3]
    biases = build.array((n,), "biases")
    norm = _norm(build, n) if normalised else None
    if not section.int("flipped", 0):
        return Filters(weights=build.array(shape, "weights"), biases=biases, norm=norm)
    why = "Darknet then turns about more than the layer has"
    build.require(groups == 1 or build.dialect == "alexeyab", "flipped=1 with groups", why=why, key="flipped")
    stored = build.array((per_filter, n), "weights")
    turned = Blob.computed(shape, lambda: stored.load().T.reshape(shape))
    return Filters(weights=turned, biases=biases, norm=norm)


def _norm(build: Build, n: int) -> tuple[Blob, Blob, Blob]:
    return build.array((n,), "scales"), build.array((n,), "means"), build.array((n,), "variances")


def _shared(section: Section, build: Build, shape: Shape, normalised: bool) -> Filters:
    """AlexeyAB's share_index: the arrays of another convolution, none in the file."""
    index = section.int("share_index", 0)
    place = index if index >= 0 else section.index + index
    build.referenced("share_index", (index,))
    filters = build.filters.get(place)
    if filters is None:
        raise build.refusal(f"share_index={index}: section {place} is not a [convolutional]", key="share_index")
    what = f"share_index={index}: section {place} has weights {filters.weights.shape}, here belong {shape}"
    build.require(filters.weights.shape == shape, what, key="share_index")
    what = f"share_index={index}: only one of the two sections is normalised"
    build.require((filters.norm is not None) == normalised, what, key="share_index")
    return filters


def _blur(section: Section, build: Build) -> tuple[tuple[float, ...], int] | None:
    kind = section.int("antialiasing", 0) if build.dialect == "alexeyab" else 0
    return _BLURS[2 if kind == 2 else 1] if kind else None


def _blurred(build: Build, blob: str, blur: tuple[tuple[float, ...], int], stride: tuple[int, int]) -> str:
    """AlexeyAB's antialiasing: a fixed blur that takes the stride. Only the next section sees its size."""
    row, pad = blur
    _, n, h, w = build.net.shapes[blob]
    k = len(row)
    build.require(min(h, w) + 2 * pad >= k, f"a blur of {k} does not fit into {h} x {w}", key="antialiasing")
    kernel = np.broadcast_to(np.outer(row, row), (n, 1, k, k))
    layer = Convolution(num_output=n, kernel_size=(k, k), stride=stride, pad=(pad, pad), group=n, bias_term=False)
    blurred = build.add(layer, blob, blobs=(Blob.of(kernel),), suffix="blur")
    if build.net.shapes[blurred] != build.net.shapes[blob]:
        reason = "that section has antialiasing, and Darknet confuses its sizes before and after the blur"
        build.unreadable[build.section.index] = reason
    return blurred


HANDLERS: Mapping[str, Handler] = {"convolutional": convolutional, "deconvolutional": deconvolutional}
