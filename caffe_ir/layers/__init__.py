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
from caffe_ir.layers.bvlc.batch import BatchReindex, Filter
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer
from caffe_ir.layers.bvlc.combination import Concat, Crop, Eltwise, Slice, Split
from caffe_ir.layers.bvlc.convolution import Convolution, Deconvolution, Im2col
from caffe_ir.layers.bvlc.data import DummyData, Input, Parameter, Silence
from caffe_ir.layers.bvlc.inner_product import Embed, InnerProduct
from caffe_ir.layers.bvlc.normalization import LRN, MVN, BatchNorm, Bias, Scale
from caffe_ir.layers.bvlc.pooling import PlacedPooling, Pooling
from caffe_ir.layers.bvlc.pyramid import SPP
from caffe_ir.layers.bvlc.recurrent import LSTM, RNN
from caffe_ir.layers.bvlc.reduction import ArgMax, Reduction, Softmax
from caffe_ir.layers.bvlc.shape import Flatten, Reshape, Tile, copy_layer, reshape_to
from caffe_ir.layers.forks.activation import HardSigmoid, HardSwish, Mish, ReLU6, UnscaledDropout
from caffe_ir.layers.forks.combination import Axpy, MatMul
from caffe_ir.layers.forks.convolution import ConvolutionDepthwise, DepthwiseConvolution, HoleConvolution
from caffe_ir.layers.forks.detection import DetectionOutput, PriorBox
from caffe_ir.layers.forks.normalization import BN, MeanLRN, Normalize, RunningBN
from caffe_ir.layers.forks.pooling import CeilModePooling
from caffe_ir.layers.forks.regions import PSROIPooling, ROIPooling
from caffe_ir.layers.forks.resize import HalfPixelInterp, Interp, ReferencedInterp, StrideUpsample, Upsample
from caffe_ir.layers.forks.shape import ChannelReorg, PassThrough, Permute, Reorg, Reverse, ShuffleChannel
from caffe_ir.layers.forks.unpooling import Unpool

LAYERS: dict[str, type[Layer]] = {
    "AbsVal": AbsVal,
    "ArgMax": ArgMax,
    "Axpy": Axpy,
    "BN": BN,
    "BNLL": BNLL,
    "BatchNorm": BatchNorm,
    "BatchReindex": BatchReindex,
    "Bias": Bias,
    "Clip": Clip,
    "Concat": Concat,
    "Convolution": Convolution,
    "ConvolutionDepthwise": ConvolutionDepthwise,
    "Crop": Crop,
    "Deconvolution": Deconvolution,
    "DepthwiseConvolution": DepthwiseConvolution,
    "DetectionOutput": DetectionOutput,
    "Dropout": Dropout,
    "DummyData": DummyData,
    "ELU": ELU,
    "Eltwise": Eltwise,
    "Embed": Embed,
    "Exp": Exp,
    "Filter": Filter,
    "Flatten": Flatten,
    "HardSigmoid": HardSigmoid,
    "HardSwish": HardSwish,
    "Im2col": Im2col,
    "InnerProduct": InnerProduct,
    "Input": Input,
    "Interp": Interp,
    "LRN": LRN,
    "LSTM": LSTM,
    "Log": Log,
    "MVN": MVN,
    "MatMul": MatMul,
    "Mish": Mish,
    "Normalize": Normalize,
    "PReLU": PReLU,
    "PSROIPooling": PSROIPooling,
    "Parameter": Parameter,
    "PassThrough": PassThrough,
    "Permute": Permute,
    "Pooling": Pooling,
    "Power": Power,
    "PriorBox": PriorBox,
    "RNN": RNN,
    "ROIPooling": ROIPooling,
    "ReLU": ReLU,
    "ReLU6": ReLU6,
    "Reduction": Reduction,
    "Reorg": Reorg,
    "Reshape": Reshape,
    "Reverse": Reverse,
    "SPP": SPP,
    "Scale": Scale,
    "ShuffleChannel": ShuffleChannel,
    "Sigmoid": Sigmoid,
    "Silence": Silence,
    "Slice": Slice,
    "Softmax": Softmax,
    "Split": Split,
    "Swish": Swish,
    "TanH": TanH,
    "Threshold": Threshold,
    "Tile": Tile,
    "Upsample": Upsample,
}

SPELLINGS: dict[str, tuple[type[Layer], ...]] = {
    "BN": (RunningBN, BN),
    "Convolution": (Convolution, HoleConvolution),
    "Dropout": (Dropout, UnscaledDropout),
    "Pooling": (Pooling, CeilModePooling),
    "Upsample": (StrideUpsample, Upsample, Unpool),
}
"""The classes of types that files spell in more than one way: the first whose `parsed` accepts."""
DIALECTS: dict[str, tuple[type[Layer], ...]] = {
    "Interp": (HalfPixelInterp,),
    "LRN": (MeanLRN,),
    "Reorg": (ChannelReorg,),
}
"""The classes of types that some targets take for something else than others do: what a text means there is the one
that they list."""
BVLC: frozenset[type[Layer]] = frozenset(kind for kind in LAYERS.values() if ".bvlc." in kind.__module__) | {
    PlacedPooling
}
"""The types that BVLC Caffe has, its master included."""
FORK_PARAMS = frozenset(
    kind.param for kind in LAYERS.values() if kind.param and kind.param not in {one.param for one in BVLC}
)
"""The messages of parameters that only types of forks have."""

__all__ = [
    "BN",
    "BNLL",
    "BVLC",
    "DIALECTS",
    "ELU",
    "FORK_PARAMS",
    "LAYERS",
    "LRN",
    "LSTM",
    "MVN",
    "RNN",
    "SPELLINGS",
    "SPP",
    "AbsVal",
    "ArgMax",
    "Axpy",
    "BatchNorm",
    "BatchReindex",
    "Bias",
    "CaffeLayer",
    "CeilModePooling",
    "ChannelReorg",
    "Clip",
    "Concat",
    "Convolution",
    "ConvolutionDepthwise",
    "Crop",
    "Deconvolution",
    "DepthwiseConvolution",
    "DetectionOutput",
    "Dropout",
    "DummyData",
    "Eltwise",
    "Embed",
    "Exp",
    "Filter",
    "Flatten",
    "HalfPixelInterp",
    "HardSigmoid",
    "HardSwish",
    "HoleConvolution",
    "Im2col",
    "InnerProduct",
    "Input",
    "Interp",
    "Log",
    "MatMul",
    "MeanLRN",
    "Mish",
    "Normalize",
    "PReLU",
    "PSROIPooling",
    "Parameter",
    "PassThrough",
    "Permute",
    "PlacedPooling",
    "Pooling",
    "Power",
    "PriorBox",
    "ROIPooling",
    "ReLU",
    "ReLU6",
    "Reduction",
    "ReferencedInterp",
    "Reorg",
    "Reshape",
    "Reverse",
    "RunningBN",
    "Scale",
    "ShuffleChannel",
    "Sigmoid",
    "Silence",
    "Slice",
    "Softmax",
    "Split",
    "StrideUpsample",
    "Swish",
    "TanH",
    "Threshold",
    "Tile",
    "Unpool",
    "UnscaledDropout",
    "Upsample",
    "copy_layer",
    "reshape_to",
]
