"""Xiaomi's MACE, tools/python/transform/caffe_converter.py (0fc55a5)."""

from __future__ import annotations

from caffe_ir.layers import (
    ELU,
    MVN,
    ArgMax,
    BatchNorm,
    Bias,
    Clip,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    Flatten,
    InnerProduct,
    Input,
    Interp,
    Permute,
    Pooling,
    PReLU,
    PriorBox,
    ReLU,
    ReLU6,
    Reshape,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Slice,
    Softmax,
    TanH,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import box_cases, cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import NetLimit, Never, Only, Spelling
from caffe_ir.targets.stored import NO_SCALE, UNTRIED, refused
from caffe_ir.targets.target import Target


def _without_scale(net: Net) -> list[Node]:
    """BatchNorms that no Scale of one blob follows."""
    return [
        node
        for node in net.nodes
        if isinstance(node.layer, BatchNorm)
        and not any(isinstance(reader.layer, Scale) for reader in net.consumers(node.top))
    ]


MACE = Target(
    name="mace",
    title="MACE",
    evidence="source",
    source="XiaoMi/mace 0fc55a5, tools/python/transform/caffe_converter.py",
    layers={
        ArgMax: (),
        BatchNorm: (cases.STORED_STATISTICS,),
        Bias: (),
        Clip: (Only(field="min", values=(0.0,), source="convert_clip"),),
        Concat: (),
        Convolution: (
            Never(
                text="groups that are neither one nor one for each channel",
                where=window_cases.grouped_otherwise,
                source="convert_conv2d",
            ),
        ),
        Crop: (),
        Deconvolution: (Never(text="dilation", where=window_cases.dilated, source="convert_deconv2d"),),
        ELU: (),
        Eltwise: (),
        Flatten: (),
        InnerProduct: (Only(field="axis", values=(1,), source="convert_fully_connected"),),
        Input: (),
        MVN: (),
        PReLU: (),
        Pooling: (
            *CAFFE.layers[Pooling],
            Never(
                text="the last window may begin in the padding",
                where=window_cases.one_more_window,
                silent=True,
                source="shape_inference.py",
            ),
        ),
        ReLU: (),
        ReLU6: (),
        Reshape: (),
        Scale: (),
        Sigmoid: (),
        Slice: (
            Never(text="slice_point", where=lambda layer, bottoms: layer.slice_point != (), source="convert_slice"),
        ),
        Softmax: (Only(field="axis", values=(1,), silent=True, source="convert_softmax"),),
        TanH: (),
        Interp: (
            Only(field="zoom_factor", values=(1,), source="convert_interp"),
            Never(
                text="shrink_factor, pad_beg or pad_end", where=window_cases.shrinks_or_crops, source="convert_interp"
            ),
        ),
        Permute: (),
        PriorBox: (
            Never(
                text="img_size, img_h and img_w are ignored",
                where=box_cases.size_of_the_picture,
                silent=True,
                source="convert_prior_box",
            ),
        ),
        ShuffleChannel: (),
    },
    net=(NetLimit(text="a BatchNorm without a Scale behind it", where=_without_scale, source="convert_batchnorm"),),
    fields=frozenset({"clip_param"}),
    spellings=(
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="mace/ops/prior_box.cc",
        ),
        Spelling(
            type_name="PriorBox",
            text="fewer than four variances",
            where=box_cases.fewer_variances,
            silent=True,
            source="mace/ops/prior_box.cc",
        ),
        Spelling(
            type_name="Pooling",
            text="global_pooling: false is taken for true",
            where=lambda fields: fields.get("global_pooling") is False,
            silent=True,
            source="add_stride_pad_kernel_arg",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size",
            where=cases.repeated_sizes,
            source="add_stride_pad_kernel_arg",
        ),
    ),
    weights=(*refused(NO_SCALE, source="caffe_converter.py: batchnorm scalar is zero"), *UNTRIED),
)
