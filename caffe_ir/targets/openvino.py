"""OpenVINO's Model Optimizer, `mo --framework caffe`, which releases from 2025 on do not have.

Trials with openvino-dev 2023.3.0; 2024.6.0 reads the same files.
"""

from __future__ import annotations

from math import prod

from caffe_ir.layers import (
    BNLL,
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    AbsVal,
    ArgMax,
    Axpy,
    BatchNorm,
    BatchReindex,
    Bias,
    CeilModePooling,
    Convolution,
    Deconvolution,
    DetectionOutput,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Im2col,
    InnerProduct,
    Interp,
    Log,
    MatMul,
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
    Reshape,
    ROIPooling,
    RunningBN,
    Scale,
    ShuffleChannel,
    Silence,
    Split,
    Swish,
    Threshold,
)
from caffe_ir.targets import axis_cases, box_cases, cases, net_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Never, Only, Pair, Spelling
from caffe_ir.targets.stored import DOUBLE, FEWER, HALF, NO_BLOBS, NO_LAYER, OTHER_COUNT, TWICE, refused, silent
from caffe_ir.targets.target import Target

LACKS = (
    BatchReindex, Filter, SPP,
    AbsVal, BNLL, DummyData, Embed, Exp, Im2col, LSTM, Log, Parameter, RNN, Reduction, Silence, Split, Threshold,
)  # fmt: skip

WINDOWS = (
    *CAFFE.layers[Pooling],
    Never(
        text="a last window that begins behind the map is kept, which Caffe leaves out",
        where=window_cases.one_more_window,
        silent=True,
        source="trials openvino_max_k2s5p1 and openvino_max_w1s2_h3p1",
    ),
)

