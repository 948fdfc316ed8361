"""Hand-made nets that X2Paddle alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

STATISTICS = "b = BatchNorm data | use_global_stats: true\n"
OF_ONE_CHANNEL = "data = Input | shape { dim: 1 dim: 1 dim: 8 dim: 8 }\n"
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
}
