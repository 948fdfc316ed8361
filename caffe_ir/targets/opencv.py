"""OpenCV DNN 4.8 to 4.14, `cv2.dnn.readNetFromCaffe`; OpenCV 5 reads no Caffe files. MatMul came with 4.9.

Trials with OpenCV 4.12 and 4.14, which gave the same verdicts; caffe_importer.cpp says which types have a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from caffe_ir.layers import (
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    ArgMax,
    Axpy,
    BatchNorm,
    BatchReindex,
    Bias,
    CeilModePooling,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Deconvolution,
    DetectionOutput,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Flatten,
    HardSigmoid,
    HardSwish,
    Im2col,
    InnerProduct,
    Interp,
    Log,
    MatMul,
    Mish,
    Normalize,
    Parameter,
    Permute,
    PlacedPooling,
    Pooling,
    Power,
    PriorBox,
    PSROIPooling,
    Reduction,
    ReLU6,
    Reorg,
    Reshape,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Swish,
    Threshold,
    Tile,
    UnscaledDropout,
)
from caffe_ir.targets import axis_cases, box_cases, cases, in_place_cases, net_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import NetLimit, Never, Only, Pair, Spelling
from caffe_ir.targets.opencv_factors import FACTORS, GROUPS, PRODUCTS, SUMS, factors_of_several_axes
from caffe_ir.targets.opencv_pooling import PLACES, WINDOWS
from caffe_ir.targets.price import Price
from caffe_ir.targets.stored import (
    DOUBLE,
    EMPTY_SHAPE,
    FEWER,
    MORE,
    NO_BLOBS,
    NO_LAYER,
    OTHER_COUNT,
    OTHER_KERNEL,
    SHAPELESS,
    TWICE,
    refused,
    silent,
)
from caffe_ir.targets.target import Target


def _unsaid(name: str, fields: Mapping[str, Any]) -> bool:
    return name not in fields


LACKS = (
    BatchReindex, Filter, SPP,
    ArgMax, Bias, DummyData, Embed, Im2col, LSTM, Parameter, RNN, Reduction, Threshold, Tile,
)  # fmt: skip

_REQUIRED = (
    ("DetectionOutput", "share_location"),
    ("DetectionOutput", "background_label_id"),
    ("DetectionOutput", "keep_top_k"),
    ("DetectionOutput", "code_type"),
    ("DetectionOutput", "nms_param"),
    ("PriorBox", "variance"),
)
"""Fields without which it refuses a layer."""

NARROW_MAP = Never(
    text="3x3 for each channel over a padded row or column, or dilated beyond its padding",
    where=window_cases.depthwise_on_a_narrow_map,
    silent=True,
    source="trials with 4.14: depthWiseBlockConv on maps of up to 9 x 9",
)
DIVIDED = "what is divided by statistics of the batch is divided by sqrt(1 + eps) once more"

OPENCV = Target(
    name="opencv",
    title="OpenCV DNN 4",
    price=Price(multiply_add=0.016, step=0.075, byte=0.0095, layer=160.0, piece=3.4),  # `scripts/prices opencv`, 4.14
    engine="opencv",
    source="trials with 4.12.0 and 4.14.0; caffe_importer.cpp",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (
            Never(
                text="statistics of the batch are computed for one image only",
                where=lambda layer, bottoms: not layer.use_global_stats and bottoms[0][0] > 1,
                source="trial bn_global_false_b2",
            ),
            Never(text=DIVIDED, where=cases.batch_statistics, silent=True, source="trial bn_use_global_stats_false"),
        ),
        Concat: (Never(text="a Concat of one blob", where=cases.alone, silent=True, source="trial concat_single"),),
        Convolution: (
            NARROW_MAP,
            axis_cases.CHANNELS,
            axis_cases.MAPS_AND_ROWS,
            window_cases.LARGER_THAN_THE_MAP,
        ),
        Reshape: (axis_cases.NEW_AXES, axis_cases.NO_AXES),
        Deconvolution: (
            axis_cases.MAPS_ALONE,
            Never(text="dilation is ignored", where=window_cases.dilated, silent=True, source="trial deconv_dil2"),
            Never(
                text="the pad of a 1x1 kernel with strides of 1 is ignored",
                where=window_cases.padded_single_cells,
                silent=True,
                source="trials deconv_k1p1 and others, 4.14",
            ),
        ),
        DetectionOutput: (
            Only(field="code_type", values=("CORNER", "CENTER_SIZE"), source="trial with 4.14: its proto has no other"),
            Only(field="variance_encoded_in_target", values=(False,), source="trial with 4.14: an assertion"),
            Never(
                text="without a class for the background",
                where=lambda layer, bottoms: layer.background_label_id < 0,
                source="trial with 4.14",
            ),
            Never(
                text="without keep_top_k the process ends",
                where=lambda layer, bottoms: layer.keep_top_k < 0,
                source="trial with 4.14",
            ),
            Only(field="eta", values=(1.0,), silent=True, source="trial with 4.14"),
            Never(
                text="detections of an image stand by falling score, and rows of zeros follow up to keep_top_k",
                where=cases.always,
                other_form=True,
                source="trial with 4.14",
            ),
        ),
        Flatten: (axis_cases.END_BEFORE_AXIS,),
        Eltwise: (
            Never(
                text="blobs of more than five axes",
                where=cases.more_than_five_axes,
                source="trials with 4.14, of 1 to 11 axes: eltwise_layer.cpp asserts it",
            ),
        ),
        Exp: (),
        InnerProduct: (Only(field="transpose", values=(False,), silent=True, source="trial ip_transpose"),),
        LRN: (Never(text="k is ignored", where=cases.constant_in_lrn, silent=True, source="trial lrn_across_k2"),),
        Log: (
            Never(
                text="base, scale and shift are ignored",
                where=cases.base_and_scale,
                silent=True,
                source="trial log_base10",
            ),
        ),
        MatMul: (),
        MVN: (Only(field="eps", values=(1e-9,), silent=True, source="trial mvn_eps"),),
        Mish: (),
        PlacedPooling: PLACES,
        Pooling: WINDOWS,
        PriorBox: (
            Never(
                text="img_size, img_h and img_w are ignored",
                where=box_cases.size_of_the_picture,
                silent=True,
                source="trial with 4.14",
            ),
        ),
        ReLU6: (),
        Scale: FACTORS,
        Swish: (Never(text="beta is ignored", where=cases.beta, silent=True, source="trial swish_beta"),),
        CeilModePooling: (),
        UnscaledDropout: (),
        ConvolutionDepthwise: (NARROW_MAP,),
        Interp: (
            Never(
                text="shrink_factor, pad_beg and pad_end are ignored",
                where=window_cases.shrinks_or_crops,
                silent=True,
                source="trials of an Interp with each, 4.14",
            ),
        ),
        Normalize: (
            Never(
                text="across an image with a factor for each channel",
                where=lambda layer, bottoms: layer.across_spatial and not layer.channel_shared,
                source="trial ext_Normalize_across",
            ),
        ),
        Axpy: (cases.EXCHANGED,),
        Permute: (),
        Reorg: (Only(field="reverse", values=(False,), source="reorg_layer.cpp"),),
        ShuffleChannel: (),
        HardSigmoid: (),
        HardSwish: (),
        PSROIPooling: (),
        ROIPooling: (),
    },
    said={LRN: ("alpha",)},
    fields=frozenset(
        {
            "clip_param",
            "dropout_param.scale_train",
            "pass_through_param",
            "pooling_param.ceil_mode",
            "pooling_param.round_mode",
            "swish_param",
            "upsample_param",
        }
    ),
    spellings=(
        *window_cases.PADS_OF_ONE_AXIS,
        *(
            Spelling(
                type_name=kind,
                text=f"a {kind} without {name}",
                where=partial(_unsaid, name),
                source="trial with 4.14",
            )
            for kind, name in _REQUIRED
        ),
        Spelling(
            type_name="Interp",
            text="an Interp with neither height and width nor a zoom_factor",
            where=lambda fields: not fields.keys() & {"height", "width", "zoom_factor"},
            source="trials of an Interp with a shrink_factor alone, 4.14",
        ),
        Spelling(
            type_name="Interp",
            text="zoom_factor counts before height and width, where it is 1 too",
            where=lambda fields: {"height", "zoom_factor"} <= fields.keys(),
            silent=True,
            source="trial of an Interp with height: 6 width: 5 zoom_factor: 1, 4.14",
        ),
        Spelling(
            type_name="LRN",
            text="an alpha that is not set is taken as 0.0001",
            where=partial(_unsaid, "alpha"),
            silent=True,
            source="trial with 4.14, local_size: 3 alone",
        ),
        Spelling(
            type_name="PriorBox",
            text="a clip that is not set is taken as true",
            where=partial(_unsaid, "clip"),
            silent=True,
            source="trial with 4.14",
        ),
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="trial with 4.14",
        ),
        Spelling(
            type_name="Input",
            text="an Input of several blobs with one shape for all",
            where=cases.several_tops_of_one_shape,
            source="trial in_layer_shape_on_Input_2tops",
        ),
        Spelling(
            type_name="Pooling",
            text="global_pooling without pool",
            where=lambda fields: bool(fields.get("global_pooling")) and "pool" not in fields,
            source="trial pool_global_of_no_pool",
        ),
        Spelling(
            type_name="Pooling",
            text="round_mode, unless kernel_h, kernel_w, stride_h and stride_w are set, when it is ignored",
            where=lambda fields: window_cases.rounded_down(fields) and not window_cases.with_all_its_steps(fields),
            source="trials pool_max_k3s2_roundFLOOR and y_floor_both_fields_hw: an unknown field unsets all defaults",
        ),
        Spelling(
            type_name="Slice",
            text="a Slice without slice_point, unless each part is read",
            where=cases.no_points,
            source="trial slice_equal",
        ),
    ),
    net=(
        NetLimit(
            text="one factor behind a Power of another exponent is taken into it, as if that were 1",
            where=net_cases.taken_into_a_power,
            silent=True,
            source="PowerFunctor::tryFuse in elementwise_layers.cpp; trial ch_mish_exp_power",
        ),
        NetLimit(
            text="factors of several axes behind a Convolution",
            where=factors_of_several_axes,
            source="trial Convolution, Scale with num_axes: -1; also with a BatchNorm, Scale or Power between",
            apart=True,
        ),
        GROUPS,
        in_place_cases.CONVOLUTION,
        NetLimit(
            text="a layer with the name of a blob that another one writes",
            where=net_cases.called_like_a_blob,
            source="trial top_eq_other_layername",
        ),
    ),
    pairs=(
        *SUMS,
        *PRODUCTS,
        Pair(
            first=MVN,
            second=Power,
            text="a Power behind an MVN",
            source="trial ch_mvn: fastNormChannel asserts as many scales as channels",
            apart=True,
        ),
    ),
    weights=(
        *refused(
            NO_LAYER,
            NO_BLOBS,
            FEWER.of(InnerProduct),
            MORE,
            OTHER_KERNEL,
            OTHER_COUNT,
            DOUBLE,
            EMPTY_SHAPE,
            SHAPELESS,
            source="trials with 4.14",
        ),
        *silent(FEWER, TWICE, source="trials with 4.14"),
    ),
)
