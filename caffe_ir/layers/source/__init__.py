"""Layers that say exactly what a source computes; what a target does not list of them is written by forms."""

from __future__ import annotations

from caffe_ir.layer import Layer
from caffe_ir.layers.forks.shape import Permute, Reorg, ShuffleChannel
from caffe_ir.layers.source.activation import (
    Erf,
    Gelu,
    GeluTanh,
    HardMish,
    HardSigmoid6,
    LHTan,
    NormalizeChannels,
    Plse,
    Ramp,
    Selu,
    Softplus,
)
from caffe_ir.layers.source.arithmetic import Add, Div, Maximum, Minimum, Mul, Shortcut, Sub
from caffe_ir.layers.source.conv_transpose import ConvTranspose
from caffe_ir.layers.source.crop import CropTo
from caffe_ir.layers.source.head import DetectionHead, GaussianYoloHead, RegionHead, UnknownHead, YoloHead
from caffe_ir.layers.source.l2norm import L2Norm
from caffe_ir.layers.source.local import Local
from caffe_ir.layers.source.lrn import DarknetLRN
from caffe_ir.layers.source.matmul import Linear, MatrixProduct
from caffe_ir.layers.source.normalization import LogSoftmax, SourceBatchNorm, Standardize
from caffe_ir.layers.source.pad import Pad
from caffe_ir.layers.source.recurrent import GRU, PlainRNN, ProjectedLSTM, Recurrence
from caffe_ir.layers.source.reduction import Reduce
from caffe_ir.layers.source.reorg import Cells, DepthToSpace, Reorg3d, SpaceToDepth
from caffe_ir.layers.source.resample import Gather, Resample
from caffe_ir.layers.source.resize import NearestUpsample, Resize
from caffe_ir.layers.source.shape import Exchange, Expand
from caffe_ir.layers.source.window import SignedMaximum, WindowPool

SOURCE_LAYERS: tuple[type[Layer], ...] = (
    Add,
    Cells,
    ConvTranspose,
    CropTo,
    DarknetLRN,
    DepthToSpace,
    DetectionHead,
    Div,
    Erf,
    Exchange,
    Expand,
    GRU,
    Gather,
    GaussianYoloHead,
    Gelu,
    GeluTanh,
    HardMish,
    HardSigmoid6,
    L2Norm,
    LHTan,
    Linear,
    Local,
    LogSoftmax,
    MatrixProduct,
    Maximum,
    Minimum,
    Mul,
    NearestUpsample,
    NormalizeChannels,
    Pad,
    Permute,
    PlainRNN,
    Plse,
    ProjectedLSTM,
    Ramp,
    Reduce,
    RegionHead,
    Reorg,
    Reorg3d,
    Resample,
    Resize,
    Selu,
    Shortcut,
    ShuffleChannel,
    SignedMaximum,
    Softplus,
    SourceBatchNorm,
    SpaceToDepth,
    Standardize,
    Sub,
    WindowPool,
    UnknownHead,
    YoloHead,
)

__all__ = [
    "GRU",
    "SOURCE_LAYERS",
    "Add",
    "Cells",
    "ConvTranspose",
    "CropTo",
    "DarknetLRN",
    "DepthToSpace",
    "DetectionHead",
    "Div",
    "Erf",
    "Exchange",
    "Expand",
    "Gather",
    "GaussianYoloHead",
    "Gelu",
    "GeluTanh",
    "HardMish",
    "HardSigmoid6",
    "L2Norm",
    "LHTan",
    "Linear",
    "Local",
    "LogSoftmax",
    "MatrixProduct",
    "Maximum",
    "Minimum",
    "Mul",
    "NearestUpsample",
    "NormalizeChannels",
    "Pad",
    "Permute",
    "PlainRNN",
    "Plse",
    "ProjectedLSTM",
    "Ramp",
    "Recurrence",
    "Reduce",
    "RegionHead",
    "Reorg",
    "Reorg3d",
    "Resample",
    "Resize",
    "Selu",
    "Shortcut",
    "ShuffleChannel",
    "SignedMaximum",
    "Softplus",
    "SourceBatchNorm",
    "SpaceToDepth",
    "Standardize",
    "Sub",
    "UnknownHead",
    "WindowPool",
    "YoloHead",
]
