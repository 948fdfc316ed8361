"""Hand-made nets that X2Paddle alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

STATISTICS = "b = BatchNorm data | use_global_stats: true\n"
OF_ONE_CHANNEL = "data = Input | shape { dim: 1 dim: 1 dim: 8 dim: 8 }\n"
OF_A_ROW = "data = Input | shape {{ {} }}\np = InnerProduct data | num_output: 4\n"
X2PADDLE = {
    "upsample_scale_with_a_point": ("-", "y = Upsample data | scale: 2.0"),
    # Weights of one number lose their axis, and are not loaded.
    "x2_bn_one_channel": ("WRONG", OF_ONE_CHANNEL + "y = BatchNorm data | use_global_stats: true"),
    "x2_bn_one_channel_scale": (
        "WRONG",
        f"{OF_ONE_CHANNEL}{STATISTICS}y = Scale b | bias_term: true",
    ),
    "x2_prelu_one_channel": ("WRONG", OF_ONE_CHANNEL + "y = PReLU data"),
    "x2_scale_one_channel": ("ok", OF_ONE_CHANNEL + "y = Scale data | bias_term: true"),
    "x2_convolution_to_one_channel": ("ok", OF_ONE_CHANNEL + "y = Convolution data | num_output: 1 kernel_size: 3"),
    # An InnerProduct of a row keeps the axes before it.
    "product_of_row": ("ok", OF_A_ROW.format("dim: 2 dim: 1 dim: 8")),
    "product_of_row_softmax": ("WRONG", OF_A_ROW.format("dim: 2 dim: 1 dim: 8") + "y = Softmax p"),
    "product_of_row_concat": ("WRONG", OF_A_ROW.format("dim: 1 dim: 1 dim: 8") + "s = Sigmoid p\ny = Concat p s"),
    "product_of_row_in_map_softmax": ("WRONG", OF_A_ROW.format("dim: 2 dim: 1 dim: 1 dim: 8") + "y = Softmax p"),
    "product_of_column_softmax": ("ok", OF_A_ROW.format("dim: 2 dim: 8 dim: 1") + "y = Softmax p"),
    "product_of_rows_softmax": ("ok", OF_A_ROW.format("dim: 2 dim: 3 dim: 8") + "y = Softmax p"),
}
