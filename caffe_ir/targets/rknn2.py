"""RKNN-Toolkit2 2.3.2 (RK3566, RK3568, RK3588 ...), `rknn.load_caffe`: trials in its simulator, in float16."""

from __future__ import annotations

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
    ConvolutionDepthwise,
    DummyData,
    Eltwise,
    Embed,
    Exp,
    Filter,
    Im2col,
    InnerProduct,
    Log,
    Normalize,
    Parameter,
    Permute,
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
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost, Never, Only, Pair, Spelling
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
        InnerProduct: (Only(field="transpose", values=(False,), source="trial ip_transpose"),),
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
                text="a window larger than the map",
                where=window_cases.larger_than_the_map,
                silent=True,
                source="trial ch_maxpool_p6k13",
            ),
        ),
        Reduction: (
            Only(field="operation", values=("MEAN",), source="trial reduction_sum_axis1"),
            Only(field="coeff", values=(1.0,), silent=True, source="trial reduction_mean_axis1_coeff"),
        ),
        ReLU6: (),
        Reshape: (Only(field="num_axes", values=(-1,), source="trial reshape_axis1_numaxes"),),
        Scale: (
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
        Upsample: (),
        BN: (),
    },
    fields=frozenset({"pooling_param.ceil_mode", "pooling_param.round_mode"}),
    pairs=(
        Pair(
            first=Reduction, second=Power, text="a Power behind a Reduction", source="trial ch_reduction_spatial_mean"
        ),
    ),
    spellings=(
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
