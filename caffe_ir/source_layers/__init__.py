"""Layers that say exactly what a source computes and that no Caffe holds: the passes must leave none of them."""

from __future__ import annotations

from caffe_ir.layer import SourceLayer
from caffe_ir.source_layers.activation import (
    Erf,
    Gelu,
    GeluTanh,
    HardMish,
    HardSigmoid,
    HardSwish,
    LHTan,
    NormalizeChannels,
    Plse,
    Ramp,
    Selu,
    Softplus,
)
from caffe_ir.source_layers.arithmetic import Add, Div, Maximum, Minimum, Mul, Shortcut, Sub
from caffe_ir.source_layers.conv_transpose import ConvTranspose
from caffe_ir.source_layers.crop import CropTo
from caffe_ir.source_layers.head import DetectionHead, GaussianYoloHead, RegionHead, UnknownHead, YoloHead
from caffe_ir.source_layers.l2norm import L2Norm
from caffe_ir.source_layers.local import Local
from caffe_ir.source_layers.lrn import DarknetLRN
from caffe_ir.source_layers.matmul import Linear, MatMul
from caffe_ir.source_layers.normalization import LogSoftmax, SourceBatchNorm, Standardize
from caffe_ir.source_layers.pad import AppendZeros, Pad
from caffe_ir.source_layers.recurrent import GRU, PlainRNN, ProjectedLSTM, Recurrence
from caffe_ir.source_layers.reduction import Reduce
from caffe_ir.source_layers.reorg import Cells, Reorg, Reorg3d
from caffe_ir.source_layers.resample import Gather, Resample
from caffe_ir.source_layers.resize import NearestUpsample
from caffe_ir.source_layers.shape import Exchange, Expand, Permute
from caffe_ir.source_layers.window import WindowPool

SOURCE_LAYERS: tuple[type[SourceLayer], ...] = (
    Add,
    AppendZeros,
    Cells,
    ConvTranspose,
    CropTo,
    DarknetLRN,
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
    HardSigmoid,
    HardSwish,
    L2Norm,
    LHTan,
    Linear,
    Local,
    LogSoftmax,
    MatMul,
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
    Selu,
    Shortcut,
    Softplus,
    SourceBatchNorm,
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
    "AppendZeros",
    "Cells",
    "ConvTranspose",
    "CropTo",
    "DarknetLRN",
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
    "HardSigmoid",
    "HardSwish",
    "L2Norm",
    "LHTan",
    "Linear",
    "Local",
    "LogSoftmax",
    "MatMul",
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
    "Selu",
    "Shortcut",
    "Softplus",
    "SourceBatchNorm",
    "Standardize",
    "Sub",
    "UnknownHead",
    "WindowPool",
    "YoloHead",
]
