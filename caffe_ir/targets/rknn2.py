"""RKNN-Toolkit2 2.3.2 (RK3566, RK3568, RK3588 ...), `rknn.load_caffe`: trials in its simulator, in float16."""

from __future__ import annotations

from math import prod

from caffe_ir.layers import (
    BN,
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
    CeilModePooling,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Flatten,
    Im2col,
    InnerProduct,
    Log,
    Normalize,
    Parameter,
    Permute,
    PlacedPooling,
    Pooling,
    Power,
    PReLU,
    Reduction,
    ReLU6,
    Reorg,
    Reshape,
    Scale,
    Threshold,
    Upsample,
)
from caffe_ir.targets import axis_cases, cases, in_place_cases, net_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost, NetLimit, Never, Only, Pair, Spelling
from caffe_ir.targets.stored import (
    DOUBLE,
    FEWER,
    HALF,
    LEGACY,
    MORE,
    NO_BLOBS,
    NO_LAYER,
    OTHER_AXES,
    OTHER_COUNT,
    PADDED_AXES,
    SHAPELESS,
    TWICE,
    refused,
    silent,
)
from caffe_ir.targets.target import Target

LACKS = (
    BatchReindex,
    Filter,
    SPP,
    PlacedPooling,
    AbsVal,
    Bias,
    DummyData,
    ELU,
    Embed,
    Exp,
    Im2col,
    LSTM,
    Log,
    MVN,
    Parameter,
    RNN,
    Threshold,
)

