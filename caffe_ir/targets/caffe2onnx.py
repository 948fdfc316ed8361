"""caffe2onnx 2.0.1, the Python package, its result run by onnxruntime 1.17."""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    BN,
    BNLL,
    ELU,
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
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    Dropout,
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
    PReLU,
    Reduction,
    ReLU6,
    Reshape,
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
from caffe_ir.targets import axis_cases, cases, in_place_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.caffe2onnx_norms import is_behind_a_norm, norms_alone, scales_passed_over
from caffe_ir.targets.caffe2onnx_shapes import faults
from caffe_ir.targets.limits import NetLimit, Never, Only, Spelling
from caffe_ir.targets.stored import (
    DOUBLE,
    EMPTY_SHAPE,
    FEWER,
    HALF,
    LEGACY,
    MORE,
    NO_BLOBS,
    NO_LAYER,
    NO_SCALE,
    NO_SHAPE,
    OTHER_AXES,
    OTHER_COUNT,
    PADDED_AXES,
    TWICE,
    refused,
    silent,
)
from caffe_ir.targets.target import Target

LACKS = (
    BatchReindex, Filter, SPP, PlacedPooling,
    AbsVal, ArgMax, BNLL, Bias, Dropout, DummyData, ELU, Embed, Exp, Im2col, LSTM, Log, Parameter, RNN, Reduction,
    Silence, Split, Threshold, Tile,
)  # fmt: skip


def _refuses_no_stated_shape(net: Net, node: Node) -> bool:
    return "refused" not in faults(net).values()


def _is_not_cut(net: Net, node: Node) -> bool:
    return "wrong" not in faults(net).values()


def _is_of_rows(layer: Slice, bottoms: Shapes) -> bool:
    return layer.axis not in (1, 1 - len(bottoms[0]))


def _is_of_one_shape(layer: Scale, bottoms: Shapes) -> bool:
    return len(bottoms) > 1 and bottoms[0] == bottoms[1]


def _slopes_fit(layer: PReLU, bottoms: Shapes) -> bool:
    """Whether as many columns as channels, or a single one, let the slopes be taken for those of the columns."""
    return bottoms[0][-1] in (1, bottoms[0][1])


def _has_slopes_of_channels(layer: PReLU, bottoms: Shapes) -> bool:
    return len(bottoms[0]) > 2 and bottoms[0][1] > 1 and not layer.channel_shared


def _holds_all(layer: Reshape, bottoms: Shapes) -> bool:
    """Whether the sizes hold as many values as there are."""
    return -1 in layer.shape or prod(layer.shape) == prod(bottoms[0])


