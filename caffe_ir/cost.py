"""What a layer costs to run, whoever runs it: multiply-adds, and bytes read and written.

Used to choose between exact ways to write the same thing, so what counts are ratios: a convolution of ones against a
copy, three layers over a map against one. Weights count as bytes that are read, and so do the columns that windows of
more than one cell are laid out in.
"""

from __future__ import annotations

from math import prod

from msgspec import Struct

from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    LSTM,
    MVN,
    RNN,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    Exp,
    Flatten,
    InnerProduct,
    Input,
    Log,
    Parameter,
    Pooling,
    Power,
    Reshape,
    Sigmoid,
    Silence,
    Slice,
    Softmax,
    Split,
    Swish,
    TanH,
)

FREE = (Dropout, Input, Parameter, Silence, Split)
"""Layers that do nothing at inference."""
VIEWS = (Flatten, Reshape)
"""Layers that hand their memory on (reshape_layer.cpp): they are called, and move nothing."""
VIEW = 0.5
"""Of a layer, what calling one of them costs."""
PART = 0.1
"""Of a layer, what each blob costs that a Slice writes or a Concat reads: a call of memcpy. OpenCV 4.14 takes 140 ns
for one of 2048 parts, MNN 3.6 less than can be measured."""
TRANSCENDENTAL: dict[type[Layer], int] = {
    BNLL: 100,
    ELU: 20,
    Exp: 20,
    Log: 25,
    Sigmoid: 20,
    Softmax: 25,
    Swish: 22,
    TanH: 25,
}
"""Multiply-adds that a value takes where a function is evaluated; about what libm's take. BNLL is a logarithm behind an
e^x, one value at a time: OpenCV 4.14 takes 3.6 to 5.6 times what Sigmoid takes (`scripts/prices`)."""
POWER = 60
"""The same of pow(x, p), which Caffe calls for every p but 1 (power_layer.cpp; p = 2 too)."""
FLOAT = 4


class Work(Struct, frozen=True, kw_only=True):
    """Multiply-adds, bytes read and written, and layers that do something."""

    multiply_adds: float = 0.0
    bytes: float = 0.0
    layers: float = 0.0


def work(layer: Layer, bottoms: Shapes) -> Work:
    """What a layer does on bottoms of these shapes. Raises ShapeError where it cannot be on them."""
    tops = layer.infer(bottoms)
    if isinstance(layer, FREE):
        return Work()
    if isinstance(layer, VIEWS):
        return Work(layers=VIEW)
    read = tops if isinstance(layer, Crop) else bottoms  # of the blob that gives it its size it reads nothing
    moved = sum(map(prod, (*read, *tops, *layer.blob_shapes(bottoms))))
    moved += _columns(layer, bottoms, tops)
    parts = len(bottoms) + len(tops) if isinstance(layer, Concat | Slice) else 0
    count = _multiply_adds(layer, bottoms, tops)
    return Work(multiply_adds=count, bytes=float(FLOAT * moved), layers=1 + PART * parts)


def cut_and_joined(parts: int) -> Work:
    """What a Slice into so many parts and a Concat of them do at least."""
    return Work(layers=2 + 2 * PART * parts)


def _columns(layer: Layer, bottoms: Shapes, tops: Shapes) -> int:
    """The numbers of the buffer in which each window is a column (base_conv_layer.cpp, conv_im2col_cpu)."""
    if not isinstance(layer, Convolution | Deconvolution) or set(layer.kernel_size) == {1}:
        return 0
    count = sum(map(prod, tops)) // layer.num_output * bottoms[0][layer.axis]
    if isinstance(layer, Deconvolution):
        count = sum(map(prod, bottoms)) // bottoms[0][layer.axis] * layer.num_output
    return count * prod(layer.kernel_size)


def _multiply_adds(layer: Layer, bottoms: Shapes, tops: Shapes) -> float:
    made, read = sum(map(prod, tops)), sum(map(prod, bottoms))
    match layer:
        case Convolution():
            count = made * bottoms[0][layer.axis] // layer.group * prod(layer.kernel_size)
        case Deconvolution():
            count = read * layer.num_output // layer.group * prod(layer.kernel_size)
        case InnerProduct():
            count = made * prod(layer.blob_shapes(bottoms)[0]) // layer.num_output
        case LSTM() | RNN():
            count = prod(bottoms[1]) * sum(map(prod, layer.blob_shapes(bottoms)))
        case Pooling():
            count = made * prod(layer.kernel_size or bottoms[0][2:])
        case Power():
            count = made * (1 if layer.power == 1 or layer.scale == 0 else POWER)
        case LRN():
            count = made * (layer.local_size + POWER)
        case MVN():
            count = 6 * made
        case _:
            count = made * TRANSCENDENTAL.get(type(layer), 1)
    return float(count)
