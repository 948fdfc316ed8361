"""Hand-made nets that one reader alone was tried with, for what its trials in the table do not show."""

from __future__ import annotations

from tests.caffe_ir.targets.hand_made_axes import OPENVINO as AXES_IN_OPENVINO
from tests.caffe_ir.targets.hand_made_axes import RKNN2 as AXES_IN_RKNN2
from tests.caffe_ir.targets.hand_made_axes import axes
from tests.caffe_ir.targets.hand_made_caffe2onnx import CAFFE2ONNX
from tests.caffe_ir.targets.hand_made_in_place import VIEWS, in_place
from tests.caffe_ir.targets.hand_made_ncnn import NCNN
from tests.caffe_ir.targets.hand_made_opencv import OPENCV
from tests.caffe_ir.targets.hand_made_openvino import OPENVINO
from tests.caffe_ir.targets.hand_made_x2paddle import X2PADDLE

CONV = "c = Convolution data | num_output: 4 kernel_size: 1\n"
STACKED = "c = Convolution data | num_output: 6 kernel_size: 3\n"
NORMALISED = "c = BatchNorm c | use_global_stats: true\nc = Scale c | bias_term: true\n"
BELOW_ZERO = "s = Sigmoid data\nn = Power s | scale: -1\n"


def _on(size: str, rest: str) -> str:
    return f"data = Input | shape {{ dim: 1 dim: 4 {size} }}\n{BELOW_ZERO}{rest}"


def _maximum(rows: int, kernel: int, step: int, pad: int) -> str:
    """Over windows of so many rows and three columns."""
    fields = f"kernel_h: {kernel} kernel_w: 3 stride_h: {step} stride_w: 1 pad_h: {pad} pad_w: 0"
    return f"data = Input | shape {{ dim: 1 dim: 4 dim: {rows} dim: 8 }}\n{CONV}y = Pooling c | {fields}"


CLIPPED = {
    (7, 2, 3, 0): "-", (7, 4, 4, 0): "ok", (7, 4, 4, 2): "-", (8, 3, 2, 1): "ok", (8, 3, 4, 1): "-", (8, 4, 3, 2): "-",
    (8, 4, 4, 1): "-", (9, 3, 3, 1): "-", (9, 3, 4, 0): "-", (9, 4, 4, 1): "ok", (10, 3, 3, 0): "ok",
    (10, 3, 4, 0): "ok",
}  # fmt: skip
"""What it does with maxima of which the last window is clipped."""
MEANS = {
    (7, 2, 2, 1): "-", (9, 2, 3, 1): "ok", (7, 4, 2, 2): "WRONG", (8, 3, 2, 1): "WRONG", (9, 3, 4, 0): "-",
    (10, 4, 4, 0): "WRONG", (10, 4, 4, 2): "-", (10, 4, 4, 3): "ok",
}  # fmt: skip
"""What it does with means over such windows."""


def _shared(rows: int, kernel: int, step: int, pad: int) -> str:
    """A Convolution over windows of so many rows and three columns."""
    fields = f"num_output: 4 kernel_h: {kernel} kernel_w: 3 stride_h: {step} stride_w: 1 pad_h: {pad} pad_w: 0"
    return f"data = Input | shape {{ dim: 1 dim: 4 dim: {rows} dim: 8 }}\n{CONV}y = Convolution c | {fields}"


