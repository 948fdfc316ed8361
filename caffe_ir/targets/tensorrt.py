"""TensorRT up to 8.6, its nvcaffeparser (release/8.6, parsers/caffe): later releases read no Caffe files."""

from __future__ import annotations

from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    AbsVal,
    BatchNorm,
    Clip,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    DetectionOutput,
    Dropout,
    Eltwise,
    InnerProduct,
    Input,
    Normalize,
    Permute,
    Pooling,
    Power,
    PReLU,
    PriorBox,
    Reduction,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Softmax,
    TanH,
)
from caffe_ir.targets import box_cases, cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Never, Only, Spelling
from caffe_ir.targets.stored import NO_SCALE, UNTRIED, refused
from caffe_ir.targets.target import Target

NEGATIVE = Never(text="an axis counted from behind", where=cases.negative_axis, source="parseConcat.cpp")

TENSORRT = Target(
    name="tensorrt",
    title="TensorRT 8",
    evidence="source",
    source="NVIDIA/TensorRT, release/8.6, parsers/caffe/caffeParser/opParsers",
    layers={
        AbsVal: (),
        BNLL: (),
        BatchNorm: (
            Never(
                text="use_global_stats: false", where=cases.batch_statistics, silent=True, source="parseBatchNorm.cpp"
            ),
        ),
        Clip: (),
        Concat: (NEGATIVE,),
        Convolution: (),
        Crop: (
            Never(
                text="other axes than rows and columns",
                where=lambda layer, bottoms: layer.axis not in (2, 3, -1, -2),
                source="parseCrop.cpp",
            ),
        ),
        Deconvolution: (Never(text="dilation", where=window_cases.dilated, source="parseDeconv.cpp"),),
        Dropout: (),
        ELU: (),
        Eltwise: (
            Never(text="more than two blobs", where=cases.several, source="parseEltwise.cpp"),
            Never(text="coeff is ignored", where=cases.coefficients, silent=True, source="parseEltwise.cpp"),
        ),
        InnerProduct: (
            Only(field="axis", values=(1,), silent=True, source="parseInnerProduct.cpp"),
            Only(field="transpose", values=(False,), silent=True, source="parseInnerProduct.cpp"),
        ),
        Input: (
            Never(
                text="an input of other than four axes",
                where=lambda layer, bottoms: len(layer.shape) != cases.MAP_AXES,
                source="caffeParser.cpp",
            ),
        ),
        LRN: (
            Never(text="norm_region is ignored", where=cases.within_channels, silent=True, source="parseLRN.cpp"),
            Never(
                text="k is added within channels too",
                where=cases.constant_within_channels,
                silent=True,
                source="parseLRN.cpp",
            ),
        ),
        PReLU: (),
        Pooling: CAFFE.layers[Pooling],
        Power: (),
        ReLU: (),
        Reduction: (
            Never(
                text="the axes that are summed stay, with one cell each",
                where=cases.always,
                silent=True,
                source="parseReduction.cpp",
            ),
        ),
        Reshape: (
            Never(text="a batch that is not spelled 0", where=cases.changes_the_first, source="parseReshape.cpp"),
            Never(text="num_axes", where=cases.some_axes, source="parseReshape.cpp"),
        ),
        Scale: (Never(text="a Scale of two blobs", where=cases.two_bottoms, source="parseScale.cpp"),),
        Sigmoid: (),
        Softmax: (NEGATIVE,),
        TanH: (),
        Normalize: (),
        Permute: (),
        PriorBox: (),
        DetectionOutput: (
            Never(
                text="the layer has two tops there, keep_top_k rows and how many of them count",
                where=cases.always,
                source="caffeParser.cpp and plugin/nmsPlugin",
            ),
        ),
    },
    fields=frozenset({"clip_param"}),
    said={LRN: ("beta",), Scale: ("bias_term",)},
    spellings=(
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="priorBoxLayer.cu",
        ),
        Spelling(
            type_name="PriorBox",
            text="fewer than four variances",
            where=box_cases.fewer_variances,
            silent=True,
            source="priorBoxPlugin.cpp",
        ),
        Spelling(
            type_name="PriorBox",
            text="no aspect_ratio, not even 1",
            where=lambda fields: not fields.get("aspect_ratio"),
            source="priorBoxPlugin.cpp, setupDeviceMemory",
        ),
        Spelling(
            type_name="LRN",
            text="an LRN without beta, which is 5 there",
            where=lambda fields: "beta" not in fields,
            silent=True,
            source="parseLRN.cpp",
        ),
        Spelling(
            type_name="Deconvolution",
            text="rows and columns as two kernel_size are exchanged",
            where=cases.repeated_sizes,
            silent=True,
            source="parseDeconv.cpp",
        ),
    ),
    weights=(*refused(NO_SCALE, source="parseBatchNorm.cpp"), *UNTRIED),
)
