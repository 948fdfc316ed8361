"""Hand-made nets of 2 to 5 axes, and with windows and offsets that few people set: what readers do with each."""

from __future__ import annotations

_SHAPES = {2: "dim: 2 dim: 6", 3: "dim: 1 dim: 6 dim: 5", 5: "dim: 1 dim: 2 dim: 5 dim: 3 dim: 4"}
_LAYERS = {
    "batchnorm": "BatchNorm t",
    "bias": "Bias t",
    "conv_k1": "Convolution t | num_output: 2 kernel_size: 1",
    "conv_k2": "Convolution t | num_output: 2 kernel_size: 2",
    "deconv_k1": "Deconvolution t | num_output: 2 kernel_size: 1",
    "deconv_k2": "Deconvolution t | num_output: 2 kernel_size: 2",
    "mean": "Reduction t | operation: MEAN axis: 1",
    "mean_m1": "Reduction t | operation: MEAN axis: -1",
}
_MAP = "data = Input | shape {{ dim: 1 dim: 4 dim: {0} dim: {0} }}\n"
_ONE = "data = Input | shape { dim: 5 }\nt = TanH data\n"
BIASED = """
    p = Pooling data | pool: AVE global_pooling: true
    b = Convolution p | num_output: 4 kernel_size: 1
    f = Flatten b
    y = Scale data f | axis: 0 bias_term: true"""
_LIKE = "r = Input | shape { dim: 1 dim: 2 dim: 3 dim: 3 }\n"
NETS = {
    **{
        f"axes{axes}_{name}": f"data = Input | shape {{ {shape} }}\nt = TanH data\ny = {layer}"
        for axes, shape in _SHAPES.items()
        for name, layer in _LAYERS.items()
        if axes > 3 or not name.startswith(("conv", "deconv")) or (axes, name[-1]) == (3, "2")
    },
    "mean_of_map_m1": "y = Reduction data | operation: MEAN axis: -1",
    "mean_of_map_m2": "y = Reduction data | operation: MEAN axis: -2",
    "pool_k7_on_6": _MAP.format(6) + "y = Pooling data | kernel_size: 7 stride: 2",
    "avepool_k7_on_6": _MAP.format(6) + "y = Pooling data | pool: AVE kernel_size: 7 stride: 2",
    "pool_k7p1_on_6": _MAP.format(6) + "y = Pooling data | kernel_size: 7 stride: 2 pad: 1",
    "pool_k6_on_6": _MAP.format(6) + "y = Pooling data | kernel_size: 6 stride: 2",
    "conv_k5_on_4": _MAP.format(4) + "y = Convolution data | num_output: 3 kernel_size: 5 stride: 2",
    "conv_k3d2_on_4": _MAP.format(4) + "y = Convolution data | num_output: 3 kernel_size: 3 dilation: 2 stride: 2",
    "conv_k5p1_on_4": _MAP.format(4) + "y = Convolution data | num_output: 3 kernel_size: 5 stride: 2 pad: 1",
    "crop_batch_offsets": _LIKE + "y = Crop data r | axis: 0 offset: 0 offset: 1 offset: 2 offset: 1",
    "crop_batch_one_offset": _LIKE + "y = Crop data r | axis: 0 offset: 0",
    "crop_channels_offsets": _LIKE + "y = Crop data r | axis: 1 offset: 1 offset: 2 offset: 1",
    "tanh_of_one_axis": _ONE + "y = Sigmoid t",
    "flatten_2_softmax_m1": "f = Flatten data | axis: 2\ny = Softmax f | axis: -1",
    "flatten_2_softmax_2": "f = Flatten data | axis: 2\ny = Softmax f | axis: 2",
    "flatten_2_concat_m2": "f = Flatten data | axis: 2\nt = TanH f\ny = Concat f t | axis: -2",
    "matrix_and_flatten_2": "f = Flatten data | axis: 2\nr = Reshape data | shape { dim: 0 dim: 4 dim: 64 }\n"
    "t = TanH r\ny = Concat t f",
    "slice_of_three_axes": "data = Input | shape { dim: 1 dim: 6 dim: 5 }\na b = Slice data | slice_point: 1\n"
    "c = Sigmoid a\nd = Sigmoid b",
    "scale2_bias": BIASED,
    "last_dropout": "t = TanH data\ny = Dropout t",
    "last_dropout_in_place": "t = InnerProduct data | num_output: 3\nq : t = Dropout t",
    "inner_dropout": "t = TanH data\nd = Dropout t\ny = Sigmoid d",
    "flatten_beside_product": "f = Flatten data\ny = InnerProduct data | num_output: 3",
    "flatten_read_beside_product": "f = Flatten data\nz = TanH f\ny = InnerProduct data | num_output: 3",
    "reshape_beside_product": "f = Reshape data | shape { dim: 0 dim: -1 }\ny = InnerProduct data | num_output: 3",
}

