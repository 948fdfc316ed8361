"""SOPHGO's TPU-MLIR, python/transform/CaffeConverter.py (03835b5); it needs pycaffe, whose proto it parses with."""

from __future__ import annotations

from caffe_ir.layers import (
    BN,
    LRN,
    LSTM,
    AbsVal,
    ArgMax,
    BatchNorm,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    DetectionOutput,
    Dropout,
    DummyData,
    Eltwise,
    Flatten,
    InnerProduct,
    Input,
    Interp,
    Mish,
    Normalize,
    Permute,
    Pooling,
    PReLU,
    PriorBox,
    Reduction,
    ReLU,
    ReLU6,
    Reorg,
    Reshape,
    Reverse,
    RunningBN,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Silence,
    Slice,
    Softmax,
    TanH,
    Upsample,
)
from caffe_ir.targets import box_cases, cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost, Never, Only, Spelling
from caffe_ir.targets.stored import NO_SCALE, UNTRIED, silent
from caffe_ir.targets.target import Target

NEGATIVE = Never(text="an axis counted from behind", where=cases.negative_axis, source="convert_concat_op")

LITTLE = 1e-9
"""An eps of Normalize that makes no difference."""

TPU_MLIR = Target(
    name="tpu-mlir",
    title="TPU-MLIR",
    evidence="source",
    source="sophgo/tpu-mlir 03835b5, python/transform/CaffeConverter.py",
    layers={
        AbsVal: (),
        ArgMax: (AtMost(field="top_k", most=1, source="convert_argmax_op"),),
        BatchNorm: (
            Never(text="use_global_stats: false", where=cases.batch_statistics, source="convert_batchnorm_op"),
        ),
        Concat: (NEGATIVE,),
        Convolution: (),
        Crop: (),
        Deconvolution: (),
        Dropout: (),
        DummyData: (),
        Eltwise: (),
        Flatten: (Only(field="axis", values=(1,), silent=True, source="convert_flatten_op"),),
        # It says (N, CHW) of what it multiplies, and takes K from the weights (MatMul.cpp), where it checks no more.
        InnerProduct: (Only(field="axis", values=(1,), source="convert_inner_product_op"),),
        Input: (),
        LRN: (
            cases.ALPHA_IN_HALVES,
            Never(text="norm_region is ignored", where=cases.within_channels, silent=True, source="convert_lrn_op"),
            Never(
                text="k is added within channels too",
                where=cases.constant_within_channels,
                silent=True,
                source="convert_lrn_op",
            ),
        ),
        LSTM: (),
        Mish: (),
        PReLU: (),
        Pooling: (
            *CAFFE.layers[Pooling],
            Never(
                text="a padded window as large as the map loses its pad",
                where=window_cases.padded_and_as_large_as_the_map,
                silent=True,
                source="convert_pooling_op, is_global",
            ),
        ),
        ReLU: (),
        ReLU6: (),
        Reduction: (
            Only(field="operation", values=("MEAN",), source="convert_reduction_op"),
            Never(
                text="more than the last axis",
                where=lambda layer, bottoms: layer.axis % len(bottoms[0]) != len(bottoms[0]) - 1,
                silent=True,
                source="convert_reduction_op takes one axis off",
            ),
        ),
        Reshape: (),
        Reverse: (
            Never(
                text="more than one axis, or one that is counted from the last",
                where=cases.turns_several_axes,
                source="convert_reverse_op",
            ),
        ),
        Scale: (
            Never(
                text="a blob of other than two or four axes",
                where=lambda layer, bottoms: len(bottoms[0]) not in (cases.TWO, cases.MAP_AXES),
                source="convert_scale_op",
            ),
            Never(
                text="the axis is ignored", where=cases.factors_of_other_axes, silent=True, source="convert_scale_op"
            ),
            Never(
                text="the bias of a Scale of two blobs is ignored",
                where=lambda layer, bottoms: cases.two_bottoms(layer, bottoms) and layer.bias_term,
                silent=True,
                source="convert_scale_op",
            ),
        ),
        Sigmoid: (),
        Silence: (),
        Slice: (NEGATIVE,),
        Softmax: (),
        TanH: (),
        ConvolutionDepthwise: (),
        Interp: (Never(text="pad_beg and pad_end", where=window_cases.crops, source="convert_interp_op"),),
        Normalize: (
            Only(field="across_spatial", values=(False,), source="convert_normalize_op"),
            Never(
                text="eps is not read",
                where=lambda layer, bottoms: layer.eps > LITTLE,
                silent=True,
                source="convert_normalize_op",
            ),
        ),
        Permute: (),
        PriorBox: (),
        DetectionOutput: (
            Only(field="eta", values=(1.0,), source="convert_detection_output_op"),
            Only(field="variance_encoded_in_target", values=(False,), source="convert_detection_output_op"),
            Never(
                text="there are keep_top_k rows, however many detections",
                where=cases.always,
                other_form=True,
                source="convert_detection_output_op",
            ),
            Never(text="without keep_top_k", where=box_cases.keeps_all, source="convert_detection_output_op"),
        ),
        Reorg: (
            Never(
                text="another order of the cells",
                where=cases.always,
                silent=True,
                source="convert_reorg_op: Depth2Space of [dy, dx, c]",
            ),
        ),
        ShuffleChannel: (),
        Upsample: (),
        BN: (),
        RunningBN: (),
    },
    said={BN: ("bn_mode",)},
    spellings=(
        Spelling(
            type_name="BN",
            text="a BN of two weights without bn_mode: INFERENCE",
            where=lambda fields: fields.get("bn_mode") != "INFERENCE" and "eps" not in fields,
            silent=True,
            source="convert_bn_op",
        ),
        Spelling(
            type_name="PriorBox",
            text="fewer than four variances",
            where=box_cases.fewer_variances,
            source="convert_priorbox_op",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size are exchanged",
            where=cases.repeated_sizes,
            silent=True,
            source="convert_convolution_op",
        ),
    ),
    weights=(*silent(NO_SCALE, source="CaffeConverter.py"), *UNTRIED),
)
