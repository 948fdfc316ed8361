"""BVLC Caffe, tag 1.0 (2017-04-15): the vanilla that every promise is made for.

It has neither Clip nor Swish, which came a year later, and its Pooling has no round_mode (caffe.proto of the tag).

Files for it are for OpenCV, MNN and ncnn too, which do not agree on what is fast: a number that a Deconvolution adds up
costs 3.4 ns in OpenCV, 0.49 in Caffe, 0.15 in MNN. They are chosen by the mean of Caffe's price and OpenCV's
(`FOR_SPEED`); MNN and ncnn have targets of their own.
"""

from __future__ import annotations

from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    AbsVal,
    ArgMax,
    BatchNorm,
    BatchReindex,
    Bias,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Flatten,
    Im2col,
    InnerProduct,
    Input,
    Log,
    Parameter,
    PlacedPooling,
    Pooling,
    Power,
    PReLU,
    Reduction,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Silence,
    Slice,
    Softmax,
    Split,
    TanH,
    Threshold,
    Tile,
)
from caffe_ir.targets import in_place_cases, net_cases
from caffe_ir.targets.limits import NetLimit, Only
from caffe_ir.targets.price import Price
from caffe_ir.targets.stored import CAFFES
from caffe_ir.targets.target import Target

ROUNDS_UP = Only(field="round_mode", values=("CEIL",), source="caffe.proto of the tag")
CAFFE = Target(
    name="caffe",
    title="BVLC Caffe 1.0",
    shares_memory=True,
    for_others=True,
    price=Price(multiply_add=0.019, step=0.089, byte=0.021, layer=2700.0, piece=0.49),  # `scripts/prices caffe`
    said={LRN: ("alpha",)},  # OpenCV has another default
    source="tag 1.0 of 2017-04-15: caffe.proto and a build of it",
    layers={
        AbsVal: (),
        ArgMax: (),
        BNLL: (),
        BatchNorm: (),
        BatchReindex: (),
        Bias: (),
        Concat: (),
        Convolution: (),
        Crop: (),
        Deconvolution: (),
        Dropout: (),
        DummyData: (),
        ELU: (),
        Eltwise: (),
        Embed: (),
        Exp: (),
        Filter: (),
        Flatten: (),
        Im2col: (),
        InnerProduct: (),
        Input: (),
        LRN: (),
        LSTM: (),
        Log: (),
        MVN: (),
        PReLU: (),
        Parameter: (),
        PlacedPooling: (ROUNDS_UP,),
        Pooling: (ROUNDS_UP,),
        Power: (),
        RNN: (),
        ReLU: (),
        Reduction: (),
        Reshape: (),
        SPP: (),
        Scale: (),
        Sigmoid: (),
        Silence: (),
        Slice: (),
        Softmax: (),
        Split: (),
        TanH: (),
        Threshold: (),
        Tile: (),
    },
    net=(
        NetLimit(
            text="in place on a blob that another layer reads",
            where=net_cases.overwrites_what_others_read,
            source="net.cpp, AppendTop behind InsertSplits; trial inplace_after_branch",
        ),
        NetLimit(
            text="in place on the memory of a blob that is read behind it",
            where=net_cases.overwrites_shared_memory,
            silent=True,
            source="ShareData in reshape_layer.cpp, flatten_layer.cpp, split_layer.cpp; trial of a ReLU behind each",
        ),
        NetLimit(
            text="in place, which its type does not allow",
            where=in_place_cases.refused_by_caffe,
            source="CHECK_NE in absval_layer.cpp, flatten_layer.cpp and others; trials in_place_*",
        ),
        NetLimit(
            text="in place, where it overwrites what it still has to read",
            where=in_place_cases.read_after_written,
            silent=True,
            source="trials in_place_*: pooling, sums, 1x1 convolutions",
        ),
    ),
    weights=CAFFES,
    hdf5=None,
)