OPENVINO = Target(
    name="openvino",
    title="OpenVINO 2023 and 2024",
    source="trials with openvino-dev 2023.3.0; its mo_caffe.proto and extractors",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        ArgMax: (
            Only(field="out_max_val", values=(False,), source="trial argmax_axis1_val"),
            Only(field="top_k", values=(1,), silent=True, source="trial argmax_axis1_top2"),
            Never(
                text="without an axis", where=lambda layer, bottoms: layer.axis is None, source="trial argmax_noaxis"
            ),
        ),
        BatchNorm: (
            Never(
                text="use_global_stats: false is ignored",
                where=cases.batch_statistics,
                silent=True,
                source="trial bn_use_global_stats_false",
            ),
        ),
        Bias: (
            axis_cases.BIAS_OF_AXES,
            Never(text="a Bias of two blobs", where=cases.two_bottoms, source="trial bias2_axis0_NC"),
        ),
        Deconvolution: (axis_cases.MAPS_ALONE,),
        Convolution: (
            axis_cases.MAPS_ALONE,
            Never(
                text="one dilation is taken for both axes",
                where=window_cases.uneven_dilation,
                silent=True,
                source="trial conv_dil_h2w1",
            ),
        ),
        Eltwise: (
            Never(
                text="coefficients of more than two blobs",
                where=cases.coefficients_of_several,
                silent=True,
                source="trial elt_sum3_coeff",
            ),
        ),
        InnerProduct: (Only(field="axis", values=(1,), source="trial ip_axis2"),),
        LRN: (
            Never(
                text="k is added within channels too",
                where=cases.constant_within_channels,
                silent=True,
                source="trial LRN within channels, local_size: 1 k: 0.5",
            ),
        ),
        MVN: (
            Only(field="across_channels", values=(False,), silent=True, source="trial mvn_across"),
            Never(
                text="eps is added to the variance, not to its root",
                where=lambda layer, bottoms: layer.normalize_variance and layer.eps != MVN().eps,
                silent=True,
                source="trial mvn_eps",
            ),
        ),
        PlacedPooling: (
            *WINDOWS,
            Never(
                text="the places of its maxima, which a layer reads, are no floats there",
                where=cases.always,
                unless=net_cases.reads_no_places,
                source="trial pool_max_places_read",
            ),
            Never(
                text="the places of its maxima are counted through all maps",
                where=lambda layer, bottoms: prod(bottoms[0][:2]) > 1,
                silent=True,
                source="trials pool_max_places and openvino_places_of_one_map",
            ),
        ),
        Pooling: (
            *WINDOWS,
            Never(
                text="a mean over a padded window that reaches beyond the padding",
                where=window_cases.padded_and_clipped_mean,
                silent=True,
                source="trial pool_ave_k3s2p1_ceil",
            ),
        ),
        ReLU6: (),
        Reshape: (Never(text="axis and num_axes", where=cases.some_axes, source="trial reshape_axis1_numaxes"),),
        Scale: (
            axis_cases.BIAS_LEFT_OUT,
            Never(
                text="factors of rows or columns",
                where=lambda layer, bottoms: len(bottoms) == 1 and (layer.axis, layer.num_axes) not in ((1, 1), (1, 0)),
                source="trial scale_axis3",
            ),
        ),
        Swish: (Only(field="beta", values=(1.0,), source="trial swish_beta"),),
        Axpy: (),
        CeilModePooling: (),
        Interp: (
            Never(
                text="a shrink_factor, or pad_beg or pad_end",
                where=window_cases.shrinks_or_crops,
                source="trials of an Interp with each",
            ),
            Never(
                text="zoom_factor multiplies the size, where it multiplies the steps between cells",
                where=lambda layer, bottoms: layer.zoom_factor != 1,
                silent=True,
                source="trial ext_Interp_zoom2",
            ),
        ),
        MatMul: (),
        Normalize: (),
        Permute: (),
        PriorBox: (
            Never(
                text="img_size, img_h and img_w are ignored",
                where=box_cases.size_of_the_picture,
                silent=True,
                source="tools/mo/ops/priorbox.py, backend_attrs",
                evidence="source",
            ),
            Never(
                text="step_h and step_w are ignored",
                where=box_cases.step_of_each_axis,
                silent=True,
                source="tools/mo/ops/priorbox.py, backend_attrs",
                evidence="source",
            ),
            Never(
                text="without a step the offset is 0.5",
                where=box_cases.moved_without_a_step,
                silent=True,
                source="reference/prior_box.hpp",
                evidence="source",
            ),
        ),
        DetectionOutput: (
            Never(
                text="there are as many rows as could be kept, and a first number of -1 ends those of detections",
                where=cases.always,
                other_form=True,
                source="opset1 DetectionOutput; detection_output_ext.py",
                evidence="source",
            ),
        ),
        ShuffleChannel: (),
        RunningBN: (),
        PSROIPooling: (),
        ROIPooling: (),
    },
    fields=frozenset({"pooling_param.ceil_mode"}),
    pairs=(
        Pair(
            first=Power,
            second=Eltwise,
            text="the larger of a blob and a multiple above 1 of it is taken for a PReLU, which it is not",
            where=cases.larger_multiple,
            silent=True,
            source="trial elt_max",
        ),
        Pair(
            first=Scale,
            second=Eltwise,
            text="the larger of a blob and one number times it is taken for a PReLU, which it is not above 1",
            where=lambda first, second, bottoms: second.operation == "MAX" and not first.num_axes,
            silent=True,
            source="trial of a Scale by the one number 3",
        ),
    ),
    spellings=(
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="reference/prior_box.hpp",
            evidence="source",
        ),
        Spelling(
            type_name="Input",
            text="an Input of several blobs",
            where=cases.several_tops,
            source="trial in_layer_shape_on_Input_2tops",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size",
            where=cases.repeated_sizes,
            source="trial conv_kh3kw5_repeated",
        ),
    ),
    weights=(
        *refused(
            NO_LAYER.but(Scale), NO_BLOBS.but(Scale), FEWER, OTHER_COUNT, DOUBLE, HALF, source="trials with 2023.3"
        ),
        *silent(NO_LAYER, NO_BLOBS, TWICE, source="trials with 2023.3"),
    ),
)
