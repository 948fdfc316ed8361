"""ncnn, read by its caffe2ncnn, which knows no batch: the first axis is taken off every blob.

Trials with the tool of July 2026, and tools/caffe/caffe2ncnn.cpp: a type without a handler there is copied by its name
and loses its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caffe_ir.layers import (
    BN,
    LRN,
    LSTM,
    RNN,
    SPP,
    ArgMax,
    BatchNorm,
    BatchReindex,
    Bias,
    ChannelReorg,
    Clip,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    DepthwiseConvolution,
    DetectionOutput,
    DummyData,
    Embed,
    Exp,
    Filter,
    Flatten,
    HalfPixelInterp,
    HardSigmoid,
    HardSwish,
    Im2col,
    InnerProduct,
    Input,
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
    Slice,
    Softmax,
    Swish,
    Tile,
    UnscaledDropout,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import axis_cases, box_cases, cases, in_place_cases, ncnn_shapes, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Names, NetLimit, Never, OfImages, Only, Spelling
from caffe_ir.targets.stored import DOUBLE, FEWER, HALF, MORE, NO_BLOBS, NO_LAYER, OTHER_COUNT, TWICE, refused, silent
from caffe_ir.targets.target import Target

LACKS = (BatchReindex, Filter, SPP, PlacedPooling, ArgMax, Bias, Clip, DummyData, Im2col, Parameter, RNN)
NEGATIVE = Never(
    text="an axis counted from behind", where=cases.negative_axis, silent=True, source="trial softmax_axis_m1"
)
FIFTH = Never(
    text="an axis behind the fourth is refused by a Slice, and a Concat along it crashes",
    where=cases.fifth_axis,
    source="trials Slice and Concat along the last of five axes",
)
BATCH = Never(text="there is no batch axis", where=cases.over_the_batch, silent=True, source="trial concat_axis0")
PARAMETERS = Never(
    text="its parameters are dropped", where=cases.base_and_scale, silent=True, source="trial exp_base2_scale_shift"
)


_ROWS = ((3, 2), (3, -1))
"""Axes of an InnerProduct, with the number of axes of its bottom, that are the columns of a matrix."""
_TWO = 2


def _taken_by_the_first(fields: Mapping[str, Any]) -> bool:
    """Two kernel_size of which the first is taken for both, where the weights fill no whole number of channels so."""
    return not _fills_channels(fields) and cases.repeated_sizes(fields)


def _fills_channels(fields: Mapping[str, Any]) -> bool:
    kernel, bottoms = fields.get("kernel_size", ()), fields.get("bottom", ())
    return len(kernel) < _TWO or not bottoms or not (bottoms[0][1] * kernel[0] * kernel[1]) % kernel[0] ** 2


def _faulty(net: Net, effect: ncnn_shapes.Effect) -> list[Node]:
    found = ncnn_shapes.faults(net)
    return [node for node in net.nodes if found.get(node.name) == effect]


NCNN = Target(
    name="ncnn",
    title="ncnn",
    source="trials with caffe2ncnn of July 2026; tools/caffe/caffe2ncnn.cpp",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (cases.OWN_STATISTICS,),
        Concat: (NEGATIVE, BATCH, FIFTH),
        Convolution: (
            window_cases.LARGER_SILENTLY,
            axis_cases.OF_MAPS,
            Never(
                text="one dilation is taken for both axes",
                where=window_cases.uneven_dilation,
                silent=True,
                source="trial conv_dil_h2w1",
            ),
        ),
        Crop: (
            axis_cases.CROP_OF_FIVE,
            axis_cases.BATCH_OFFSETS,
            axis_cases.COLUMNS_ALONE,
            Never(
                text="channels are cropped to those of the other blob as well",
                where=cases.other_channels,
                silent=True,
                source="trial crop_axis2_hwdiffC",
            ),
        ),
        Deconvolution: (axis_cases.OF_MAPS,),
        Exp: (PARAMETERS,),
        InnerProduct: (
            Never(
                text="an axis other than 1, or than the last of three",
                where=lambda layer, bottoms: layer.axis != 1 and (len(bottoms[0]), layer.axis) not in _ROWS,
                silent=True,
                source="trials ip_axis2, ip_3d_axis2",
            ),
            Only(field="transpose", values=(False,), silent=True, source="trial ip_transpose"),
            OfImages(
                text="several rows of an image are taken for one",
                where=lambda layer, bottoms, images: bottoms[0][0] != images,  # it takes images one by one
                silent=True,
                source="trial bilinear_x2 by InnerProduct",
            ),
        ),
        Input: (
            Never(
                text="there is no batch axis",
                where=lambda layer, bottoms: layer.shape[:1] > (1,),
                silent=True,
                source="caffe2ncnn.cpp, Input",
                evidence="source",
            ),
        ),
        Flatten: (
            Never(
                text="it makes a vector of everything",
                where=cases.takes_more_axes,
                silent=True,
                source="trial flatten_axis2, and a Softmax behind it",
            ),
        ),
        LRN: (Never(text="k is ignored", where=cases.constant_in_lrn, silent=True, source="trial lrn_across_k2"),),
        LSTM: (
            Never(
                text="its steps are the first axis, which is taken off, and the second blob is not read",
                where=lambda layer, bottoms: bottoms[0][:_TWO] != (1, 1),
                silent=True,
                source="trials of 1, 2 and 4 steps and sequences; caffe2ncnn.cpp, LSTM",
            ),
        ),
        Log: (PARAMETERS,),
        MatMul: (
            Never(
                text="there is no batch axis",
                where=lambda layer, bottoms: len(bottoms[0]) == _TWO,
                silent=True,
                source="trial ext_MatMul_two_axes",
            ),
        ),
        Mish: (),
        Pooling: (
            *CAFFE.layers[Pooling],
            window_cases.LARGER_SILENTLY,
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
        ),
        Power: (
            Never(
                text="a linear Power takes about ten times what a Scale does",
                where=cases.linear,
                slow=True,
                source="mobilenet_v2 by Power: 145 ms, by Scale: 12 ms",
            ),
        ),
        ReLU6: (),
        Reshape: (
            Never(
                text="there is no batch axis",
                where=lambda layer, bottoms: cases.other_batch(layer, bottoms) and not cases.is_flattened(layer),
                silent=True,
                source="trial dfl by the batch",
            ),
            Never(text="more than four axes", where=cases.many_axes, silent=True, source="trial reshape_5d"),
            Never(
                text="axis and num_axes are not read",
                where=cases.some_axes,
                silent=True,
                source="trial reshape_axis1_numaxes",
            ),
        ),
        Scale: (
            axis_cases.NO_OWN_BIAS,
            Never(
                text="factors that are not one number for each channel of an image",
                where=cases.factors_without_channels,
                silent=True,
                source="trial scale2_axis0_same",
            ),
            Never(
                text="factors of the channels in a second blob, without a batch axis",
                where=lambda layer, bottoms: cases.two_bottoms(layer, bottoms) and len(bottoms[1]) == 1,
                silent=True,
                source="trial scale2_axis1_C",
            ),
            Never(
                text="the axis is ignored",
                where=cases.factors_of_other_axes,
                silent=True,
                source="trial scale_axis3",
            ),
        ),
        Embed: (Never(text="its parameters are dropped", where=cases.always, silent=True, source="trial embed"),),
        Reduction: (
            Never(
                text="its parameters are dropped",
                where=lambda layer, bottoms: layer.operation != "SUM" or layer.axis not in (0, 1) or layer.coeff != 1,
                silent=True,
                source="trials reduction_mean_axis1, and a sum with coeff: 1.7",
            ),
        ),
        Slice: (NEGATIVE, BATCH, FIFTH),
        Swish: (Only(field="beta", values=(1.0,), source="trial swish_beta"),),
        Tile: (Never(text="its parameters are dropped", where=cases.always, silent=True, source="trial tile_axis1"),),
        Softmax: (NEGATIVE, BATCH),
        ConvolutionDepthwise: (),
        DepthwiseConvolution: (),
        HalfPixelInterp: (),
        Interp: (
            Never(text="its corners are not aligned", where=cases.always, silent=True, source="trial ext_Interp_hw"),
        ),
        DetectionOutput: (
            *box_cases.six_numbers("detectionoutput.cpp; trials with caffe2ncnn of July 2026"),
            Never(
                text="without nms_param.top_k nothing is found, and with -1 the process ends",
                where=box_cases.considers_all,
                source="trial with caffe2ncnn of July 2026",
            ),
        ),
        Normalize: (),
        PriorBox: (),
        Permute: (
            Never(text="three axes", where=lambda layer, bottoms: len(layer.order) < 4, source="trial permute_3d_021"),
            Never(
                text="more than four axes",
                where=lambda layer, bottoms: len(layer.order) > 4,
                silent=True,
                source="trial shuffle_reshape5_permute5",
            ),
            Never(
                text="the batch moves",
                where=lambda layer, bottoms: layer.order[0] != 0,
                silent=True,
                source="caffe2ncnn.cpp, Permute",
            ),
        ),
        ChannelReorg: (),
        Reorg: (
            Never(text="another order of the cells", where=cases.always, silent=True, source="trial ext_Reorg_stride2"),
        ),
        ShuffleChannel: (),
        BN: (),
        UnscaledDropout: (),
        HardSigmoid: (),
        HardSwish: (
            Never(
                text="it is x (0.2 x + 0.5) between its bounds",
                where=cases.always,
                silent=True,
                source="trial ext_HardSwish; hardswish.cpp",
            ),
        ),
        ROIPooling: (
            Never(
                text="a region is taken for four numbers, and one for all",
                where=cases.always,
                silent=True,
                source="roipooling.cpp",
            ),
        ),
        PSROIPooling: (
            Never(
                text="a region is taken for four numbers, and one for all",
                where=cases.always,
                silent=True,
                source="psroipooling.cpp",
            ),
        ),
    },
    net=(
        in_place_cases.SEVERAL_BOTTOMS,
        NetLimit(
            text="a layer reads a Reshape that moves the batch, and there is no batch axis",
            where=lambda net: [
                node
                for node in net.nodes
                if isinstance(node.layer, Reshape)
                and net.reads(node.top)
                and cases.other_batch(node.layer, net.shapes_of(node.bottoms))
            ],
            silent=True,
            source="trial dfl by the batch",
        ),
        NetLimit(
            text="its axis, or its channels, are not those of the blob there: a global pooling leaves a vector",
            where=lambda net: _faulty(net, "wrong"),
            silent=True,
            source="trials of each layer behind a global pooling; the sources in src/layer",
            apart=True,
            places=ncnn_shapes.views_needed,
        ),
        NetLimit(
            text="a window over a vector, which a global pooling leaves there: a crash, or no numbers",
            where=lambda net: _faulty(net, "refused"),
            source="trial se_block_deconv_eltwise, and those of windows behind a global pooling",
            apart=True,
            places=ncnn_shapes.views_needed,
        ),
    ),
    spellings=(
        *window_cases.PADS_OF_ONE_AXIS,
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="trial with caffe2ncnn of July 2026",
        ),
        Spelling(
            type_name="PriorBox",
            text="a ratio, or its inverse, that stands there again, which Caffe passes over",
            where=box_cases.repeated_ratios,
            silent=True,
            source="trial with caffe2ncnn of July 2026",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size: the weights do not fit the first",
            where=_taken_by_the_first,
            source="trial conv_kh3kw5_repeated",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size, of which the first is taken for both",
            where=lambda fields: cases.repeated_sizes(fields) and _fills_channels(fields),
            silent=True,
            source="trial of 3 x 5 cells on three channels",
        ),
    ),
    fields=frozenset({"dropout_param.scale_train"}),
    old_forms=frozenset({"input_dim", "input_shape"}),
    names=Names(blanks=False, source="trial name_space"),
    old_weights=False,
    weights=(
        *refused(NO_LAYER, NO_BLOBS, FEWER.of(InnerProduct, Scale), MORE.of(Scale), DOUBLE, HALF, source="trials"),
        *silent(FEWER, OTHER_COUNT, TWICE, source="trials"),
    ),
)