SHARED = {
    (7, 1, 1, 4): "ok", (7, 1, 1, 5): "-", (8, 1, 1, 5): "ok", (7, 2, 1, 5): "ok", (8, 2, 1, 5): "ok",
    (7, 1, 2, 1): "-", (8, 1, 2, 1): "ok", (7, 3, 2, 5): "-", (8, 3, 2, 4): "ok", (7, 5, 3, 5): "-", (8, 5, 3, 5): "ok",
    (8, 2, 3, 3): "-", (7, 1, 4, 4): "ok", (8, 3, 4, 4): "ok",
}  # fmt: skip
"""What it does with Convolutions that are padded far, of which it shares the rows between cores."""
PADDED = "num_output: 6 kernel_size: 2 pad: 2 stride: 1"
DECONVOLUTIONS = {
    "k2p2": ("-", "y = Deconvolution data | " + PADDED),
    "k2p1": ("ok", "y = Deconvolution data | num_output: 6 kernel_size: 2 pad: 1 stride: 1"),
    "k3p3s2": ("-", "y = Deconvolution data | num_output: 6 kernel_size: 3 pad: 3 stride: 2"),
    "columns_alone": (
        "-",
        "y = Deconvolution data | num_output: 6 kernel_h: 2 kernel_w: 3 pad_h: 1 pad_w: 3 stride_h: 1 stride_w: 1",
    ),
    "dil2": ("-", "y = Deconvolution data | num_output: 6 kernel_size: 2 pad: 2 stride: 1 dilation: 2"),
    "two_groups": ("ok", "y = Deconvolution data | group: 2 " + PADDED),
    "behind_relu": ("ok", "r = ReLU data\ny = Deconvolution r | " + PADDED),
    "behind_dropout": ("-", "r = Dropout data\ny = Deconvolution r | " + PADDED),
    "behind_the_same_shape": (
        "-",
        "r = Reshape data | shape { dim: 0 dim: 4 dim: 8 dim: 8 }\ny = Deconvolution r | " + PADDED,
    ),
    "behind_another_shape": (
        "ok",
        "data = Input | shape { dim: 1 dim: 4 dim: 4 dim: 16 }\n"
        "r = Reshape data | shape { dim: 0 dim: 4 dim: 8 dim: 8 }\ny = Deconvolution r | " + PADDED,
    ),
    "beside_tanh": ("ok", "t = TanH data\ny = Deconvolution data | " + PADDED),
    "beside_conv": ("-", "t = Convolution data | num_output: 5 kernel_size: 3\ny = Deconvolution data | " + PADDED),
    "beside_depthwise": (
        "ok",
        "t = Convolution data | num_output: 4 group: 4 kernel_size: 3\ny = Deconvolution data | " + PADDED,
    ),
    **{
        f"c{channels}": (
            "-" if channels in (1, 3) else "ok",
            f"data = Input | shape {{ dim: 1 dim: {channels} dim: 8 dim: 8 }}\ny = Deconvolution data | {PADDED}",
        )
        for channels in (1, 2, 3, 5)
    },
}
"""Deconvolutions on an input of the net, of four channels if nothing else is said."""
CUT = (
    "data = Input | shape {{ dim: 1 dim: 4 dim: 6 dim: 6 }}\nz = Input | shape {{ dim: 1 {} }}\n"
    "y = Crop data z | axis: 1 offset: {} offset: {} offset: {}"
)
RKNN2 = {
    # A Crop of the last channels and the first rows.
    "crop_channels_rows": ("WRONG", CUT.format("dim: 2 dim: 5 dim: 6", 0, 1, 0)),
    "crop_channels_rows_columns": ("ok", CUT.format("dim: 2 dim: 5 dim: 3", 0, 1, 1)),
    "crop_first_channels_rows": ("ok", CUT.format("dim: 2 dim: 5 dim: 6", 1, 1, 0)),
    "crop_channels_last_rows": ("ok", CUT.format("dim: 2 dim: 5 dim: 6", 0, 0, 0)),
    "crop_rows_alone": ("ok", CUT.format("dim: 4 dim: 5 dim: 6", 0, 1, 0)),
    **{f"deconv_on_input_{name}": case for name, case in DECONVOLUTIONS.items()},
    **{
        f"avepool_h{n}k{k}s{s}p{p}": (did, _maximum(n, k, s, p).replace("Pooling c |", "Pooling c | pool: AVE"))
        for (n, k, s, p), did in MEANS.items()
    },
    **{f"conv_h{n}k{k}s{s}p{p}": (did, _shared(n, k, s, p)) for (n, k, s, p), did in SHARED.items()},
    **{f"maxpool_h{n}k{k}s{s}p{p}": (did, _maximum(n, k, s, p)) for (n, k, s, p), did in CLIPPED.items()},
    "upsample_scale_with_a_point": ("-", "y = Upsample data | scale: 2.0"),
    "upsample_3": ("WRONG", CONV + "y = Upsample c | scale: 3"),
    "upsample_3_of_a_cell": ("ok", _on("dim: 1 dim: 1", "y = Upsample n | scale: 3")),
    "upsample_3_of_a_row": ("WRONG", _on("dim: 1 dim: 7", "y = Upsample n | scale: 3")),
    "upsample_2_of_a_row": ("ok", _on("dim: 1 dim: 7", "y = Upsample n | scale: 2")),
    "upsample_4": ("WRONG", "y = Upsample data | scale: 4"),
    "upsample_2_twice": ("ok", CONV + "u = Upsample c | scale: 2\ny = Upsample u | scale: 2"),
    # What it does not have it leaves out where nothing looks for the top by its name; elsewhere it refuses the file.
    "unknown_last": ("WRONG", CONV + "y = ELU c"),
    "unknown_last_absval": ("WRONG", CONV + "y = AbsVal c"),
    "unknown_in_place": ("WRONG", CONV + "c = ELU c\ny = Convolution c | num_output: 4 kernel_size: 1"),
    "unknown_in_place_last": ("WRONG", CONV + "c = Log c"),
    "unknown_then_conv": ("-", CONV + "y = ELU c\nz = Convolution y | num_output: 4 kernel_size: 1"),
    "unknown_then_relu": ("-", CONV + "y = AbsVal c\nz = ReLU y"),
    "unknown_then_power": ("-", CONV + "y = MVN c\nz = Power y | scale: 0.5"),
    # Layers in place that end the net.
    "last_bn_scale_in_place": ("ok", STACKED + NORMALISED),
    "last_bn_scale_relu_in_place": ("-", STACKED + NORMALISED + "c = ReLU c"),
    "last_bn_scale_then_relu": ("ok", STACKED + NORMALISED + "y = ReLU c"),
    "inner_bn_scale_relu_in_place": (
        "ok",
        STACKED + NORMALISED + "c = ReLU c\ny = Convolution c | num_output: 4 kernel_size: 3",
    ),
    "last_tanh_relu_in_place": ("-", STACKED + "c = TanH c\nc = ReLU c"),
    "last_relu_in_place": ("ok", STACKED + "c = ReLU c"),
    "last_scale_dropout_in_place": ("-", STACKED + "c = Scale c | bias_term: true\nc = Dropout c"),
    # Maxima over windows larger than the map.
    "maxpool_k13p6_on_12": ("WRONG", _on("dim: 12 dim: 12", "y = Pooling n | kernel_size: 13 stride: 1 pad: 6")),
    "maxpool_k13p6_on_13": ("ok", _on("dim: 13 dim: 13", "y = Pooling n | kernel_size: 13 stride: 1 pad: 6")),
    "maxpool_k13p6_on_7": ("ok", _on("dim: 7 dim: 7", "y = Pooling n | kernel_size: 13 stride: 1 pad: 6")),
    "maxpool_k5p2_on_4": ("WRONG", _on("dim: 4 dim: 4", "y = Pooling n | kernel_size: 5 stride: 1 pad: 2")),
    "maxpool_k5p2_on_3": ("ok", _on("dim: 3 dim: 3", "y = Pooling n | kernel_size: 5 stride: 1 pad: 2")),
    "maxpool_k5p2_on_4x8": ("WRONG", _on("dim: 4 dim: 8", "y = Pooling n | kernel_size: 5 stride: 1 pad: 2")),
    "maxpool_k3s2p1_on_2": ("WRONG", _on("dim: 2 dim: 2", "y = Pooling n | kernel_size: 3 stride: 2 pad: 1")),
    "maxpool_k1s2_on_8": ("-", CONV + "y = Pooling c | kernel_size: 1 stride: 2"),
    "maxpool_w1s2_h3p1": (
        "-",
        CONV + "y = Pooling c | kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0",
    ),
    "maxpool_w1s3_h3p1": (
        "-",
        CONV + "y = Pooling c | kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 3 pad_h: 1 pad_w: 0",
    ),
    "maxpool_k2s5p1": ("-", CONV + "y = Pooling c | kernel_size: 2 stride: 5 pad: 1"),
    "avepool_k2s5p1": ("-", CONV + "y = Pooling c | pool: AVE kernel_size: 2 stride: 5 pad: 1"),
    "maxpool_k2s4p1": ("ok", CONV + "y = Pooling c | kernel_size: 2 stride: 4 pad: 1"),
    "maxpool_k2s2p1_on_7": ("-", _on("dim: 7 dim: 7", "y = Pooling n | kernel_size: 2 stride: 2 pad: 1")),
    "maxpool_k1s2_on_7": ("ok", _on("dim: 7 dim: 7", "y = Pooling n | kernel_size: 1 stride: 2")),
    "avepool_k9p4_on_8": ("ok", _on("dim: 8 dim: 8", "y = Pooling n | pool: AVE kernel_size: 9 stride: 1 pad: 4")),
    "avepool_k5p2_on_4": ("ok", _on("dim: 4 dim: 4", "y = Pooling n | pool: AVE kernel_size: 5 stride: 1 pad: 2")),
    # Products with a single number.
    "ip_of_one_number": ("WRONG", "a = InnerProduct data | num_output: 1\ny = InnerProduct a | num_output: 24"),
    "ip_of_one_number_to_one": ("WRONG", "a = InnerProduct data | num_output: 1\ny = InnerProduct a | num_output: 1"),
    "ip_of_one_number_b2": (
        "WRONG",
        "data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }\n"
        "a = InnerProduct data | num_output: 1\ny = InnerProduct a | num_output: 24",
    ),
    "ip_of_two_numbers": ("ok", "a = InnerProduct data | num_output: 2\ny = InnerProduct a | num_output: 24"),
    "conv_of_one_number": (
        "ok",
        "a = Convolution data | num_output: 1 kernel_size: 8\ny = Convolution a | num_output: 24 kernel_size: 1",
    ),
    # Axes.
    "reshape_axis2_rest": ("WRONG", "y = Reshape data | shape { dim: -1 } axis: 2"),
    "reshape_axis1_kept": ("WRONG", "y = Reshape data | shape { dim: 0 dim: -1 } axis: 1"),
    "flatten_0_1": ("WRONG", "y = Flatten data | axis: 0 end_axis: 1"),
    "flatten_axis3": ("WRONG", "y = Flatten data | axis: 3"),
    "flatten_axis2_softmax": ("WRONG", CONV + "y = Flatten c | axis: 2\nz = Softmax y | axis: 1"),
    "flatten_axis2_b2": ("WRONG", "data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }\ny = Flatten data | axis: 2"),
    "flatten_softmax": ("ok", CONV + "y = Flatten c\nz = Softmax y | axis: 1"),
}
BOTH = "f = Flatten data\na = InnerProduct data | num_output: 256\n"
SUMS = "s = Sigmoid data\nt = TanH data\n"
DEPTHWISE = "d = Convolution data | num_output: {} kernel_size: 3 group: {}\n"
MNN = {
    # A Bias that is joined takes the name of the Convolution.
    "depthwise_bias": ("WRONG", DEPTHWISE.format(4, 4) + "y = Bias d"),
    "depthwise_bias_twice": ("WRONG", DEPTHWISE.format(4, 4) + "b = Bias d\ny = Bias b"),
    "depthwise_two_for_each_bias": ("WRONG", DEPTHWISE.format(8, 4) + "y = Bias d"),
    "depthwise_bias_of_images": ("WRONG", DEPTHWISE.format(4, 4) + "y = Bias d | axis: 0 num_axes: 2"),
    "depthwise_bias_of_rows": ("ok", DEPTHWISE.format(4, 4) + "y = Bias d | axis: 2 num_axes: 1"),
    "depthwise_bias_read": ("ok", DEPTHWISE.format(4, 4) + "b = Bias d\ny = Sigmoid b"),
    "depthwise_read_bias": ("ok", DEPTHWISE.format(4, 4) + "y = Bias d\nz = Sigmoid d"),
    "depthwise_relu_bias": ("ok", DEPTHWISE.format(4, 4) + "r = ReLU d\ny = Bias r"),
    "depthwise_scale": ("ok", DEPTHWISE.format(4, 4) + "y = Scale d | bias_term: true"),
    "groups_bias": ("ok", DEPTHWISE.format(4, 2) + "y = Bias d"),
    # shrink_factor divides the size, not the steps between cells.
    "interp_shrink2": ("ok", "y = Interp data | shrink_factor: 2"),
    "interp_shrink3": ("WRONG", "y = Interp data | shrink_factor: 3"),
    # A zoom_factor that is set is an addend of the scale, where it is 1 too; height and width count before it.
    "interp_shrink2_zoom1": ("WRONG", "y = Interp data | shrink_factor: 2 zoom_factor: 1"),
    "interp_zoom1": ("WRONG", "y = Interp data | zoom_factor: 1"),
    "interp_hw_zoom1": ("ok", "y = Interp data | height: 6 width: 5 zoom_factor: 1"),
    "interp_shrink3_on_9": ("ok", _on("dim: 9 dim: 12", "y = Interp n | shrink_factor: 3")),
    "interp_shrink2_on_9": ("WRONG", _on("dim: 9 dim: 12", "y = Interp n | shrink_factor: 2")),
    "interp_hw_pad": ("WRONG", "y = Interp data | height: 9 width: 7 pad_beg: -1 pad_end: -2"),
    "ip_of_16x16": (
        "-",
        "r = Reshape data | shape { dim: 0 dim: 16 dim: 16 }\ny = InnerProduct r | num_output: 5 axis: 2",
    ),
    "ip_of_4x64": (
        "ok",
        "r = Reshape data | shape { dim: 0 dim: 4 dim: 64 }\ny = InnerProduct r | num_output: 5 axis: 2",
    ),
    "ip_of_16x16_kept": (
        "ok",
        "r = Reshape data | shape { dim: 0 dim: 16 dim: 16 }\n"
        "k = ReLU r | negative_slope: 1\ny = InnerProduct k | num_output: 5 axis: 2",
    ),
    # Coefficients make a difference of a sum, whatever they are.
    "elt_sum_coeff_ones": ("WRONG", SUMS + "y = Eltwise s t | operation: SUM coeff: 1 coeff: 1"),
    "elt_sum_coeff_three_ones": ("WRONG", SUMS + "y = Eltwise s t data | operation: SUM coeff: 1 coeff: 1 coeff: 1"),
    "elt_sum_coeff_m1_1": ("WRONG", SUMS + "y = Eltwise s t | operation: SUM coeff: -1 coeff: 1"),
    "elt_sum_coeff_1_m1": ("ok", SUMS + "y = Eltwise s t | operation: SUM coeff: 1 coeff: -1"),
    # What it leaves out is missing where it is an output.
    "split_output": ("WRONG", CONV + "a b = Split c\ny = ReLU a"),
    "two_alike": ("WRONG", "a = ReLU data\nb = ReLU data"),
    "two_alike_read": ("ok", "a = Sigmoid data\nb = Sigmoid data\nc = TanH b"),
    # What a Flatten gives has the axes of a map there.
    "flatten_softmax_last": ("WRONG", "f = Flatten data\ny = Softmax f | axis: -1"),
    "flatten_tanh_softmax_last": ("WRONG", "f = Flatten data\nt = TanH f\ny = Softmax t | axis: -1"),
    "flatten_concat_last": (
        "WRONG",
        "p = Pooling data | pool: AVE global_pooling: true\nf = Flatten p\n"
        "a = InnerProduct data | num_output: 4\ny = Concat f a | axis: -1",
    ),
    "flatten_slice_last": ("-", "f = Flatten data\na b = Slice f | axis: -1 slice_point: 1"),
    "flatten_softmax": ("ok", "f = Flatten data\ny = Softmax f"),
    "rows_softmax_last": ("ok", "f = Reshape data | shape { dim: 0 dim: -1 }\ny = Softmax f | axis: -1"),
    "product_softmax_last": ("ok", "f = InnerProduct data | num_output: 4\ny = Softmax f | axis: -1"),
    "vector_and_flatten": ("WRONG", f"{BOTH}y = Concat a f"),
    "flatten_and_vector": ("ok", f"{BOTH}y = Concat f a"),
    "vector_and_relu_of_flatten": ("WRONG", f"{BOTH}r = ReLU f\ny = Concat a r"),
    "vector_and_product_with_flatten": ("WRONG", f"{BOTH}s = Eltwise f a | operation: PROD\ny = Concat a s"),
    "vector_and_product_behind_it": ("ok", f"{BOTH}s = Eltwise a f | operation: PROD\ny = Concat a s"),
}

FOR_ONE: dict[str, dict[str, tuple[str, str]]] = {
    "caffe": {**VIEWS, **in_place("caffe"), **axes("caffe")},
    "opencv": {**OPENCV, **in_place("opencv"), **axes("opencv")},
    "rknn2": {**RKNN2, **in_place("rknn2"), **AXES_IN_RKNN2},
    "openvino": {**OPENVINO, **AXES_IN_OPENVINO},
    "mnn": {**MNN, **in_place("mnn"), **axes("mnn")},
    "ncnn": {**NCNN, **in_place("ncnn"), **axes("ncnn")},
    "caffe2onnx": {**CAFFE2ONNX, **in_place("caffe2onnx"), **axes("caffe2onnx")},
    "x2paddle": {**X2PADDLE, **axes("x2paddle")},
}
"""By reader and name: what it does, in the words of the table, and the net."""
