"""X2Paddle 1.6.0, `x2paddle --framework=caffe`, its result run by Paddle 2.6.2.

Its result is Python code in which blobs are variables, so their names must be identifiers.
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
    ConvolutionDepthwise,
    Crop,
    DepthwiseConvolution,
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
    Normalize,
    Parameter,
    Permute,
    Pooling,
    Power,
    PReLU,
    Reduction,
    ReLU6,
    Scale,
    ShuffleChannel,
    Silence,
    Split,
    Threshold,
    Tile,
    Upsample,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Names, NetLimit, Never, Only, Pair, Spelling
from caffe_ir.targets.target import Target

LACKS = (
    BatchReindex, Filter, SPP,
    AbsVal, ArgMax, BNLL, Bias, DummyData, ELU, Embed, Exp, Im2col, LSTM, Log, MVN, Parameter, RNN, Silence, Split,
    Threshold, Tile,
)  # fmt: skip

X2PADDLE = Target(
    name="x2paddle",
    title="X2Paddle",
    source="trials with x2paddle 1.6.0 and paddlepaddle 2.6.2",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (
            Never(
                text="use_global_stats: false is ignored",
                where=cases.batch_statistics,
                silent=True,
                source="trial bn_use_global_stats_false",
            ),
        ),
        Crop: (
            Never(
                text="more than one offset",
                where=lambda layer, bottoms: len(layer.offset) > 1,
                source="trial crop_axis2_offhw",
            ),
        ),
        Eltwise: (
            Only(field="operation", values=("SUM", "PROD"), source="trial elt_max"),
            Never(
                text="a product of more than two blobs",
                where=lambda layer, bottoms: layer.operation == "PROD" and cases.several(layer, bottoms),
                source="trial elt_prod3",
            ),
            Never(
                text="coefficients of more than two blobs",
                where=cases.coefficients_of_several,
                silent=True,
                source="trial elt_sum3_coeff",
            ),
        ),
        Flatten: (Never(text="end_axis is ignored", where=cases.other_end, silent=True, source="trial flatten_1_2"),),
        InnerProduct: (
            Only(field="axis", values=(1,), source="trial ip_axis2"),
            Only(field="bias_term", values=(True,), source="trial ip_nobias"),
            Only(field="transpose", values=(False,), silent=True, source="trial ip_transpose"),
        ),
        LRN: (Never(text="any LRN", where=lambda layer, bottoms: True, silent=True, source="trial lrn_across"),),
        Pooling: (
            Never(
                text="a mean over a padded window leaves out the padding",
                where=window_cases.padded_mean,
                silent=True,
                source="trial pool_ave_k3s1p1",
            ),
            Never(
                text="pad_h and pad_w that differ are ignored",
                where=window_cases.padded_on_one_axis,
                silent=True,
                source="trial pool_max_khkw",
            ),
        ),
        Power: (Only(field="power", values=(1.0,), source="trial power_2"),),
        PReLU: (Only(field="channel_shared", values=(False,), source="trial prelu_shared"),),
        Reduction: (Only(field="operation", values=("MEAN",), source="trial reduction_sum_axis1"),),
        ReLU6: (),
        Scale: (
            Never(text="a Scale of two blobs", where=cases.two_bottoms, source="trial scale2_axis0_NC"),
            Never(
                text="factors that are not one number for each channel",
                where=cases.factors_of_other_axes,
                source="trial scale_axis3",
            ),
        ),
        ConvolutionDepthwise: (),
        DepthwiseConvolution: (),
        Normalize: (
            Only(field="channel_shared", values=(False,), source="trial ext_Normalize_chan_shared"),
            Never(text="any Normalize", where=cases.always, silent=True, source="trial ext_Normalize_chan"),
        ),
        Permute: (),
        ShuffleChannel: (),
        Upsample: (),
    },
    net=(
        NetLimit(
            text="a layer with the name of a blob that another one writes",
            where=cases.called_like_a_blob,
            source="trial top_eq_other_layername",
        ),
    ),
    pairs=(Pair(first=Input, second=Dropout, text="a Dropout of the input", source="trial dropout"),),
    names=Names(
        plain=True, like_tops=True, small_ends=True, source="trials name_slash, slice_points, an output called Out"
    ),
    fields=frozenset({"pooling_param.round_mode"}),
    spellings=(
        Spelling(
            type_name="Input",
            text="an Input of several blobs",
            where=cases.several_tops,
            source="trial in_layer_shape_on_Input_2tops",
        ),
        Spelling(
            type_name="Slice",
            text="a Slice without slice_point",
            where=cases.no_points,
            source="trial slice_equal",
        ),
    ),
)
