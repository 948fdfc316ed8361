"""Hand-made nets that OpenCV alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

SQUARE, TWO = (
    "data = Input | shape { dim: 1 dim: 9 dim: 9 dim: 9 }\n",
    "data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }\n",
)
CONV, NORM = "c = Convolution data | num_output: 4 kernel_size: 3\n", "c = BatchNorm data | use_global_stats: true\n"
FACTORS = {
    "alone_m3": ("-", "y = Scale data | axis: -3"),
    "alone_m1": ("-", "y = Scale data | axis: -1"),
    "alone_m4_of_two_images": ("-", TWO + "y = Scale data | axis: -4"),
    "alone_one": ("ok", "y = Scale data | axis: -3 num_axes: 0"),
    "conv_m3": ("ok", CONV + "y = Scale c | axis: -3"),
    "conv_m3_bias": ("ok", CONV + "y = Scale c | axis: -3 bias_term: true"),
    "conv_drop_m3": ("ok", CONV + "d = Dropout c\ny = Scale d | axis: -3"),
    "conv_relu_m3": ("-", CONV + "r = ReLU c\ny = Scale r | axis: -3"),
    "conv_read_twice_m3": ("-", CONV + "y = Scale c | axis: -3\nz = TanH c"),
    "conv_m2": ("-", CONV + "y = Scale c | axis: -2"),
    "conv_one": ("ok", CONV + "y = Scale c | axis: -1 num_axes: 0"),
    "conv_images": ("-", TWO + CONV + "y = Scale c | axis: 0"),
    "deconv_m3": ("ok", "d = Deconvolution data | num_output: 4 kernel_size: 2 stride: 2\ny = Scale d | axis: -3"),
    "conv_as_many_m1": (
        "WRONG",
        SQUARE + "c = Convolution data | num_output: 9 kernel_size: 1\ny = Scale c | axis: -1",
    ),
    "norm_m3": ("ok", NORM + "y = Scale c | axis: -3"),
    "norm_m2": ("-", NORM + "y = Scale c | axis: -2"),
    "norm_as_many_m2": ("WRONG", SQUARE + NORM + "y = Scale c | axis: -2"),
}
"""Of a Scale from several axes on: what follows the name is what stands before it, and the axis."""
UP = "y = Deconvolution data | num_output: {} group: {} kernel_size: {} stride: 2\n"
SUM = "data = Input | shape {{ {} }}\na = TanH data\nb = Sigmoid data\ne = Eltwise a b\n"
ROWS = "p = InnerProduct data | num_output: {} axis: {}\n"
PADDED = {
    "conv_pad_h_alone": ("WRONG", "y = Convolution data | num_output: 3 kernel_h: 3 kernel_w: 1 pad_h: 1"),
    "conv_pad_w_alone": ("WRONG", "y = Convolution data | num_output: 3 kernel_size: 3 pad_w: 1"),
    "conv_pad_w_alone_of_0": ("ok", "y = Convolution data | num_output: 3 kernel_size: 3 pad_w: 0"),
    "conv_pad_h_and_w": ("ok", "y = Convolution data | num_output: 3 kernel_size: 3 pad_h: 0 pad_w: 1"),
    "deconv_pad_w_alone": ("WRONG", "y = Deconvolution data | num_output: 3 kernel_h: 1 kernel_w: 3 pad_w: 1"),
}
"""The pads of one axis alone, in ncnn too."""
OPENCV = {
    **{f"factors_{name}": case for name, case in FACTORS.items()},
    # zoom_factor counts before height and width, and the rest of interp_param is ignored.
    "interp_shrink2": ("-", "y = Interp data | shrink_factor: 2"),
    "interp_shrink2_zoom1": ("WRONG", "y = Interp data | shrink_factor: 2 zoom_factor: 1"),
    "interp_shrink2_zoom3": ("WRONG", "y = Interp data | shrink_factor: 2 zoom_factor: 3"),
    "interp_hw_zoom1": ("WRONG", "y = Interp data | height: 6 width: 5 zoom_factor: 1"),
    "interp_hw_shrink1": ("ok", "y = Interp data | height: 6 width: 5 shrink_factor: 1 pad_beg: 0"),
    "interp_hw_pad": ("WRONG", "y = Interp data | height: 9 width: 7 pad_beg: -1 pad_end: -2"),
    "interp_zoom2_pad": ("WRONG", "y = Interp data | zoom_factor: 2 pad_beg: -1"),
    # A Deconvolution of several groups takes the factors behind it for those of other channels.
    "deconv_groups_bn": ("WRONG", UP.format(4, 4, 2) + "z = BatchNorm y | use_global_stats: true"),
    "deconv_groups_bn_scale": ("WRONG", UP.format(4, 4, 2) + "z = BatchNorm y\nw = Scale z | bias_term: true"),
    "deconv_groups_dropout_bn": ("WRONG", UP.format(4, 4, 2) + "d = Dropout y\nz = BatchNorm d"),
    "deconv_groups_scale": ("WRONG", UP.format(4, 4, 2) + "z = Scale y | bias_term: true"),
    "deconv_two_groups_scale": ("WRONG", UP.format(2, 2, 2) + "z = Scale y"),
    "deconv_more_outputs_scale": ("WRONG", UP.format(8, 4, 1) + "z = Scale y"),
    "deconv_groups_of_a_cell_scale": ("ok", UP.format(4, 4, 1) + "z = Scale y"),
    "deconv_one_group_bn_scale": ("ok", UP.format(4, 1, 2) + "z = BatchNorm y\nw = Scale z | bias_term: true"),
    "deconv_groups_one_factor": ("ok", UP.format(4, 4, 2) + "z = Scale y | num_axes: 0"),
    "deconv_groups_power": ("ok", UP.format(4, 4, 2) + "z = Power y | scale: 0.5 shift: 1"),
    "deconv_groups_relu_bn": ("ok", UP.format(4, 4, 2) + "r = ReLU y\nz = BatchNorm r"),
    "deconv_groups_read_twice": ("ok", UP.format(4, 4, 2) + "t = TanH y\nz = BatchNorm y"),
    "deconv_groups_view_bn": (
        "ok",
        UP.format(4, 4, 2) + "r = Reshape y | shape { dim: 0 dim: 4 dim: 16 dim: 16 }\nz = BatchNorm r",
    ),
    # So does an Eltwise with factors and slopes of channels, where it has fewer than four axes.
    "eltwise_batchnorm_2d": ("WRONG", SUM.format("dim: 2 dim: 6") + "y = BatchNorm e"),
    "eltwise_batchnorm_3d": ("WRONG", SUM.format("dim: 1 dim: 6 dim: 5") + "y = BatchNorm e"),
    "eltwise_batchnorm_4d": ("ok", SUM.format("dim: 1 dim: 6 dim: 5 dim: 3") + "y = BatchNorm e"),
    "eltwise_prelu_2d": ("WRONG", SUM.format("dim: 2 dim: 6") + "y = PReLU e"),
    "eltwise_prelu_3d": ("WRONG", SUM.format("dim: 1 dim: 6 dim: 5") + "y = PReLU e"),
    "eltwise_prelu_4d": ("ok", SUM.format("dim: 1 dim: 6 dim: 5 dim: 3") + "y = PReLU e"),
    "eltwise_prelu_shared_2d": ("ok", SUM.format("dim: 2 dim: 6") + "y = PReLU e | channel_shared: true"),
    "eltwise_scale_2d": ("ok", SUM.format("dim: 2 dim: 6") + "y = Scale e"),
    # An InnerProduct of rows, with slopes that are those of channels.
    **{
        f"product_axis{axis}_{count}_prelu": (done, ROWS.format(count, axis) + "y = PReLU p")
        for axis, count, done in [
            (1, 5, "ok"),
            (2, 1, "WRONG"),
            (2, 4, "WRONG"),
            (2, 5, "-"),
            (3, 3, "WRONG"),
            (3, 4, "WRONG"),
            (3, 5, "-"),
        ]
    },
    "product_axis3_prelu_shared": ("ok", ROWS.format(5, 3) + "y = PReLU p | channel_shared: true"),
    "product_axis3_tanh_prelu": ("ok", ROWS.format(5, 3) + "t = TanH p\ny = PReLU t"),
    "product_axis3_scale": ("ok", ROWS.format(5, 3) + "y = Scale p"),
    "product_axis3_elu": ("ok", ROWS.format(5, 3) + "y = ELU p"),
    # A Flatten of no axis.
    "flatten_end_before_axis": ("-", "y = Flatten data | end_axis: 0"),
    "flatten_end_is_axis": ("ok", "y = Flatten data | end_axis: 1"),
    # Windows of one cell.
    "deconv_k1p1": ("WRONG", "y = Deconvolution data | num_output: 3 kernel_size: 1 pad: 1"),
    "deconv_k1p1_groups": ("WRONG", "y = Deconvolution data | num_output: 4 group: 4 kernel_size: 1 pad: 1"),
    "deconv_k1s2p1": ("ok", "y = Deconvolution data | num_output: 3 kernel_size: 1 pad: 1 stride: 2"),
    "deconv_k1x3p1": ("ok", "y = Deconvolution data | num_output: 3 kernel_h: 1 kernel_w: 3 pad_h: 1 pad_w: 1"),
    **PADDED,
}