OPENVINO = {
    "axes2_conv_k1": (
        "-",
        "data = Input | shape { dim: 2 dim: 6 }\ny = Convolution data | num_output: 2 kernel_size: 1",
    ),
    **{name: ("-", NETS[name]) for name in ("axes3_conv_k2", "axes3_deconv_k2", "axes5_conv_k1", "axes5_deconv_k1")},
    "bias_of_two_axes": ("WRONG", "y = Bias data | axis: 0 num_axes: 2"),
    "bias_of_one_axis": ("ok", "y = Bias data | axis: 1"),
    "scale2_bias": ("WRONG", BIASED),
}
RKNN2 = {
    **{name: ("-", NETS[name]) for name in ("axes3_conv_k2", "axes5_conv_k1")},
    "scale2_bias": ("-", BIASED),
}
READERS = ("caffe", "opencv", "mnn", "ncnn", "caffe2onnx", "x2paddle")
DID = {
    "axes2_batchnorm": "ok ok ok WRONG WRONG ok",
    "axes2_bias": "ok - WRONG - - -",
    "axes2_mean": "ok - ok WRONG - ok",
    "axes2_mean_m1": "ok - WRONG WRONG - WRONG",
    "axes3_batchnorm": "ok ok ok ok WRONG -",
    "axes3_bias": "ok - WRONG - - -",
    "axes3_conv_k2": "ok ok WRONG WRONG - -",
    "axes3_deconv_k2": "ok - WRONG WRONG - -",
    "axes3_mean": "ok - ok WRONG - ok",
    "axes3_mean_m1": "ok - WRONG WRONG - WRONG",
    "axes5_batchnorm": "ok ok ok ok WRONG -",
    "axes5_bias": "ok - - - - -",
    "axes5_conv_k1": "ok - - WRONG - -",
    "axes5_conv_k2": "ok - - WRONG - -",
    "axes5_deconv_k1": "ok - - WRONG - -",
    "axes5_deconv_k2": "ok - - WRONG - -",
    "axes5_mean": "ok - WRONG WRONG - ok",
    "axes5_mean_m1": "ok - WRONG WRONG - WRONG",
    "mean_of_map_m1": "ok - ok WRONG - WRONG",
    "mean_of_map_m2": "ok - ok WRONG - WRONG",
    "pool_k7_on_6": "ok - ok WRONG ok ok",
    "avepool_k7_on_6": "ok - ok WRONG ok ok",
    "pool_k7p1_on_6": "ok ok ok ok ok ok",
    "pool_k6_on_6": "ok ok ok ok ok ok",
    "conv_k5_on_4": "ok - ok WRONG - ok",
    "conv_k3d2_on_4": "ok - ok WRONG - ok",
    "conv_k5p1_on_4": "ok ok ok ok ok ok",
    "crop_batch_offsets": "ok ok ok WRONG ok -",
    "crop_batch_one_offset": "ok ok ok ok ok ok",
    "crop_channels_offsets": "ok ok ok ok ok -",
    "last_dropout": "ok ok WRONG ok - ok",
    "last_dropout_in_place": "ok ok WRONG ok - ok",
    "inner_dropout": "ok ok ok ok - ok",
    "flatten_beside_product": "ok ok WRONG ok ok ok",
    "flatten_read_beside_product": "ok ok ok ok ok ok",
    "reshape_beside_product": "ok ok ok ok ok ok",
    "tanh_of_one_axis": "ok ok ok WRONG ok ok",
    "flatten_2_softmax_m1": "ok ok WRONG WRONG - ok",
    "flatten_2_softmax_2": "ok ok ok WRONG - ok",
    "flatten_2_concat_m2": "ok ok WRONG WRONG - ok",
    "matrix_and_flatten_2": "ok ok WRONG WRONG - ok",
    "scale2_bias": "ok WRONG - - WRONG -",
    "slice_of_three_axes": "ok ok ok ok - ok",
}
"""In the words of the table, in the order of the readers."""


def axes(reader: str) -> dict[str, tuple[str, str]]:
    """By name: what a reader does, and the net."""
    place = READERS.index(reader)
    return {name: (DID[name].split()[place], text) for name, text in NETS.items()}
