"""X2Paddle 1.6.0, `x2paddle --framework=caffe`, its result run by Paddle 2.6.2.

Its result is Python code in which blobs are variables, so their names must be identifiers.
"""

from __future__ import annotations

from collections import Counter
from math import prod

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
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
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
    MeanLRN,
    Normalize,
    Parameter,
    Permute,
    PlacedPooling,
    Pooling,
    Power,
    PReLU,
    Reduction,
    ReLU6,
    Scale,
    ShuffleChannel,
    Silence,
    Slice,
    Split,
    Threshold,
    Tile,
    Upsample,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import axis_cases, cases, net_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Names, NetLimit, Never, Only, Pair, Spelling
from caffe_ir.targets.stored import (
    DOUBLE,
    EMPTY_SHAPE,
    FEWER,
    HALF,
    MORE,
    NO_BLOBS,
    NO_FACTOR,
    NO_LAYER,
    NO_SHAPE,
    ONE_FOR_NONE,
    OTHER_AXES,
    OTHER_COUNT,
    UNASKED_BIAS,
    refused,
    silent,
)
from caffe_ir.targets.target import Target

LACKS = (
    BatchReindex, Filter, SPP,
    AbsVal, ArgMax, BNLL, Bias, DummyData, ELU, Embed, Exp, Im2col, LSTM, Log, MVN, Parameter, RNN, Silence, Split,
    Threshold, Tile,
)  # fmt: skip


def _slices(net: Net) -> list[Node]:
    return [node for node in net.nodes if isinstance(node.layer, Slice)]


def _alike_in_small_letters(net: Net) -> list[Node]:
    seen = Counter(node.name.lower() for node in net.nodes)
    return [node for node in net.nodes if seen[node.name.lower()] > 1 and node.name != node.name.lower()]


ONE_CHANNEL = Never(
    text="the weights of one channel are not loaded",
    where=cases.one_channel,
    silent=True,
    source="trials x2_bn_one_channel, x2_prelu_one_channel",
)
X2PADDLE = Target(
    name="x2paddle",
    title="X2Paddle",
    source="trials with x2paddle 1.6.0 and paddlepaddle 2.6.2",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (
            axis_cases.NORMS_OF_MAPS,
            cases.OWN_STATISTICS,
            ONE_CHANNEL,
        ),
        Convolution: (axis_cases.MAPS_ALONE,),
        Crop: (
            Never(
                text="more than one offset",
                where=lambda layer, bottoms: len(layer.offset) > 1,
                source="trial crop_axis2_offhw",
            ),
        ),
        Deconvolution: (axis_cases.MAPS_ALONE,),
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
            Never(
                text="transposed weights that do not fit as they are",
                where=lambda layer, bottoms: layer.transpose and prod(bottoms[0][1:]) % layer.num_output != 0,
                source="trial ip_transpose",
            ),
            Only(field="transpose", values=(False,), silent=True, source="trial of five by five weights"),
            Never(
                text="axes of size 1 before the last one are kept, and counted by the next layer",
                where=axis_cases.behind_axes_of_one,
                silent=True,
                unless=lambda net, node: net.is_output(node.top) and not net.reads(node.top),
                source="trials product_of_row_softmax and product_of_row_concat",
            ),
        ),
        LRN: (
            Never(
                text="windows of more than one cell",
                where=lambda layer, bottoms: layer.local_size > 1,
                silent=True,
                source="trial lrn_across",
            ),
            Never(
                text="k is added within channels too",
                where=cases.constant_within_channels,
                silent=True,
                source="trial LRN within channels, local_size: 1 k: 0.5",
            ),
        ),
        MeanLRN: (),
        PlacedPooling: (
            Never(
                text="with the places of its maxima neither these nor the maxima can be read",
                where=cases.always,
                unless=net_cases.ends_with_places,
                source="trials pool_max_places_read and pool_max_places_beside",
            ),
            Never(
                text="the places of its maxima are left out",
                where=cases.always,
                silent=True,
                source="trial pool_max_places; caffe_op_mapper.py, Pooling",
            ),
        ),
        Pooling: (
            Never(
                text="a last window that begins behind the map is kept, which Caffe leaves out",
                where=window_cases.one_more_window,
                silent=True,
                source="trials MAX and AVE of 2 x 2 cells at a stride of 2 and a pad of 1 on 5 x 9",
            ),
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
        PReLU: (
            Only(field="channel_shared", values=(False,), of_weights=True, source="trial prelu_shared"),
            ONE_CHANNEL,
        ),
        Reduction: (
            axis_cases.REDUCED_FROM_BEHIND,
            Only(field="operation", values=("MEAN",), source="trial reduction_sum_axis1"),
        ),
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
            text="a Slice of which no part is read",
            where=lambda net: [node for node in _slices(net) if not any(net.reads(top) for top in node.tops)],
            source="trial slice_equal",
        ),
        NetLimit(
            text="an output that a Slice writes is left out",
            where=lambda net: [node for node in _slices(net) if any(map(net.is_output, node.tops))],
            silent=True,
            source="trial of a Slice whose second part nobody reads",
        ),
        NetLimit(
            text="layers are variables, and two of them are one in small letters",
            where=_alike_in_small_letters,
            silent=True,
            source="trial of TanH A, Sigmoid a and their sum",
        ),
    ),
    pairs=(Pair(first=Input, second=Dropout, text="a Dropout of the input", source="trial dropout"),),
    names=Names(
        plain=True,
        joined="/-",
        layers_only=True,
        small_ends=True,
        source="trials name_dot_dash, name_slash, in_input_name_differs, an output called Out",
    ),
    fields=frozenset({"pooling_param.round_mode"}),
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
            type_name="Pooling",
            text="pad_h and pad_w are ignored",
            where=lambda fields: bool(fields.get("pad_h") or fields.get("pad_w")),
            silent=True,
            source="trial x_pool_padhw_kw",
        ),
    ),
    weights=(
        *refused(
            NO_LAYER.of(PReLU),
            FEWER.of(InnerProduct, Scale),
            OTHER_AXES.of(InnerProduct),
            OTHER_COUNT,
            NO_SHAPE,
            UNASKED_BIAS,
            EMPTY_SHAPE,
            DOUBLE,
            HALF,
            source="trials with 1.6.0",
        ),
        *silent(
            NO_LAYER,
            NO_BLOBS,
            FEWER,
            NO_FACTOR,
            MORE.of(BatchNorm, Convolution, InnerProduct),
            OTHER_AXES,
            ONE_FOR_NONE,
            source="trials with 1.6.0",
        ),
    ),
)
