"""Hand-made nets that ncnn alone was tried with: sequences, and layers on blobs that have fewer axes there."""

from __future__ import annotations

from tests.caffe_ir.targets.hand_made_opencv import PADDED

SEQUENCE = "data = Input | shape {{ dim: {} dim: {} dim: 5 }}\n"
STARTS = "p = InnerProduct data | num_output: 1 axis: 2\nc = Reshape p | shape { dim: 0 dim: -1 }\n"
RECURRENT = f"{STARTS}y = LSTM data c | num_output: 3"
POOLED = "data = Input | shape {{ dim: 1 dim: {} dim: 8 dim: 8 }}\nv = Pooling data | pool: AVE global_pooling: true\n"
SIX, FOUR, ONE = map(POOLED.format, (6, 4, 1))
OF_SIX = f"{SIX}m = Convolution data | num_output: 6 kernel_size: 8\n"
OF_FOUR = f"{FOUR}m = Convolution data | num_output: 4 kernel_size: 8\n"
OF_ONE = f"{ONE}m = Convolution data | num_output: 1 kernel_size: 8\n"
ROW = "r = Reshape data | shape { dim: 0 dim: 1 dim: 256 }\na = InnerProduct r | num_output: 5\n"
OTHER = "b = InnerProduct data | num_output: 5\n"
MATRIX = "r = Reshape data | shape { dim: 0 dim: 8 dim: 32 }\n"
TURNED = "p = Permute v | order: 0 order: {} order: {} order: {}\ny = Softmax p | axis: 3"

