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
}
