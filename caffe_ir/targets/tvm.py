"""TVM's relay.frontend.caffe (00ac0ca), which releases from 0.20 on do not have: it needs pycaffe."""

from __future__ import annotations

from caffe_ir.layers import (
    LRN,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    Eltwise,
    Embed,
    Flatten,
    InnerProduct,
    Input,
    Pooling,
    PReLU,
    Reduction,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    Softmax,
    TanH,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Never, Only
from caffe_ir.targets.target import Target

TVM = Target(
    name="tvm",
    title="TVM, relay",
    evidence="source",
    source="apache/tvm 00ac0ca, python/tvm/relay/frontend/caffe.py",
    layers={
        BatchNorm: (cases.STORED_STATISTICS,),
        Concat: (),
        Convolution: (),
        Crop: (),
        Deconvolution: (
            Never(
                text="groups that are neither one nor one for each channel",
                where=window_cases.grouped_otherwise,
                silent=True,
                source="convert_deconv",
            ),
        ),
        Dropout: (),
        Eltwise: (Never(text="more than two blobs", where=cases.several, source="convert_eltwise"),),
        Embed: (),
        Flatten: (Only(field="axis", values=(1,), source="convert_flatten"),),
        InnerProduct: (Only(field="axis", values=(1,), source="convert_innerproduct"),),
        Input: (),
        LRN: (),
        PReLU: (),
        Pooling: CAFFE.layers[Pooling],
        ReLU: (),
        Reduction: (),
        Reshape: (),
        Scale: (
            Never(text="a blob of other than four axes", where=cases.no_map, source="convert_scale"),
            Never(text="a Scale of two blobs", where=cases.two_bottoms, source="convert_scale"),
        ),
        Sigmoid: (),
        Slice: (),
        Softmax: (),
        TanH: (),
    },
)