VECTORS = {
    "softmax_1": ("ok", SIX + "y = Softmax v"),
    "softmax_3": ("WRONG", SIX + "y = Softmax v | axis: 3"),
    "view_softmax_3": ("ok", SIX + "w = Reshape v | shape { dim: 0 dim: 6 dim: 1 dim: 1 }\ny = Softmax w | axis: 3"),
    "tanh_softmax_2": ("WRONG", SIX + "t = TanH v\ny = Softmax t | axis: 2"),
    "permute_to_columns_softmax": ("ok", SIX + TURNED.format(2, 3, 1)),
    "permute_to_rows_softmax": ("WRONG", SIX + TURNED.format(3, 1, 2)),
    "concat_1": ("ok", SIX + "t = TanH v\ny = Concat v t"),
    "concat_3": ("WRONG", SIX + "t = TanH v\ny = Concat v t | axis: 3"),
    "concat_then_map": ("WRONG", OF_SIX + "y = Concat v m"),
    "concat_behind_map": ("WRONG", OF_SIX + "y = Concat m v"),
    "concat_then_map_of_four": ("ok", OF_FOUR + "y = Concat v m"),
    "concat_then_map_of_four_rows": ("WRONG", OF_FOUR + "y = Concat v m | axis: 2"),
    "concat_behind_map_of_four_rows": ("ok", OF_FOUR + "y = Concat m v | axis: 2"),
    "concat_of_one": ("ok", OF_ONE + "y = Concat v m | axis: 2"),
    "slice": ("ok", SIX + "a b = Slice v | slice_point: 2"),
    "eltwise": ("ok", SIX + "t = TanH v\ny = Eltwise v t | operation: SUM"),
    "eltwise_with_map": ("WRONG", OF_SIX + "y = Eltwise v m | operation: SUM"),
    "eltwise_with_map_of_four": ("ok", OF_FOUR + "y = Eltwise m v | operation: MAX"),
    "scale": ("ok", SIX + "y = Scale v | bias_term: true"),
    "scale_of_two": ("ok", SIX + "f = InnerProduct data | num_output: 6\ny = Scale v f | axis: 0"),
    "bn": ("ok", SIX + "y = BatchNorm v | use_global_stats: true"),
    "prelu": ("ok", SIX + "y = PReLU v"),
    "conv_k1": ("ok", SIX + "y = Convolution v | num_output: 5 kernel_size: 1"),
    "conv_k1_group2": ("-", SIX + "y = Convolution v | num_output: 6 kernel_size: 1 group: 2"),
    "conv_k1_of_channels": ("-", SIX + "y = Convolution v | num_output: 6 kernel_size: 1 group: 6"),
    "conv_k1_of_four_channels": ("ok", FOUR + "y = Convolution v | num_output: 4 kernel_size: 1 group: 4"),
    "conv_k1p1": ("-", SIX + "y = Convolution v | num_output: 5 kernel_size: 1 pad: 1"),
    "conv_k1p1_of_four": ("WRONG", FOUR + "y = Convolution v | num_output: 4 kernel_size: 1 pad: 1"),
    "conv_k3p1": ("-", SIX + "y = Convolution v | num_output: 6 kernel_size: 3 pad: 1"),
    "conv_k3p1_of_four": ("-", FOUR + "y = Convolution v | num_output: 4 kernel_size: 3 pad: 1"),
    "conv_k3p1_of_one": ("-", ONE + "y = Convolution v | num_output: 1 kernel_size: 3 pad: 1"),
    "conv_w3p1": (
        "WRONG",
        SIX + "y = Convolution v | num_output: 6 kernel_h: 1 kernel_w: 3 stride_h: 1 stride_w: 1 pad_h: 0 pad_w: 1",
    ),
    "conv_w3p1_of_one": (
        "ok",
        ONE + "y = Convolution v | num_output: 2 kernel_h: 1 kernel_w: 3 stride_h: 1 stride_w: 1 pad_h: 0 pad_w: 1",
    ),
    "deconv": ("WRONG", SIX + "y = Deconvolution v | num_output: 5 kernel_size: 2 stride: 2"),
    "deconv_of_channels": ("-", SIX + "y = Deconvolution v | num_output: 6 kernel_size: 2 stride: 2 group: 6"),
    "deconv_of_four": ("ok", FOUR + "y = Deconvolution v | num_output: 5 kernel_size: 2 stride: 2"),
    "deconv_of_one": ("ok", ONE + "y = Deconvolution v | num_output: 5 kernel_size: 2 stride: 2"),
    "pool_global": ("WRONG", SIX + "y = Pooling v | global_pooling: true"),
    "pool_global_of_four": ("ok", FOUR + "y = Pooling v | global_pooling: true"),
    "pool_k3p1": ("-", SIX + "y = Pooling v | kernel_size: 3 pad: 1"),
    "pool_k1": ("ok", FOUR + "y = Pooling v | kernel_size: 1"),
    "lrn": ("WRONG", SIX + "y = LRN v | local_size: 3 alpha: 0.5 beta: 0.75"),
    "lrn_of_one_cell": ("ok", SIX + "y = LRN v | local_size: 1 alpha: 0.5 beta: 0.75"),
    "normalize": ("WRONG", SIX + "y = Normalize v | across_spatial: false channel_shared: false"),
    "normalize_shared": ("ok", SIX + "y = Normalize v | across_spatial: true channel_shared: true"),
    "mvn_across": ("ok", SIX + "y = MVN v | across_channels: true"),
    "shuffle": ("-", SIX + "y = ShuffleChannel v | group: 2"),
    "shuffle_of_four": ("ok", FOUR + "y = ShuffleChannel v | group: 2"),
    "crop_to_it": ("WRONG", SIX + "y = Crop data v | axis: 2"),
    "crop_by_itself": ("ok", SIX + "t = TanH v\ny = Crop v t | axis: 2"),
    "crop_of_one": ("ok", ONE + "y = Crop data v | axis: 2 offset: 2 offset: 3"),
    "reshape_kept": ("WRONG", SIX + "y = Reshape v | shape { dim: 0 dim: 0 dim: 1 dim: 1 }"),
    "reshape_rest": ("ok", SIX + "y = Reshape v | shape { dim: 0 dim: -1 dim: 1 dim: 1 }"),
    "product": ("ok", SIX + "y = InnerProduct v | num_output: 3"),
}
ROWS = {
    "reshape_kept_channels": ("WRONG", "y = Reshape data | shape { dim: 0 dim: 0 dim: -1 }"),
    "reshape_kept_columns": ("ok", "a = Reshape data | shape { dim: 0 dim: -1 dim: 0 }\ny = Softmax a | axis: 2"),
    "row_product": ("ok", ROW),
    "row_product_softmax": ("WRONG", ROW + "y = Softmax a"),
    "row_product_slice": ("-", ROW + "b c = Slice a | slice_point: 2"),
    "row_product_concat": ("WRONG", f"{ROW}{OTHER}y = Concat a b"),
    "row_product_concat_behind": ("ok", f"{ROW}{OTHER}y = Concat b a"),
    "row_product_eltwise": ("ok", f"{ROW}{OTHER}y = Eltwise b a"),
    "row_product_scale": ("WRONG", ROW + "y = Scale a | bias_term: true"),
    "row_product_bn": ("WRONG", ROW + "y = BatchNorm a | use_global_stats: true"),
    "row_product_prelu": ("WRONG", ROW + "y = PReLU a"),
    "row_product_product": ("ok", ROW + "y = InnerProduct a | num_output: 3"),
    "matrix_softmax": ("ok", MATRIX + "y = Softmax r"),
    "matrix_mvn": ("WRONG", MATRIX + "y = MVN r"),
    "matrix_mvn_across": ("ok", MATRIX + "y = MVN r | across_channels: true"),
    "matrix_prelu": ("ok", MATRIX + "y = PReLU r"),
    "sum_of_all": (
        "ok",
        "r = Reduction data | operation: SUM axis: 1\n"
        "a = Reshape r | shape { dim: 0 dim: 1 }\ny = InnerProduct a | num_output: 3",
    ),
}
NCNN = {
    "lstm_one_step": ("ok", SEQUENCE.format(1, 1) + RECURRENT),
    "lstm_two_steps": ("WRONG", SEQUENCE.format(2, 1) + RECURRENT),
    "lstm_two_sequences": ("WRONG", SEQUENCE.format(1, 2) + RECURRENT),
    **{f"vector_{name}": case for name, case in VECTORS.items()},
    **ROWS,
    **PADDED,
    "crop_of_five_axes": (
        "WRONG",
        "data = Input | shape { dim: 1 dim: 2 dim: 3 dim: 4 dim: 5 }\n"
        "r = Input | shape { dim: 1 dim: 2 dim: 2 dim: 2 dim: 2 }\ny = Crop data r | axis: 2 offset: 1",
    ),
}
"""By name: what it does, in the words of the table, and the net. A global pooling leaves a vector there, and four
numbers of one lie as four channels of a map do, which is the only reason why some are right."""
