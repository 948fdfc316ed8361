"""RKNN-Toolkit 1.x (RK1808, RK3399Pro, RV1109, RV1126) and VeriSilicon's Acuity, which it is made of."""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import (
    BN,
    LRN,
    LSTM,
    AbsVal,
    Axpy,
    BatchNorm,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Deconvolution,
    Dropout,
    Eltwise,
    Flatten,
    InnerProduct,
    Input,
    Normalize,
    Permute,
    Pooling,
    PReLU,
    ReLU,
    Reorg,
    Reshape,
    Reverse,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Slice,
    Softmax,
    Split,
    TanH,
    Upsample,
)
from caffe_ir.targets import cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target

RKNN1 = Target(
    name="rknn1",
    title="RKNN-Toolkit 1",
    evidence="document",
    source="rockchip-linux/rknn-toolkit, doc/RKNN_OP_Support_V1.7.5.md",
    layers={
        AbsVal: (),
        BatchNorm: (cases.STORED_STATISTICS,),
        Concat: (),
        Convolution: (),
        Deconvolution: (),
        Dropout: (),
        Eltwise: (),
        Flatten: (),
        InnerProduct: (),
        Input: (),
        LRN: (cases.ALPHA_IN_HALVES,),
        LSTM: (),
        PReLU: (),
        Pooling: CAFFE.layers[Pooling],
        ReLU: (),
        Reshape: (),
        Reverse: (
            Never(
                text="more than one axis, or one that is counted from the last",
                where=cases.turns_several_axes,
                source="the list of its operators, which has no more than the name",
            ),
        ),
        Scale: (),
        Sigmoid: (),
        Slice: (),
        Softmax: (),
        Split: (),
        TanH: (),
        Axpy: (),
        BN: (),
        ROIPooling: (),
        ConvolutionDepthwise: (),
        Normalize: (),
        Permute: (),
        Reorg: (),
        ShuffleChannel: (),
        Upsample: (),
    },
    old_forms=frozenset({"input_dim", "input_shape"}),
)

ACUITY = replace(
    RKNN1,
    name="acuity",
    title="VeriSilicon Acuity (Allwinner, Amlogic, NXP)",
    listed=False,
    source="no public list; the layers are those of RKNN-Toolkit 1, which has the same importer",
)
