"""The sizes that windows leave, one pure integer formula for each convention; each names where it is from."""

from __future__ import annotations

from typing import Literal

RoundMode = Literal["CEIL", "FLOOR"]
Pair = tuple[int, int]
Window = tuple[int, int]


def extent(kernel: int, dilation: int) -> int:
    """The cells from the first tap of a dilated kernel to its last (Caffe, base_conv_layer and im2col.cpp)."""
    return dilation * (kernel - 1) + 1


def conv_output(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Convolution (Caffe, conv_layer.cpp, compute_output_shape; Darknet, convolutional_layer.c; torch, conv2d).

    C divides toward zero, so an input that is short of the kernel by less than a stride still yields 1 in Caffe.
    Torch refuses that one. What is not positive is not a size.
    """
    room = size + 2 * pad - extent(kernel, dilation)
    return room // stride + 1 if room >= 0 else 1 - (-room // stride)


def deconv_output(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Deconvolution (Caffe, deconv_layer.cpp, compute_output_shape; torch, conv_transpose2d without output_padding)."""
    return stride * (size - 1) + extent(kernel, dilation) - 2 * pad


def caffe_pool_output(size: Pair, kernel: Pair, stride: Pair, pad: Pair, round_mode: RoundMode = "CEIL") -> Pair:
    """Caffe's Pooling (pooling_layer.cpp:97-118).

    The last window is taken back where it would start in the padding behind the image; but only when a pad is not
    zero, and then on both axes, whichever of them has it. That is why the two axes cannot be distinguished here.
    Caffe divides in float32, which is the same as long as sizes stay below 2^24.
    """
    up = round_mode == "CEIL"
    height, width = (_pool_count(*axis, up=up) for axis in zip(size, kernel, stride, pad, strict=True))
    if any(pad):
        height -= (height - 1) * stride[0] >= size[0] + pad[0]
        width -= (width - 1) * stride[1] >= size[1] + pad[1]
    return height, width


def _pool_count(size: int, kernel: int, stride: int, pad: int, *, up: bool) -> int:
    room = size + 2 * pad - kernel
    return (-(-room // stride) if up else room // stride) + 1


def darknet_pool_output(size: int, kernel: int, stride: int, padding: int) -> int:
    """Darknet's [maxpool] and AlexeyAB's [local_avgpool] (maxpool_layer.c, make_maxpool_layer).

    `padding` is the total on both sides; window i starts at i * stride - padding // 2. C divides toward zero.
    """
    room = size + padding - kernel
    return room // stride + 1 if room >= 0 else 1 - (-room // stride)


def windows(size: int, kernel: int, stride: int, pad: int, count: int) -> tuple[Window, ...]:
    """The cells [first, end) of the image that each of `count` windows covers; end <= first where it covers none."""
    starts = (index * stride - pad for index in range(count))
    return tuple((max(start, 0), min(start + kernel, size)) for start in starts)


def pool_divisors(size: int, kernel: int, stride: int, pad: int, count: int) -> tuple[int, ...]:
    """What one axis contributes to the divisor of Caffe's AVE Pooling (pooling_layer.cpp:178-185).

    The window is cut off at the declared padding, not at the image, so padding counts and what hangs over it does not.
    Negative or zero for a window that lies behind the image, which Caffe does not prevent where no axis has a pad.
    """
    starts = (index * stride - pad for index in range(count))
    return tuple(min(start + kernel, size + pad) - start for start in starts)
