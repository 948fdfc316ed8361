"""MNN, its converter for Caffe (`-f CAFFE`), 3.x.

Trials with the wheel of 3.6.1, and tools/converter/source/caffe/*.cpp.
"""

from __future__ import annotations

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    ArgMax,
    BatchNorm,
    BatchReindex,
    Bias,
    Clip,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    DetectionOutput,
    Dropout,
    DummyData,
    Eltwise,
    Embed,
    Filter,
    Flatten,
    Im2col,
    InnerProduct,
    Input,
    Interp,
    Log,
    Mish,
    Normalize,
    Parameter,
    Permute,
    PlacedPooling,
    Pooling,
    Power,
    PriorBox,
    Reduction,
    ReLU6,
    Reshape,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Silence,
    Swish,
    Tile,
    Upsample,
)
from caffe_ir.targets import axis_cases, box_cases, cases, net_cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Never, OfImages, Only, Pair, Spelling
from caffe_ir.targets.mnn_nets import NETS
from caffe_ir.targets.price import Price
from caffe_ir.targets.stored import (
    DOUBLE,
    FEWER,
    HALF,
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

LACKS = (BatchReindex, Filter, SPP, Clip, DummyData, Im2col, LSTM, Mish, Parameter, RNN, Silence, Swish, Tile)


def _is_divided_otherwise(layer: Interp, bottoms: Shapes) -> bool:
    (top,) = layer.infer(bottoms)
    divided = tuple(size // layer.shrink_factor for size in bottoms[0][2:])
    return layer.shrink_factor != 1 and top[2:] != divided


MNN = Target(
    name="mnn",
    title="MNN",
    # `scripts/prices mnn`, 3.6.1
    price=Price(multiply_add=0.018, step=0.025, byte=0.01, layer=150.0, piece=0.15, far=0.035),
    engine="mnn",
    source="trials with the wheel of 3.6.1; tools/converter/source/caffe",
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (cases.OWN_STATISTICS,),
        ArgMax: (
            Never(
                text="the axis is ignored, and the order of equal ones",
                where=cases.always,
                silent=True,
                source="trial argmax_axis1",
            ),
        ),
        Bias: (
            axis_cases.FIVE_AXES,
            axis_cases.BIAS_OF_MAPS,
            axis_cases.FROM_BEHIND,
            axis_cases.ONE_NUMBER,
            Never(
                text="the second blob is ignored", where=cases.two_bottoms, silent=True, source="trial bias2_axis0_NC"
            ),
        ),
        Convolution: (
            axis_cases.FIVE_AXES,
            axis_cases.CHANNELS,
            axis_cases.OF_MAPS,
            Never(
                text="one dilation is taken for both axes",
                where=window_cases.uneven_dilation,
                silent=True,
                source="trial conv_dil_h2w1",
            ),
        ),
        Concat: (Never(text="a Concat of one blob is dropped", where=cases.alone, source="trial x_concat_single"),),
        Crop: (
            axis_cases.CROP_FROM_BEHIND,
            Never(text="without an offset", where=lambda layer, bottoms: not layer.offset, source="trial crop_default"),
        ),
        Deconvolution: (axis_cases.FIVE_AXES, axis_cases.OF_MAPS),
        Eltwise: (
            Never(
                text="any coefficients are taken for 1 and -1",
                where=lambda layer, bottoms: layer.coeff not in ((), (1.0, -1.0)),
                silent=True,
                source="trials elt_sum_coeff_frac and elt_sum_coeff_ones",
            ),
        ),
        Embed: (Never(text="no size is found", where=cases.always, source="trial embed"),),
        Flatten: (
            Never(
                text="end_axis counted from behind",
                where=lambda layer, bottoms: layer.end_axis < -1,
                source="trial Flatten of axis 1 to -2: no size is found",
            ),
            Never(
                text="end_axis, or an axis counted from behind, is read otherwise",
                where=lambda layer, bottoms: layer.end_axis != -1 or layer.axis < 0,
                silent=True,
                source="trial flatten_1_2: the shape is 1x4x8x8",
            ),
        ),
        InnerProduct: (
            Never(
                text="an axis counted from behind crashes the converter",
                where=lambda layer, bottoms: layer.axis < 0,
                source="trial ip_axis_m1",
            ),
            OfImages(
                text="no size is found where the rows are not as many as the images",
                where=lambda layer, bottoms, images: bottoms[0][0] != images,
                source="trial Reshape(48, 7), InnerProduct: 0 values",
            ),
        ),
        LRN: (
            Never(text="k is ignored", where=cases.constant_in_lrn, silent=True, source="trial lrn_across_k2"),
            Never(
                text="within channels, a power takes four times what a Log does",
                where=lambda layer, bottoms: layer.norm_region == "WITHIN_CHANNEL",
                slow=True,
                source="Mish by LRN: 26 ns a number, by Log: 12 ns",
            ),
        ),
        Log: (
            Never(
                text="a natural logarithm is dropped",
                where=lambda layer, bottoms: layer.base == -1,
                silent=True,
                source="LogTransform; trial ch_log_e",
            ),
        ),
        MVN: (
            Never(
                text="eps and the variance are another formula's",
                where=lambda layer, bottoms: layer.normalize_variance,
                silent=True,
                source="trial mvn",
            ),
        ),
        PlacedPooling: (
            Never(
                text="the places of its maxima have no size, for which what reads them has none",
                where=cases.always,
                unless=net_cases.reads_no_places,
                source="trial pool_max_places_read",
            ),
            Never(
                text="the places of its maxima are zeros, and what reads the maxima may find other numbers",
                where=cases.always,
                silent=True,
                source="trials pool_max_places and pool_max_places_beside",
            ),
        ),
        Pooling: (
            Only(field="round_mode", values=("CEIL",), silent=True, source="trial pool_max_k3s2_roundFLOOR"),
            Never(
                text="a last window that begins behind the map is kept, which Caffe leaves out",
                where=window_cases.one_more_window,
                silent=True,
                source="trials MAX and AVE of 2 x 2 cells at a stride of 2 and a pad of 1 on 5 x 9",
            ),
            Never(
                text="a maximum over no cell is another number than Caffe's",
                where=window_cases.maximum_of_nothing,
                silent=True,
                source="trial MAX of 2 x 2 cells at a stride of 3 on 5 x 9",
            ),
        ),
        Power: (
            Never(
                text="a linear Power takes sixty times what a Scale does",
                where=cases.linear,
                slow=True,
                source="`scripts/prices mnn --all`: 5.8 and 0.09 ns for each number",
            ),
        ),
        ReLU6: (),
        Reduction: (
            axis_cases.REDUCED_OTHERWISE,
            Never(
                text="coeff is ignored",
                where=lambda layer, bottoms: layer.coeff != 1,
                silent=True,
                source="tools/converter/source/caffe/Reduction.cpp",
                evidence="source",
            ),
        ),
        Reshape: (
            axis_cases.NO_AXES,
            Never(
                text="axis and num_axes are not read",
                where=cases.some_axes,
                silent=True,
                source="trial reshape_axis1_numaxes",
            ),
        ),
        Scale: (
            Never(
                text="a Scale of two blobs crashes the converter",
                where=cases.two_bottoms,
                source="trial scale2_axis0_NC",
            ),
            Never(
                text="the axis is ignored",
                where=cases.factors_of_other_axes,
                silent=True,
                source="trial scale_axis3",
            ),
        ),
        ConvolutionDepthwise: (),
        DetectionOutput: (
            *box_cases.six_numbers("CPUDetectionOutput.cpp; trials with 3.6.1"),
            Never(
                text="nms_param.top_k is ignored",
                where=lambda layer, bottoms: 0 <= layer.top_k < bottoms[2][2] // box_cases.CORNERS,
                silent=True,
                source="CPUDetectionOutput.cpp; trial with 3.6.1",
            ),
        ),
        Interp: (
            Only(field="zoom_factor", values=(1,), silent=True, source="trial ext_Interp_zoom2"),
            Never(
                text="a size divided by shrink_factor and rounded down, where Caffe divides its steps between cells",
                where=_is_divided_otherwise,
                silent=True,
                source="trials shrink_factor: 2, 3, 4 on 8 x 8 and 9 x 12",
            ),
            Never(
                text="pad_beg and pad_end are ignored",
                where=window_cases.crops,
                silent=True,
                source="trial of an Interp with pad_beg: -1",
            ),
        ),
        Normalize: (
            Only(field="channel_shared", values=(False,), silent=True, source="trial ext_Normalize_chan_shared"),
        ),
        Permute: (),
        PriorBox: (
            Never(
                text="steps are cut off to whole numbers",
                where=box_cases.step_with_a_fraction,
                silent=True,
                source="trial with 3.6.1, steps of 7.5 and 9.6",
            ),
        ),
        ShuffleChannel: (),
        Upsample: (Never(text="it is bilinear", where=cases.always, silent=True, source="trial ext_Upsample_scale2"),),
        ROIPooling: (),
    },
    net=NETS,
    pairs=(Pair(first=Input, second=Dropout, text="a Dropout of the input", source="trial dropout"),),
    fields=frozenset({"clip_param", "pooling_param.round_mode"}),
    spellings=(
        Spelling(
            type_name="PriorBox",
            text="sizes with a fraction, which Caffe cuts off",
            where=box_cases.sizes_with_a_fraction,
            silent=True,
            source="trial with 3.6.1",
        ),
        Spelling(
            type_name="PriorBox",
            text="fewer than four variances",
            where=box_cases.fewer_variances,
            source="trial with 3.6.1: the converter crashes or takes what stands behind them",
        ),
        Spelling(
            type_name="Input",
            text="an Input of several blobs",
            where=cases.several_tops,
            source="trial in_layer_shape_on_Input_2tops",
        ),
        Spelling(
            type_name="Interp",
            text="1 / zoom_factor is added to the scale where it is 1 too, unless height and width say the size",
            where=lambda fields: "zoom_factor" in fields and "height" not in fields,
            silent=True,
            source="trials of zoom_factor: 1 with 3.6.1; tools/converter/source/caffe/ResizeInterp.cpp",
        ),
        Spelling(
            type_name="Convolution",
            text="rows and columns as two kernel_size are exchanged",
            where=cases.repeated_sizes,
            silent=True,
            source="trial conv_kh3kw5_repeated",
        ),
        Spelling(
            type_name="Slice",
            text="a Slice without slice_point",
            where=cases.no_points,
            source="trial slice_equal",
        ),
    ),
    old_forms=frozenset({"input_dim", "input_shape"}),
    old_weights=False,
    weights=(
        *refused(
            NO_LAYER,
            NO_BLOBS,
            FEWER.of(InnerProduct, Scale),
            OTHER_COUNT.of(InnerProduct),
            DOUBLE,
            HALF,
            source="trials with 3.6.1",
        ),
        *refused(OTHER_KERNEL, source="trials with 3.6.1"),
        *silent(FEWER, OTHER_COUNT, SHAPELESS, TWICE, source="trials with 3.6.1"),
    ),
)
