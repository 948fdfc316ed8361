"""Layer types: one class each, with its parameters, weights, shapes and meaning. Here are those that files spell."""

from __future__ import annotations

from caffe_ir.layer import Layer
from caffe_ir.layers.bvlc.activation import (
    BNLL,
    ELU,
    AbsVal,
    Clip,
    Dropout,
    Exp,
    Log,
    Power,
    PReLU,
    ReLU,
    Sigmoid,
    Swish,
    TanH,
    Threshold,
)
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer
from caffe_ir.layers.bvlc.combination import Concat, Crop, Eltwise, Slice, Split
from caffe_ir.layers.bvlc.convolution import Convolution, Deconvolution, Im2col
from caffe_ir.layers.bvlc.data import DummyData, Input, Parameter, Silence
from caffe_ir.layers.bvlc.inner_product import Embed, InnerProduct
from caffe_ir.layers.bvlc.normalization import LRN, MVN, BatchNorm, Bias, Scale
from caffe_ir.layers.bvlc.pooling import Pooling
from caffe_ir.layers.bvlc.recurrent import LSTM, RNN
from caffe_ir.layers.bvlc.reduction import ArgMax, Reduction, Softmax
from caffe_ir.layers.bvlc.shape import Flatten, Reshape, Tile, copy_layer
from caffe_ir.layers.forks.activation import Mish, ReLU6

LAYERS: dict[str, type[Layer]] = {
    "AbsVal": AbsVal,
    "ArgMax": ArgMax,
    "BNLL": BNLL,
    "BatchNorm": BatchNorm,
    "Bias": Bias,
    "Clip": Clip,
    "Concat": Concat,
    "Convolution": Convolution,
    "Crop": Crop,
    "Deconvolution": Deconvolution,
    "Dropout": Dropout,
    "DummyData": DummyData,
    "ELU": ELU,
    "Eltwise": Eltwise,
    "Embed": Embed,
    "Exp": Exp,
    "Flatten": Flatten,
    "Im2col": Im2col,
    "InnerProduct": InnerProduct,
    "Input": Input,
    "LRN": LRN,
    "LSTM": LSTM,
    "Log": Log,
    "MVN": MVN,
    "Mish": Mish,
    "PReLU": PReLU,
    "Parameter": Parameter,
    "Pooling": Pooling,
    "Power": Power,
    "RNN": RNN,
    "ReLU": ReLU,
    "ReLU6": ReLU6,
    "Reduction": Reduction,
    "Reshape": Reshape,
    "Scale": Scale,
    "Sigmoid": Sigmoid,
    "Silence": Silence,
    "Slice": Slice,
    "Softmax": Softmax,
    "Split": Split,
    "Swish": Swish,
    "TanH": TanH,
    "Threshold": Threshold,
    "Tile": Tile,
}

BVLC: frozenset[type[Layer]] = frozenset(kind for kind in LAYERS.values() if ".bvlc." in kind.__module__)
"""The types that BVLC Caffe has, its master included."""

__all__ = [
    "BNLL",
    "BVLC",
    "ELU",
    "LAYERS",
    "LRN",
    "LSTM",
    "MVN",
    "RNN",
    "AbsVal",
    "ArgMax",
    "BatchNorm",
    "Bias",
    "CaffeLayer",
    "Clip",
    "Concat",
    "Convolution",
    "Crop",
    "Deconvolution",
    "Dropout",
    "DummyData",
    "Eltwise",
    "Embed",
    "Exp",
    "Flatten",
    "Im2col",
    "InnerProduct",
    "Input",
    "Log",
    "Mish",
    "PReLU",
    "Parameter",
    "Pooling",
    "Power",
    "ReLU",
    "ReLU6",
    "Reduction",
    "Reshape",
    "Scale",
    "Sigmoid",
    "Silence",
    "Slice",
    "Softmax",
    "Split",
    "Swish",
    "TanH",
    "Threshold",
    "Tile",
    "copy_layer",
]
