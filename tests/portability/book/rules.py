"""Rules that several readers have, and those of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.portability.book.layer import Layer

Rule = tuple[str, str, Callable[[Layer], bool]]
"""The type that it is about, the rule in a few words, and whether a layer breaks it."""
Book = tuple[frozenset[str], list[Rule]]
"""The types that a reader has, and its rules."""


def types(text: str) -> frozenset[str]:
    return frozenset(text.split())


def is_mean(layer: Layer) -> bool:
    return bool(layer.value("pool", "MAX") == "AVE")


def reaches_beyond(layer: Layer) -> bool:
    """Whether a window covers cells behind the padded map."""
    reach = zip(layer.bottoms[0][2:], layer.tops[0][2:], layer.kernel, layer.stride, layer.pad, strict=True)
    return any((count - 1) * step + taps > size + 2 * pad for size, count, taps, step, pad in reach)


def starts_in_the_padding(layer: Layer) -> bool:
    """Whether counting windows upwards gives one more than Caffe, which drops one that begins behind the map."""
    reach = zip(layer.bottoms[0][2:], layer.tops[0][2:], layer.kernel, layer.stride, layer.pad, strict=True)
    return any(-(-(size + 2 * pad - taps) // step) + 1 != count for size, count, taps, step, pad in reach)


def coefficients(layer: Layer) -> tuple[float, ...]:
    return tuple(layer.value("coeff", ()))


def second_is_rows_and_channels(layer: Layer) -> bool:
    return layer.value("axis", 1) == 0 and len(layer.bottoms[1]) == 2


def per_channel(layer: Layer) -> bool:
    return layer.value("axis", 1) == 1 and layer.value("num_axes", 1) == 1


def names(layer: Layer) -> Iterator[str]:
    yield layer.message.name
    yield from layer.message.top


def many_to_many(layer: Layer) -> bool:
    return layer.message.type == "Slice" and len(layer.message.top) > 2


def on(kinds: str, text: str, broken: Callable[[Layer], bool]) -> list[Rule]:
    return [(kind, text, broken) for kind in kinds.split()]


EVERY: list[Rule] = [
    *on(
        "*", "no rules of phases", lambda a: bool(a.message.include or a.message.exclude) or a.message.HasField("phase")
    ),
    *on("*", "names without blanks", lambda a: any(" " in name for name in names(a))),
    *on(
        "*",
        "no ending that a tool takes for an order",
        lambda a: any(re.search("_(cpu|report)$|_splitncnn_", name) for name in names(a)),
    ),
    *on(
        "Convolution Deconvolution Pooling",
        "windows of equal sides in the short form",
        lambda a: any(a.says(f"{one}_h") and len(set(a.pair("", one, 0))) == 1 for one in ("kernel", "stride", "pad")),
    ),
    *on(
        "Convolution Deconvolution",
        "no repeated sizes",
        lambda a: any(len(a.value(one, ())) > 1 for one in ("kernel_size", "stride", "pad")),
    ),
    *on("Pooling", "no global_pooling: false", lambda a: a.says("global_pooling") and not a.value("global_pooling")),
    *on("Pooling", "pool is written", lambda a: not a.says("pool")),
    *on("Pooling", "never round_mode and ceil_mode", lambda a: a.says("round_mode") and a.says("ceil_mode")),
    *on(
        "BatchNorm",
        "use_global_stats is written, and three blobs",
        lambda a: not a.says("use_global_stats") or len(a.blobs) != 3,
    ),
    *on("BatchNorm", "a factor that is not 0", lambda a: a.blobs[2].data[0] == 0),
    *on("Slice", "slice_point is written", lambda a: not a.says("slice_point")),
    *on("Crop", "offset is written", lambda a: not a.says("offset")),
    *on("Input", "one top", lambda a: len(a.message.top) != 1),
    *on(
        "*",
        "blobs have a shape, no old four numbers, and float32 numbers",
        lambda a: any(blob.HasField("num") or len(blob.double_data) for blob in a.blobs),
    ),
    *on(
        "Reshape",
        "0 for a batch that stays",
        lambda a: a.bottoms[0][:1] == a.tops[0][:1] and not a.says("axis") and a.value("shape").dim[0] != 0,
    ),
]
"""What all of them want."""

STORED: list[Rule] = on("BatchNorm", "use_global_stats: true", lambda a: a.value("use_global_stats") is not True)
"""What all of them want but Caffe and its forks (batch_norm_layer.cpp)."""

BVLC = types(
    """AbsVal ArgMax BNLL BatchNorm BatchReindex Bias Concat Convolution Crop Deconvolution Dropout
    DummyData ELU Eltwise Embed Exp Filter Flatten Im2col InnerProduct Input LRN LSTM Log MVN PReLU
    Parameter Pooling Power RNN ReLU Reduction Reshape SPP Scale Sigmoid Silence Slice Softmax Split
    TanH Threshold Tile"""
)
NO_FLOOR = on("Pooling", "round_mode came after 1.0", lambda a: a.says("round_mode"))
NO_CEIL = on("Pooling", "no ceil_mode", lambda a: a.says("ceil_mode"))
POSITIVE = on("Concat Slice Softmax", "axes are counted from the front", lambda a: a.value("axis", 1) < 0)
LRN_OF_ONE = on("LRN", "k is ignored", lambda a: a.value("k", 1.0) != 1.0)
ACROSS = on(
    "LRN",
    "norm_region is ignored, which a window of one cell does not notice",
    lambda a: a.value("norm_region", "ACROSS_CHANNELS") != "ACROSS_CHANNELS" and a.value("local_size", 5) != 1,
)
TWO = on("Eltwise", "two blobs", lambda a: len(a.message.bottom) != 2)
NO_COEFFICIENTS = on("Eltwise", "coeff is ignored", lambda a: any(one != 1 for one in coefficients(a)))
EVEN_DILATION = on("Convolution Deconvolution", "one dilation", lambda a: len(set(a.dilation)) > 1)
NOT_DILATED = on("Deconvolution", "no dilation", lambda a: set(a.dilation) != {1})
ROWS = on("InnerProduct", "axis 1", lambda a: a.value("axis", 1) != 1)
NOT_TRANSPOSED = on("InnerProduct", "no transpose", lambda a: a.value("transpose", False))
ONE_SIDED = on("Pooling", "pad_h and pad_w are equal", lambda a: len(set(a.pad)) > 1)
SCALE_OF_ONE = on("Scale", "one bottom", lambda a: len(a.message.bottom) > 1)
WHOLE_RESHAPE = on("Reshape", "no axis, no num_axes", lambda a: a.says("axis") or a.says("num_axes"))
CHANNEL_SCALE = on("Scale", "one number for each channel", lambda a: len(a.bottoms) == 1 and not per_channel(a))
FLAT = on(
    "Flatten", "axis 1 to the end", lambda a: a.value("axis", 1) != 1 or a.value("end_axis", -1) not in (-1, a.ndim - 1)
)
NO_PADDED_MEAN = on("Pooling", "no mean over padding", lambda a: is_mean(a) and any(a.pad))
SAME_CHANNELS = on(
    "Crop", "a reference of as many channels", lambda a: a.value("axis", 2) == 2 and a.bottoms[0][1] != a.bottoms[1][1]
)
SEVERAL_CONCAT = on("Concat", "more than one blob", lambda a: len(a.message.bottom) < 2)
NOT_AT_ONCE = on("Dropout", "not on the input", lambda a: "Input" in a.before)
