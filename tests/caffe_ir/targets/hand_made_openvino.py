"""Hand-made nets that OpenVINO alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

CONV = "c = Convolution data | num_output: 4 kernel_size: 1\n"
OPENVINO = {
    "interp_shrink2": ("-", "y = Interp data | shrink_factor: 2"),
    "interp_shrink2_zoom3": ("-", "y = Interp data | shrink_factor: 2 zoom_factor: 3"),
    "interp_hw_pad": ("-", "y = Interp data | height: 9 width: 7 pad_beg: -1 pad_end: -2"),
    "max_of_multiple_2": ("WRONG", CONV + "s = Power c | scale: 2\ny = Eltwise c s | operation: MAX"),
    "max_of_multiple_2_first": ("WRONG", CONV + "s = Power c | scale: 2\ny = Eltwise s c | operation: MAX"),
    "max_of_multiple_2_shifted": ("ok", CONV + "s = Power c | scale: 2 shift: 0.5\ny = Eltwise c s | operation: MAX"),
    "max_of_multiple_half": ("ok", CONV + "s = Power c | scale: 0.5\ny = Eltwise c s | operation: MAX"),
    "max_of_multiple_below_0": ("ok", CONV + "s = Power c | scale: -3\ny = Eltwise c s | operation: MAX"),
    "max_of_scaled_channels": ("ok", CONV + "s = Scale c\ny = Eltwise c s | operation: MAX"),
    "interp_zoom3": ("WRONG", "y = Interp data | zoom_factor: 3"),
    "interp_hw_x": ("ok", "y = Interp data | height: 5 width: 20"),
    "openvino_places_of_one_map": (
        "ok",
        "data = Input | shape { dim: 1 dim: 1 dim: 9 dim: 7 }\ny p = Pooling data | kernel_size: 3 stride: 2 pad: 1",
    ),
    "openvino_places_of_two_images": (
        "WRONG",
        "data = Input | shape { dim: 2 dim: 1 dim: 9 dim: 7 }\ny p = Pooling data | kernel_size: 3 stride: 2 pad: 1",
    ),
    # Windows that Caffe takes off where there is padding.
    "openvino_max_w1s2_h3p1": (
        "WRONG",
        CONV + "y = Pooling c | kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0",
    ),
    "openvino_max_w1s3_h3p1": (
        "WRONG",
        CONV + "y = Pooling c | kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 3 pad_h: 1 pad_w: 0",
    ),
    "openvino_max_h1s2_w3p1": (
        "WRONG",
        CONV + "y = Pooling c | kernel_h: 1 kernel_w: 3 stride_h: 2 stride_w: 1 pad_h: 0 pad_w: 1",
    ),
    "openvino_max_w2s2_h3p1": (
        "ok",
        CONV + "y = Pooling c | kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0",
    ),
    "openvino_ave_w1s2_h3p1": (
        "WRONG",
        CONV + "y = Pooling c | pool: AVE kernel_h: 3 kernel_w: 1 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0",
    ),
    "openvino_max_k1s2": ("ok", CONV + "y = Pooling c | kernel_size: 1 stride: 2"),
    "openvino_max_k2s5p1": ("WRONG", CONV + "y = Pooling c | kernel_size: 2 stride: 5 pad: 1"),
    "openvino_ave_k2s5p1": ("WRONG", CONV + "y = Pooling c | pool: AVE kernel_size: 2 stride: 5 pad: 1"),
}
