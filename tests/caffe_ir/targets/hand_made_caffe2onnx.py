"""Hand-made nets that caffe2onnx alone was tried with: what it does, in the words of the table, and the net."""

from __future__ import annotations

STATISTICS = "b = BatchNorm data | use_global_stats: true\n"
POOLED = "p = Pooling data | pool: AVE global_pooling: true\n"
TWO = "data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }\n"
ONE = "data = Input | shape { dim: 1 dim: 1 dim: 8 dim: 8 }\n"
EIGHT = "data = Input | shape { dim: 1 dim: 8 dim: 8 dim: 8 }\n"
COLUMNS = "data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 4 }\n"
CAFFE2ONNX = {
    # A BatchNorm is computed with the Scale that stands behind it in the file, whatever that reads.
    "bn_then_relu": ("WRONG", STATISTICS + "y = ReLU b"),
    "bn_then_scale_later": ("WRONG", STATISTICS + "t = TanH data\ns = Scale b | bias_term: true\ny = Eltwise s t"),
    "bn_then_other_scale": (
        "-",
        f"t = TanH data\n{STATISTICS}s = Scale t | bias_term: true\ny = Eltwise b s",
    ),
    "bn_scale_nobias": ("-", STATISTICS + "y = Scale b"),
    "bn_scale_of_two": (
        "-",
        f"p = Pooling data | pool: AVE global_pooling: true\nf = Flatten p\n{STATISTICS}y = Scale b f | axis: 0",
    ),
    "bn_scale_apart": ("-", STATISTICS + "s = Scale b | bias_term: true\ny = ReLU s"),
    "bn_scale_in_place": ("ok", STATISTICS + "b = Scale b | bias_term: true\ny = ReLU b"),
    "bn_read_twice": ("-", STATISTICS + "s = Scale b | bias_term: true\nt = TanH b\ny = Eltwise s t"),
    "bn_scale_of_rows": (
        "ok",
        "a = InnerProduct data | num_output: 6\nb = BatchNorm a | use_global_stats: true\n"
        "y = Scale b | bias_term: true",
    ),
    # The slopes of a PReLU lie along the last axis.
    "prelu_as_many_columns": ("WRONG", "data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 4 }\ny = PReLU data"),
    "prelu_one_column": ("WRONG", "data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 1 }\ny = PReLU data"),
    "prelu_one_cell": ("WRONG", "data = Input | shape { dim: 1 dim: 4 dim: 1 dim: 1 }\ny = PReLU data"),
    "axpy_rows": ("-", POOLED + "f = Flatten p\ny = Axpy f data data"),
    "axpy_product": ("-", "a = InnerProduct data | num_output: 4\ny = Axpy a data data"),
    "axpy_rows_of_two": ("-", TWO + POOLED + "f = Flatten p\ny = Axpy f data data"),
    "axpy_rows_of_8": ("WRONG", EIGHT + POOLED + "f = Flatten p\ny = Axpy f data data"),
    "axpy_rows_on_4_columns": ("WRONG", COLUMNS + POOLED + "f = Flatten p\ny = Axpy f data data"),
    "axpy_rows_of_one": ("ok", ONE + POOLED + "f = Flatten p\ny = Axpy f data data"),
    "axpy_map_of_two": ("ok", TWO + POOLED + "y = Axpy p data data"),
    "axpy_view_of_rows": (
        "ok",
        "a = InnerProduct data | num_output: 4\nb = Reshape a | shape { dim: 0 dim: 4 dim: 1 dim: 1 }\n"
        "y = Axpy b data data",
    ),
    "prelu_one_channel": ("ok", "data = Input | shape { dim: 1 dim: 1 dim: 8 dim: 8 }\ny = PReLU data"),
}