RKNN2 = Target(
    name="rknn2",
    title="RKNN-Toolkit2",
    source="trials with rknn-toolkit2 2.3.2 in its simulator",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        ArgMax: (
            Never(
                text="without an axis, or for the values",
                where=lambda layer, bottoms: layer.axis is None or layer.out_max_val,
                silent=True,
                source="trial argmax_noaxis",
            ),
            Only(field="top_k", values=(1,), silent=True, source="trial argmax_axis1_top2"),
        ),
        BatchNorm: (
            Never(
                text="use_global_stats: false is ignored",
                where=cases.batch_statistics,
                silent=True,
                source="trial bn_use_global_stats_false",
            ),
            AtMost(field="eps", most=0.02, silent=True, source="trial bn_scale_eps1e-1: eps is applied twice"),
        ),
        Eltwise: (
            Never(text="more than two blobs", where=cases.several_but_maxima, source="trial elt_sum3"),
            Never(
                text="coefficients other than 1 and -1",
                where=cases.fractional_coefficients,
                silent=True,
                source="trial elt_sum_coeff_frac",
            ),
        ),
        Convolution: (
            axis_cases.MAPS_ALONE,
            Never(
                text="the last third of its rows is of padding: the compiler for the three cores of RK3588 aborts",
                where=window_cases.last_third_in_the_padding,
                source="trials on 1 to 23 rows; with `single_core_mode=True`, or for RK3568, it compiles them",
            ),
        ),
        Crop: (
            Never(
                text="the blob that gives the size, where nothing else reads it, is an output of the net as well",
                where=cases.always,
                other_form=True,
                unless=lambda net, node: net.reads(node.bottoms[1]) > 1 or net.is_output(node.bottoms[1]),
                source="trial ch_crop_default",
            ),
            Never(
                text="the last channels are cut off, and the first rows, but no columns",
                where=window_cases.cuts_last_channels_and_first_rows,
                silent=True,
                source="trials crop_channels_rows and 33 others of 1 to 16 channels; it refuses some of these",
            ),
        ),
        Flatten: (
            Never(
                text="two axes are left, whatever end_axis is",
                where=cases.loses_axes,
                silent=True,
                source="trial flatten_1_2",
            ),
            Never(
                text="the axes before the first flattened one become one, which the next layer counts by",
                where=lambda layer, bottoms: layer.axis not in (0, 1),
                silent=True,
                unless=lambda net, node: net.is_output(node.top) and not net.reads(node.top),
                source="trial flatten_axis2_softmax",
            ),
        ),
        InnerProduct: (
            Only(field="transpose", values=(False,), source="trial ip_transpose"),
            Never(
                text="of a single number: the bias is lost, and equal weights may be refused",
                where=cases.of_one_number,
                silent=True,
                source="trial ip_of_one_number",
            ),
        ),
        LRN: (
            Never(text="k is ignored", where=cases.constant_in_lrn, silent=True, source="trial lrn_across_k2"),
            Never(text="windows within channels", where=cases.within_channels, silent=True, source="trial lrn_within"),
        ),
        Pooling: (
            Never(
                text="a mean over a window that reaches beyond the map",
                where=window_cases.clipped_mean,
                silent=True,
                source="trial pool_ave_k3s2_ceil",
            ),
            Never(
                text="a window that begins behind the map",
                where=window_cases.begins_behind,
                source="trial maxpool_k1s2_on_8",
            ),
            Never(
                text="a last window that begins behind the map, which Caffe leaves out",
                where=window_cases.one_more_window,
                source="trials maxpool_k2s5p1 and maxpool_w1s2_h3p1",
            ),
            Never(
                text="a clipped last window, for which it pads by as much as the kernel",
                where=window_cases.filled_up_by_a_kernel,
                source="trials of maxima on 7 to 10 rows",
            ),
            Never(
                text="a maximum over a window larger than the map is that of the whole map",
                where=window_cases.maximum_of_the_whole_map,
                silent=True,
                source="trial ch_maxpool_p6k13",
            ),
        ),
        Reduction: (
            Only(field="operation", values=("MEAN",), source="trial reduction_sum_axis1"),
            Only(field="coeff", values=(1.0,), silent=True, source="trial reduction_mean_axis1_coeff"),
        ),
        ReLU6: (),
        Reshape: (
            Only(field="num_axes", values=(-1,), source="trial reshape_axis1_numaxes"),
            Never(
                text="an axis other than 0 is ignored, and the numbers of shape do not fill it",
                where=lambda layer, bottoms: layer.axis != 0 and not {0, -1} & set(layer.shape),
                source="trial reshape_axis2",
            ),
            Never(
                text="an axis other than 0 is ignored, by which 0 and -1 of shape mean another size",
                where=lambda layer, bottoms: layer.axis != 0,
                silent=True,
                source="trial reshape_axis2_rest",
            ),
        ),
        Scale: (
            axis_cases.NO_OWN_BIAS,
            Never(
                text="factors that are not one number for each channel",
                where=cases.factors_of_other_axes,
                source="trial scale_axis3",
            ),
            Never(
                text="factors of the channels in a second blob",
                where=lambda layer, bottoms: cases.two_bottoms(layer, bottoms) and layer.axis != 0,
                source="trial scale2_axis1_C",
            ),
        ),
        CeilModePooling: (),
        ConvolutionDepthwise: (),
        Normalize: (
            Only(field="channel_shared", values=(False,), source="trial ext_Normalize_chan_shared"),
            Only(field="across_spatial", values=(False,), silent=True, source="trial ext_Normalize_across"),
        ),
        Permute: (),
        Reorg: (),
        Upsample: (
            Never(
                text="a scale above 2, of more than one cell",
                where=lambda layer, bottoms: layer.scale > 2 and prod(bottoms[0][2:]) > 1,
                silent=True,
                source="trials of scales 1 to 8 on six maps",
            ),
        ),
        BN: (),
    },
    fields=frozenset({"pooling_param.ceil_mode", "pooling_param.round_mode"}),
    leaves_out=net_cases.last_or_in_place,
    net=(
        in_place_cases.SEVERAL_BOTTOMS,
        NetLimit(
            text="two layers write in place into an output, at which its builder crashes",
            where=net_cases.outputs_overwritten_twice,
            source="trial conv_bn_scale_relu_inplace",
        ),
        NetLimit(
            text="on an input of 1, 3 or 4 channels, a pad of the kernel or more: its compiler aborts",
            where=net_cases.padded_by_a_kernel_on_an_input,
            source="173 trials of 2.3.2, whose message is `Unsupport true_pad < 0 while argb mode`",
        ),
    ),
    pairs=(
        Pair(
            first=Reduction, second=Power, text="a Power behind a Reduction", source="trial ch_reduction_spatial_mean"
        ),
    ),
    spellings=(
        Spelling(
            type_name="Upsample",
            text="a scale with a point, as 2.0, where its proto has an integer",
            where=cases.fraction_in_scale,
            source="trial of an Upsample with scale: 2.0",
        ),
        Spelling(
            type_name="Input",
            text="an Input of several blobs",
            where=cases.several_tops,
            source="trial in_layer_shape_on_Input_2tops",
        ),
        Spelling(
            type_name="Deconvolution",
            text="a Deconvolution without stride",
            where=cases.no_stride,
            source="trial se_mul with and without stride: 1",
        ),
    ),
    old_forms=frozenset(),
    hdf5="wrong",
    weights=(
        *refused(FEWER.of(Scale), MORE, OTHER_AXES, OTHER_COUNT, SHAPELESS, DOUBLE, HALF, source="trials with 2.3.2"),
        *refused(
            PADDED_AXES.of(BatchNorm, InnerProduct), LEGACY.of(BatchNorm, PReLU, Scale), source="trials with 2.3.2"
        ),
        *silent(NO_LAYER, NO_BLOBS, FEWER, TWICE, source="trials with 2.3.2"),
    ),
)