CAFFE2ONNX = Target(
    name="caffe2onnx",
    title="caffe2onnx",
    source="trials with the wheel of 2.0.1 and onnxruntime 1.17",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (cases.OWN_STATISTICS,),
        Convolution: (
            axis_cases.MAPS_ALONE,
            window_cases.LARGER_THAN_THE_MAP,
            Never(
                text="one dilation is taken for both axes",
                where=window_cases.uneven_dilation,
                silent=True,
                source="trial conv_dil_h2w1",
            ),
        ),
        Crop: (
            replace(axis_cases.CROP_FROM_BEHIND, silent=False),
            Never(
                text="channels are cropped to those of the other blob as well",
                where=cases.other_channels,
                silent=True,
                source="trial crop_axis2_hwdiffC",
            ),
        ),
        Deconvolution: (axis_cases.MAPS_ALONE,),
        Eltwise: (
            Only(field="operation", values=("SUM",), source="trials elt_prod, elt_max"),
            Never(text="more than two blobs", where=cases.several, source="trial elt_sum3"),
            Never(text="coeff is ignored", where=cases.coefficients, silent=True, source="trial elt_sum_coeff"),
        ),
        Flatten: (
            Only(field="axis", values=(1,), source="trial flatten_axis2"),
            Never(text="end_axis is ignored", where=cases.other_end, silent=True, source="trial flatten_1_2"),
        ),
        InnerProduct: (
            Only(field="axis", values=(1,), source="trial ip_axis2"),
            Only(field="transpose", values=(False,), source="trial ip_transpose"),
        ),
        LRN: (
            Never(text="k is ignored", where=cases.constant_in_lrn, silent=True, source="trial lrn_across_k2"),
            Never(text="windows within channels", where=cases.within_channels, silent=True, source="trial lrn_within"),
        ),
        MVN: (
            Only(field="across_channels", values=(False,), source="trial mvn_across"),
            Only(field="normalize_variance", values=(True,), source="trial mvn_novar"),
            Only(field="eps", values=(1e-9,), silent=True, source="trial mvn_eps"),
        ),
        Pooling: (
            Never(
                text="a last window that begins behind the map is kept, which Caffe leaves out",
                where=window_cases.one_more_window,
                silent=True,
                source="trials MAX and AVE of 2 x 2 cells at a stride of 2 and a pad of 1 on 5 x 9",
            ),
            Never(
                text="pad_h and pad_w that differ are ignored",
                where=window_cases.padded_on_one_axis,
                silent=True,
                source="trial pool_max_khkw",
            ),
        ),
        BN: (
            Never(
                text="computed with other numbers",
                where=cases.always,
                silent=True,
                source="trial ext_BN",
            ),
        ),
        PReLU: (
            Never(
                text="a slope for each channel of a map",
                where=lambda layer, bottoms: (
                    _has_slopes_of_channels(layer, bottoms) and not _slopes_fit(layer, bottoms)
                ),
                source="trial prelu",
            ),
            Never(
                text="slopes of channels are taken for those of columns",
                where=lambda layer, bottoms: _has_slopes_of_channels(layer, bottoms) and _slopes_fit(layer, bottoms),
                silent=True,
                source="trials prelu_as_many_columns, prelu_one_column",
            ),
            Only(field="channel_shared", values=(False,), of_weights=True, source="trial prelu_shared"),
        ),
        ReLU6: (),
        Reshape: (
            Only(field="num_axes", values=(-1,), source="trial reshape_axis1_numaxes"),
            Never(
                text="axis is ignored, and the sizes are not all",
                where=lambda layer, bottoms: layer.axis != 0 and not _holds_all(layer, bottoms),
                source="trial reshape_axis2",
            ),
            Only(field="axis", values=(0,), silent=True, source="trial Reshape of axis 1 to 2 x -1"),
        ),
        Scale: (
            axis_cases.BIAS_LEFT_OUT,
            Never(
                text="factors that are not one number for each channel",
                where=cases.factors_of_other_axes,
                source="trial scale_axis3",
            ),
            Never(
                text="two blobs of one shape",
                where=_is_of_one_shape,
                source="trial ch_scale2",
                unless=lambda net, node: net.is_output(node.top),
            ),
            Never(
                text="an output of two blobs of one shape is left out",
                where=_is_of_one_shape,
                silent=True,
                source="trial scale2_axis0_same",
            ),
            Never(
                text="factors of the channels in a second blob",
                where=lambda layer, bottoms: cases.two_bottoms(layer, bottoms) and layer.axis == 1,
                silent=True,
                source="trial scale2_axis1_C",
            ),
            Never(
                text="a blob of other than four axes",
                where=lambda layer, bottoms: len(bottoms) == 1 and cases.no_map(layer, bottoms),
                unless=is_behind_a_norm,
                silent=True,
                source="trials scale_ip_2d, bn_scale_of_rows",
            ),
        ),
        Slice: (
            axis_cases.SLICES_OF_MAPS,
            Never(
                text="a Slice of rows or columns: its parts are taken for channels where these count",
                where=_is_of_rows,
                source="OPs/Slice.py, getSliceOutShape; trials of a Slice of rows with sixteen readers",
                unless=_refuses_no_stated_shape,
            ),
            Never(
                text="another Slice behind a Slice of rows or columns: its last part ends where the channels would",
                where=_is_of_rows,
                silent=True,
                source="OPs/Slice.py, analyzeLayer; trials of a Slice of channels behind one of rows",
                unless=_is_not_cut,
            ),
        ),
        Axpy: (
            Never(
                text="factors (N, C) are spread along rows and columns",
                where=cases.factors_along_the_map,
                silent=True,
                source="trials axpy_rows_of_8 and axpy_rows_on_4_columns",
            ),
            Never(
                text="factors (N, C), which do not fit the rows and columns",
                where=lambda layer, bottoms: (
                    cases.factors_without_map(layer, bottoms) and not cases.factors_along_the_map(layer, bottoms)
                ),
                source="trials axpy_rows and axpy_rows_of_two",
            ),
        ),
        ConvolutionDepthwise: (),
        Normalize: (
            Only(field="channel_shared", values=(False,), source="trial ext_Normalize_chan_shared"),
            Only(field="across_spatial", values=(False,), silent=True, source="trial ext_Normalize_across"),
        ),
        Permute: (),
        ShuffleChannel: (),
        Upsample: (),
    },
    net=(
        in_place_cases.SEVERAL_BOTTOMS,
        NetLimit(
            text="0.001 is added to a BatchNorm behind which no Scale stands in the file",
            where=norms_alone,
            silent=True,
            source="caffe2onnx.py, custom_params; trial bn_only_f1, to 1e-4",
        ),
        NetLimit(
            text="a Scale behind a BatchNorm in the file is taken for its factors, with a bias and in place",
            where=scales_passed_over,
            source="caffe2onnx.py; trials bn_then_other_scale, bn_scale_nobias, bn_scale_apart",
        ),
        NetLimit(
            text="a Concat that reads a blob twice",
            where=lambda net: [
                node
                for node in net.nodes
                if isinstance(node.layer, Concat) and len(set(node.bottoms)) < len(node.bottoms)
            ],
            silent=True,
            source="trial x_concat_same_twice",
        ),
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
            type_name="Convolution",
            text="rows and columns as two kernel_size",
            where=cases.repeated_sizes,
            source="trial conv_kh3kw5_repeated",
        ),
        Spelling(
            type_name="Slice",
            text="a Slice without slice_point",
            where=cases.no_points,
            source="trial slice_equal",
        ),
    ),
    weights=(
        *refused(
            NO_LAYER,
            NO_BLOBS,
            FEWER.of(Scale),
            MORE,
            OTHER_AXES,
            OTHER_COUNT,
            NO_SHAPE,
            NO_SCALE,
            EMPTY_SHAPE,
            DOUBLE,
            HALF,
            source="trials with 2.0.1",
        ),
        *refused(LEGACY.of(BatchNorm, PReLU, Scale), PADDED_AXES.of(BatchNorm, Scale), source="trials with 2.0.1"),
        *silent(FEWER, TWICE, source="trials with 2.0.1"),
    ),
)
