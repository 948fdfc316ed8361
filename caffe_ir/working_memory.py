"""What layers of Caffe keep for themselves, beside their blobs and weights: memory that no reader of a net sees.

It is made when a layer runs first, and stays (facts of BVLC Caffe 1.0; an item is a float or an int of 4 bytes):

- Convolution: the columns of one image, unless its windows are single cells (base_conv_layer.cpp, forward_cpu_gemm).
- Deconvolution: the columns of one image in any case (backward_cpu_gemm asks for them before it looks).
- BatchNorm: the deviations and a copy of its result, each as large as its bottom, and a number for each channel of each
  image (batch_norm_layer.cpp).
- Scale and PReLU in place: a copy of their bottom, for a way back that inference never goes (scale_layer.cpp,
  prelu_layer.cpp). In place they take no less than beside.
- MVN: one blob; LRN: one, or three within channels (mvn_layer.cpp, lrn_layer.cpp).
- Maxima: the place of each one (pooling_layer.cpp with one top, eltwise_layer.cpp).
- Softmax: a row, and one value for each sum (softmax_layer.cpp). Swish, of master: two blobs (swish_layer.cpp).

Rows of ones, as for adding biases, are left out, and so are the nets inside LSTM and RNN.
"""

from __future__ import annotations

from math import prod

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer, Shapes, axis_index
from caffe_ir.layers import (
    LRN,
    MVN,
    BatchNorm,
    Convolution,
    Deconvolution,
    Eltwise,
    Pooling,
    PReLU,
    Scale,
    Softmax,
    Swish,
)


def working_items(layer: Layer, bottoms: Shapes, *, in_place: bool = False) -> int:
    """The items of 4 bytes that a layer on bottoms of these shapes keeps for itself."""
    whole = prod(bottoms[0]) if bottoms else 0
    match layer:
        case Convolution():
            items = 0 if _sees_single_cells(layer) else _columns(layer, bottoms[0], layer.infer(bottoms)[0])
        case Deconvolution():
            items = _columns(layer, layer.infer(bottoms)[0], bottoms[0])
        case BatchNorm():
            items = 2 * whole + prod(bottoms[0][:2])
        case Swish():
            items = 2 * whole
        case Scale() | PReLU():
            items = whole if in_place else 0
        case LRN():
            items = whole if layer.norm_region == "ACROSS_CHANNELS" else 3 * whole
        case MVN() | Eltwise(operation="MAX"):
            items = whole
        case Pooling(pool="MAX"):
            items = prod(layer.infer(bottoms)[0])
        case Softmax():
            size = bottoms[0][axis_index(layer.axis, len(bottoms[0]))]
            items = size + whole // size
        case _:
            items = 0
    return items


def _sees_single_cells(layer: Convolution) -> bool:
    """What Caffe calls 1x1: no columns, since the bottom is them."""
    return set(layer.kernel_size) <= {1} and set(layer.stride) <= {1} and not any(layer.pad)


def _columns(layer: Convolution | Deconvolution, seen: Shape, windows: Shape) -> int:
    """The cells that the windows of one image see, each window's as a column."""
    axis = axis_index(layer.axis, len(seen))
    return seen[axis] * prod(layer.kernel_size) * prod(windows[axis + 1 :])
