"""What a layer costs to run, whoever runs it: multiply-adds, single steps, bytes read and written, and pieces.

Used to choose between exact ways to write the same thing, so what counts are ratios: a convolution of ones against a
copy, three layers over a map against one. Weights count as bytes that are read, and so do the columns that windows of
more than one cell are laid out in. Single steps are computed one after the other where multiply-adds of matrices go
several at a time. Pieces are put in their places one by one: each number of a Deconvolution is added up from columns
(col2im), each run of a Concat or Slice that is not along the first axes is a copy by itself, each group of each
image of a Convolution is a product of matrices by itself, and an LRN within channels takes them one by one.

The numbers of pieces and steps below are ratios of times in OpenCV 4.14, rounded (`scripts/prices opencv --all`).
"""

from __future__ import annotations

from functools import lru_cache
from math import log2, prod

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer, Shapes, axis_index
from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    LSTM,
    MVN,
    RNN,
    BatchNorm,
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
    MatMul,
    Parameter,
    Permute,
    PlacedPooling,
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
from caffe_ir.layers.source import Recurrence, Standardize

FREE = (Dropout, Input, Parameter, Silence, Split)
"""Layers that do nothing at inference."""
VIEWS = (Flatten, Reshape)
"""Layers that hand their memory on (reshape_layer.cpp): they are called, and move nothing."""
PRODUCTS = (Convolution, Deconvolution, InnerProduct, LSTM, MatMul, RNN)
"""Layers that are products of matrices, all that other programs count."""
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
    Softmax: 50,
    Swish: 22,
    TanH: 25,
}
"""Steps that a value takes where a function is evaluated; about what libm's take. BNLL is a logarithm behind an e^x."""
STEP = 4
"""The layers of a step of an LSTM or RNN, which is a net of its own (lstm_layer.cpp)."""
POWER = 60
"""The same of pow(x, p), which Caffe calls for every p but 1 (power_layer.cpp; p = 2 too)."""
NORM = 14
"""Of a Standardize, the layers, and how often a value of it is read or written, where no layer computes all of it: what
a net costs is the measure of what a form may cost more, so it must not be too little."""
DEPTHWISE = (3, 3)
"""The kernel for which OpenCV, MNN and ncnn have code of its own, as fast as a product of matrices."""
WITHIN = 20
"""The same of a power of an LRN within channels, for which OpenCV has instructions; it has none for one across them."""
RUN, PRODUCT, PLANE = 3, 40, 240
"""Numbers that a Deconvolution adds up in the time that calling one copy, or one product of matrices, takes, or an LRN
within the cells of one channel."""
SCATTERED = 4
"""How often the numbers of a Permute count, which lie apart: 3.5 to 5 in OpenCV and MNN, 2 to 3 in ncnn."""
FLOAT = 4
CACHE = 1 << 22
"""Bytes of a blob from which on each costs more (docs/explanation/prices.md)."""


class Work(Struct, frozen=True, kw_only=True):
    """Multiply-adds, single steps, bytes read and written, layers that do something, and pieces."""

    multiply_adds: float = 0.0
    steps: float = 0.0
    bytes: float = 0.0
    layers: float = 0.0
    pieces: float = 0.0
    far: float = 0.0
    """Bytes of blobs that no cache holds, each as often as these are twice as large as CACHE."""

    @property
    def computed(self) -> float:
        """Multiply-adds, whether they go several at a time or not."""
        return self.multiply_adds + self.steps


@lru_cache(maxsize=4096)
def work(layer: Layer, bottoms: Shapes) -> Work:
    """What a layer does on bottoms of these shapes. Raises ShapeError where it cannot be on them."""
    tops = layer.infer(bottoms)
    if isinstance(layer, FREE):
        return Work()
    if isinstance(layer, VIEWS):
        return Work(layers=VIEW)
    if isinstance(layer, Standardize):
        made = prod(tops[0])
        return Work(multiply_adds=6.0 * made, steps=float(POWER * made), bytes=float(FLOAT * NORM * made), layers=NORM)
    read = tops if isinstance(layer, Crop) else bottoms  # of the blob that gives it its size it reads nothing
    moved = sum(map(prod, (*read, *tops, *layer.blob_shapes(bottoms))))
    moved = moved * SCATTERED if isinstance(layer, Permute) else moved
    moved += _columns(layer, bottoms, tops) + _read_again(layer, bottoms)
    parts = len(bottoms) + len(tops) if isinstance(layer, Concat | Slice) else 0
    count = _multiply_adds(layer, bottoms, tops)
    together = _are_together(layer, bottoms)
    return Work(
        multiply_adds=count if together else 0.0,
        steps=0.0 if together else count,
        bytes=float(FLOAT * moved),
        layers=1 + PART * parts + _steps(layer, bottoms) * STEP,
        pieces=float(_pieces(layer, bottoms, tops)),
        far=sum(map(_far, (*read, *tops))),
    )


