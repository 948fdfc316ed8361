"""What the sources of importers say, that nobody of us ran."""

from __future__ import annotations

from tests.portability.book.rules import (
    ACROSS,
    CHANNEL_SCALE,
    NO_CEIL,
    NO_COEFFICIENTS,
    NO_FLOOR,
    NOT_DILATED,
    NOT_TRANSPOSED,
    ROWS,
    SCALE_OF_ONE,
    TWO,
    WHOLE_RESHAPE,
    Book,
    coefficients,
    is_mean,
    many_to_many,
    on,
    per_channel,
    reaches_beyond,
    starts_in_the_padding,
    types,
)

BOOKS: dict[str, Book] = {
    "tensorrt": (
        types(
            """AbsVal BNLL BatchNorm Clip Concat Convolution Crop Deconvolution DetectionOutput Dropout ELU Eltwise
            InnerProduct Input LRN Normalize PReLU Permute Pooling Power PriorBox ReLU Reduction Reshape Scale
            Sigmoid Softmax TanH"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *ROWS,
            *NOT_TRANSPOSED,
            *NOT_DILATED,
            *TWO,
            *NO_COEFFICIENTS,
            *SCALE_OF_ONE,
            *ACROSS,
            *on("Concat Softmax", "axes are counted from the front", lambda a: a.value("axis", 1) < 0),
            *on("Reshape", "shape begins with 0", lambda a: a.value("shape").dim[0] != 0 or a.value("axis", 0) != 0),
            *on("Input", "four axes", lambda a: len(a.tops[0]) != 4),
            *on("*", "no layer in place on an input", lambda a: a.in_place and a.message.bottom[0] in a.inputs),
            *on("Crop", "rows and columns", lambda a: a.value("axis", 2) not in (2, 3)),
            *on("LRN", "beta is written", lambda a: not a.says("beta")),
            *on("Scale", "bias_term is written", lambda a: not a.says("bias_term")),
            *on("Reduction", "axes stay", lambda a: True),
        ],
    ),
    "tpu-mlir": (
        types(
            """AbsVal ArgMax BatchNorm Concat Convolution ConvolutionDepthwise Crop Deconvolution DetectionOutput
            Dropout DummyData Eltwise Flatten InnerProduct Input Interp LRN LSTM Mish Normalize PReLU Permute
            Pooling PriorBox ReLU ReLU6 Reduction Reshape Reverse Scale ShuffleChannel Sigmoid Silence Slice
            Softmax TanH Upsample"""
        ),
        [
            *NO_FLOOR,
            *ROWS,
            *ACROSS,
            *on("Concat Slice", "axes are counted from the front", lambda a: a.value("axis", 1) < 0),
            *on("Flatten", "axis 1", lambda a: a.value("axis", 1) != 1),
            *on(
                "Pooling",
                "a padded window as large as the map loses its pad",
                lambda a: any(a.pad) and a.kernel == a.bottoms[0][2:],
            ),
            *on(
                "Scale",
                "two or four axes, from axis 1",
                lambda a: a.ndim not in (2, 4) or (len(a.bottoms) == 1 and not per_channel(a)),
            ),
            *on("Scale", "no bias beside a second blob", lambda a: len(a.bottoms) == 2 and a.value("bias_term", False)),
            *on(
                "Reduction",
                "means over the last axis",
                lambda a: a.value("operation") != "MEAN" or a.value("axis", 0) % a.ndim != a.ndim - 1,
            ),
            *on("ArgMax", "the first alone", lambda a: a.value("top_k", 1) != 1),
            *on("Interp", "more than one cell", lambda a: a.tops[0][2:] == (1, 1)),
        ],
    ),
    "nncase": (
        types(
            """BatchNorm Concat Convolution Eltwise InnerProduct Input LSTM Permute Pooling ReLU Reshape Reverse
            Scale Slice Softmax Split"""
        ),
        [
            *NO_CEIL,
            *WHOLE_RESHAPE,
            *CHANNEL_SCALE,
            *on("BatchNorm Scale", "four axes", lambda a: a.ndim != 4),
            *on("Reverse", "no axis from the end", lambda a: min(a.value("axis", [0])) < 0),
            *on("Reverse", "one axis", lambda a: len(a.value("axis", [0])) > 1),
            *on("Convolution", "a bias", lambda a: not a.value("bias_term", True) or len(a.blobs) != 2),
            *on("Convolution", "stride_h and stride_w are ignored", lambda a: a.says("stride_h") or a.says("stride_w")),
            *on("ReLU", "no slope", lambda a: a.value("negative_slope", 0.0) != 0),
            *on("Scale", "one blob", lambda a: len(a.message.bottom) != 1),
            *on("Slice", "two parts", many_to_many),
            *on("Slice", "an axis from the front", lambda a: a.value("axis", 1) < 0),
            *on("Eltwise", "coefficients of 1 and -1", lambda a: not set(coefficients(a)) <= {1.0, -1.0}),
            *on("Pooling", "a last window that begins in the padding", starts_in_the_padding),
            *on("Pooling", "no mean over windows that reach beyond", lambda a: is_mean(a) and reaches_beyond(a)),
            *on(
                "*",
                "in place: BatchNorm, Scale, ReLU",
                lambda a: a.in_place and a.type not in ("BatchNorm", "Scale", "ReLU"),
            ),
        ],
    ),
    "mace": (
        types(
            """ArgMax BatchNorm Bias Clip Concat Convolution Crop Deconvolution ELU Eltwise Flatten InnerProduct
            Input Interp MVN PReLU Permute Pooling PriorBox ReLU ReLU6 Reshape Scale ShuffleChannel Sigmoid
            Slice Softmax TanH"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *ROWS,
            *NOT_DILATED,
            *on(
                "Convolution",
                "one group, or one for each channel",
                lambda a: a.value("group", 1) not in (1, a.bottoms[0][1]),
            ),
            *on(
                "Slice",
                "equal parts of the channels, without slice_point",
                lambda a: a.says("slice_point") or a.value("axis", 1) != 1,
            ),
            *on("Softmax", "the axis is ignored", lambda a: a.value("axis", 1) != 1),
            *on("Clip", "from 0 on", lambda a: a.value("min") != 0),
            *on("Interp", "height and width", lambda a: not (a.says("height") and a.says("width"))),
            *on("Pooling", "a last window that begins in the padding", starts_in_the_padding),
        ],
    ),
    "tvm": (
        types(
            """BatchNorm Concat Convolution Crop Deconvolution Dropout Eltwise Embed Flatten InnerProduct Input LRN
            PReLU Pooling ReLU Reduction Reshape Scale Sigmoid Slice Softmax TanH"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *ROWS,
            *TWO,
            *SCALE_OF_ONE,
            *on("Eltwise", "equal shapes", lambda a: len(set(a.bottoms)) > 1),
            *on("Flatten", "axis 1", lambda a: a.value("axis", 1) != 1),
            *on("Scale", "four axes", lambda a: a.ndim != 4),
            *on(
                "Deconvolution",
                "one group, or one for each channel",
                lambda a: a.value("group", 1) not in (1, a.bottoms[0][1]),
            ),
        ],
    ),
}