def _far(shape: Shape) -> float:
    size = FLOAT * prod(shape)
    return size * log2(size / CACHE) if size > CACHE else 0.0


def _pieces(layer: Layer, bottoms: Shapes, tops: Shapes) -> int:
    """What is called, or put in its place, one by one (base_conv_layer.cpp, im2col.cpp, concat_layer.cpp)."""
    match layer:
        case Convolution():
            return PRODUCT * prod(bottoms[0][: layer.axis]) * layer.group
        case Deconvolution():
            return sum(map(prod, tops))
        case Concat() | Slice():
            parts = bottoms if isinstance(layer, Concat) else tops
            return RUN * len(parts) * prod(parts[0][: axis_index(layer.axis, len(parts[0]))])
        case LRN(norm_region="WITHIN_CHANNEL"):
            return PLANE * prod(bottoms[0][:2])
    return 0


def joined(parts: int, numbers: int) -> Work:
    """What a Concat of so many parts does that have so many numbers together; a Slice into them does as much."""
    return Work(bytes=2.0 * FLOAT * numbers, layers=1 + PART * parts)


def cut_and_joined(parts: int, numbers: int) -> Work:
    """What a Slice of so many numbers into so many parts and a Concat of them do at least."""
    one = joined(parts, numbers)
    return Work(bytes=2 * one.bytes, layers=2 * one.layers)


def _columns(layer: Layer, bottoms: Shapes, tops: Shapes) -> int:
    """The numbers of the buffer in which each window is a column (base_conv_layer.cpp, conv_im2col_cpu)."""
    if not isinstance(layer, Convolution | Deconvolution) or set(layer.kernel_size) == {1}:
        return 0
    count = sum(map(prod, tops)) // layer.num_output * bottoms[0][layer.axis]
    if isinstance(layer, Deconvolution):
        count = sum(map(prod, bottoms)) // bottoms[0][layer.axis] * layer.num_output
    return count * prod(layer.kernel_size)


def _read_again(layer: Layer, bottoms: Shapes) -> int:
    """The weights of a recurrent layer that each step but the first reads again (recurrent_layer.cpp unrolls it)."""
    recurrent = [shape for shape in layer.blob_shapes(bottoms)[1:] if len(shape) > 1]
    return (_steps(layer, bottoms) - 1) * sum(map(prod, recurrent)) if _steps(layer, bottoms) else 0


def _steps(layer: Layer, bottoms: Shapes) -> int:
    """Those of a recurrent layer, each of which is layers of its own."""
    if isinstance(layer, Recurrence):
        return layer.steps(bottoms[0])
    return bottoms[0][0] if isinstance(layer, LSTM | RNN) else 0


def _are_together(layer: Layer, bottoms: Shapes) -> bool:
    """Whether its multiply-adds are those of matrices; a filter of one channel has none to speak of."""
    if isinstance(layer, Convolution):
        return bottoms[0][layer.axis] > layer.group or layer.kernel_size == DEPTHWISE
    match layer:
        case Pooling() | PlacedPooling() | LRN() | MVN() | BatchNorm(use_global_stats=False):
            return False
        case Power():
            return layer.power == 1
    return type(layer) not in TRANSCENDENTAL


def _multiply_adds(layer: Layer, bottoms: Shapes, tops: Shapes) -> float:
    made, read = sum(map(prod, tops)), sum(map(prod, bottoms))
    match layer:
        case Convolution():
            count = made * bottoms[0][layer.axis] // layer.group * prod(layer.kernel_size)
        case Deconvolution():
            count = read * layer.num_output // layer.group * prod(layer.kernel_size)
        case InnerProduct():
            count = made * prod(layer.blob_shapes(bottoms)[0]) // layer.num_output
        case MatMul():
            count = made * bottoms[0][-1]
        case LSTM() | RNN():
            count = prod(bottoms[1]) * sum(map(prod, layer.blob_shapes(bottoms)))
        case Recurrence():
            rows = layer.steps(bottoms[0]) * layer.batch(bottoms[0])
            count = rows * sum(map(prod, layer.blob_shapes(bottoms)))
        case Pooling() | PlacedPooling():
            count = prod(tops[0]) * prod(layer.kernel_size or bottoms[0][2:])
        case Power():
            count = made * (1 if layer.power == 1 or layer.scale == 0 else POWER)
        case LRN():
            count = made * (layer.local_size + (POWER if layer.norm_region == "ACROSS_CHANNELS" else WITHIN))
        case MVN() | BatchNorm(use_global_stats=False):
            count = 6 * made
        case _:
            count = made * TRANSCENDENTAL.get(type(layer), 1)
    return float(count)
