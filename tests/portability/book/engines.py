"""What was seen in trials: hand-made nets, run in each of these readers, and their sources."""

from __future__ import annotations

from math import e

from tests.portability.book.layer import Layer
from tests.portability.book.rules import (
    ACROSS,
    BVLC,
    CHANNEL_SCALE,
    EVEN_DILATION,
    FLAT,
    LRN_OF_ONE,
    NO_CEIL,
    NO_COEFFICIENTS,
    NO_FLOOR,
    NO_PADDED_MEAN,
    NOT_AT_ONCE,
    NOT_DILATED,
    NOT_TRANSPOSED,
    ONE_SIDED,
    POSITIVE,
    ROWS,
    SAME_CHANNELS,
    SCALE_OF_ONE,
    SEVERAL_CONCAT,
    TWO,
    WHOLE_RESHAPE,
    Book,
    coefficients,
    is_mean,
    names,
    on,
    reaches_beyond,
    second_is_rows_and_channels,
    starts_in_the_padding,
    types,
)


def not_natural(layer: Layer) -> bool:
    return abs(layer.value("base", e) - e) > 1e-6 or layer.says("scale") or layer.says("shift")


BOOKS: dict[str, Book] = {
    "caffe": (BVLC, [*NO_FLOOR, *NO_CEIL]),
    "caffe-master": (BVLC | {"Clip", "Swish"}, NO_CEIL),
    "ssd": (BVLC | {"Permute", "Normalize", "PriorBox", "DetectionOutput"}, [*NO_FLOOR, *NO_CEIL]),
    "opencv": (
        BVLC - types("Bias Threshold Tile Reduction ArgMax Embed Parameter DummyData Im2col LSTM RNN")
        | types("Permute Normalize PriorBox DetectionOutput Reorg ShuffleChannel Interp ReLU6 Mish Swish Axpy MatMul")
        | {"ConvolutionDepthwise"},
        [
            *NO_FLOOR,
            *LRN_OF_ONE,
            *NOT_DILATED,
            *NOT_TRANSPOSED,
            *SEVERAL_CONCAT,
            *on(
                "Log",
                "another base than e, scale and shift are ignored",
                not_natural,
            ),
            *on("MVN", "eps is ignored", lambda a: a.says("eps")),
            *on("Power", "not behind an MVN", lambda a: "MVN" in a.before),
            *on("Swish", "beta is ignored", lambda a: a.says("beta")),
            *on(
                "*",
                "a layer is not called like the top of another",
                lambda a: len(a.message.top) == 1 and not a.in_place and a.message.name != a.message.top[0],
            ),
        ],
    ),
    "ncnn": (
        types(
            """AbsVal BNLL BatchNorm Concat Convolution ConvolutionDepthwise Crop Deconvolution
            DepthwiseConvolution DetectionOutput Dropout ELU Eltwise Exp Flatten InnerProduct Input Interp LRN
            LSTM Log MVN MatMul MemoryData Mish Normalize PReLU Permute Pooling Power PriorBox ReLU ReLU6 Reduction
            Reorg Reshape Scale ShuffleChannel Sigmoid Silence Slice Softmax Split Swish TanH Threshold"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *POSITIVE,
            *LRN_OF_ONE,
            *EVEN_DILATION,
            *ROWS,
            *NOT_TRANSPOSED,
            *NO_PADDED_MEAN,
            *SAME_CHANNELS,
            *CHANNEL_SCALE,
            *WHOLE_RESHAPE,
            *on("Exp Log", "another base than e, scale and shift are not read", not_natural),
            *on("Swish", "no beta", lambda a: a.says("beta")),
            *on("Reduction", "parameters are not read", lambda a: a.says("axis") or a.says("operation")),
            *on(
                "Scale",
                "the second blob is (N, C)",
                lambda a: len(a.bottoms) == 2 and not second_is_rows_and_channels(a),
            ),
            *on("Reshape Permute", "at most four axes", lambda a: max(map(len, (*a.bottoms, *a.tops))) > 4),
            *on("Concat Slice Softmax", "not along the batch", lambda a: a.value("axis", 1) == 0),
            *on(
                "Deconvolution",
                "a global pooling is brought to four axes before",
                lambda a: any(one.pooling_param.global_pooling for one in a.writers),
            ),
            *on("*", "one picture", lambda a: a.type == "Input" and a.tops[0][0] != 1),
        ],
    ),
    "mnn": (
        types(
            """AbsVal ArgMax BNLL BatchNorm Bias Concat Convolution ConvolutionDepthwise Crop Deconvolution
            DetectionOutput Dropout ELU Eltwise Exp Flatten InnerProduct Input Interp LRN Log MVN Normalize
            PReLU Permute Pooling Power PriorBox ReLU ReLU6 Reduction Reshape Scale ShuffleChannel Sigmoid Slice
            Softmax Split TanH Threshold"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *LRN_OF_ONE,
            *EVEN_DILATION,
            *SCALE_OF_ONE,
            *CHANNEL_SCALE,
            *WHOLE_RESHAPE,
            *SEVERAL_CONCAT,
            *NOT_AT_ONCE,
            *on("ArgMax", "never right", lambda a: True),
            *on("Bias", "one bottom", lambda a: len(a.bottoms) > 1),
            *on("InnerProduct", "an axis counted from the front", lambda a: a.value("axis", 1) < 0),
            *on("Log", "no natural logarithm", lambda a: a.value("base", -1.0) == -1),
            *on("MVN", "the variance is another's", lambda a: a.value("normalize_variance", True)),
            *on("Reduction", "coeff is ignored", lambda a: a.says("coeff")),
            *on(
                "Eltwise",
                "coefficients of 1, or of 1 and -1",
                lambda a: not set(coefficients(a)) <= {1.0} and coefficients(a) != (1.0, -1.0),
            ),
            *on("Normalize", "channel_shared", lambda a: a.value("channel_shared", True)),
            *on("Scale", "no batch axis", lambda a: a.value("axis", 1) == 0),
        ],
    ),
    "openvino": (
        types(
            """ArgMax Axpy BatchNorm Bias Concat Convolution Crop Deconvolution DetectionOutput Dropout ELU Eltwise
            Flatten InnerProduct Input Interp LRN MVN MatMul Normalize PReLU Permute Pooling Power PriorBox ReLU ReLU6
            RegionYolo ReorgYolo Resample Reshape Scale ShuffleChannel Sigmoid Slice Softmax Swish TanH Tile"""
        ),
        [
            *NO_FLOOR,
            *EVEN_DILATION,
            *ROWS,
            *WHOLE_RESHAPE,
            *on("Bias", "one bottom", lambda a: len(a.bottoms) > 1),
            *on("Swish", "no beta", lambda a: a.says("beta")),
            *on(
                "MVN",
                "per channel, and with the usual eps",
                lambda a: a.value("across_channels", False) or (a.says("eps") and a.value("normalize_variance", True)),
            ),
            *on(
                "Eltwise",
                "no coeff with three blobs",
                lambda a: len(a.bottoms) > 2 and any(one != 1 for one in coefficients(a)),
            ),
            *on(
                "Pooling",
                "no mean over a padded window beyond the padding",
                lambda a: is_mean(a) and any(a.pad) and reaches_beyond(a),
            ),
            *on("Pooling", "no window that Caffe leaves out behind the map", starts_in_the_padding),
            *on("Crop", "not behind a Convolution", lambda a: "Convolution" in a.before),
            *on(
                "Scale",
                "factors of channels, or one number",
                lambda a: len(a.bottoms) == 1 and (a.value("axis", 1), a.value("num_axes", 1)) not in ((1, 1), (1, 0)),
            ),
        ],
    ),
    "rknn2": (
        BVLC - types("AbsVal Bias DummyData ELU Embed Exp Im2col LSTM Log MVN Parameter RNN Threshold Filter SPP")
        | types("ConvolutionDepthwise Normalize Permute ReLU6 Reorg Upsample"),
        [
            *CHANNEL_SCALE,
            *NOT_TRANSPOSED,
            *LRN_OF_ONE,
            *ACROSS,
            *on("Reshape", "no num_axes", lambda a: a.says("num_axes")),
            *on("Deconvolution", "stride is written", lambda a: not (a.says("stride") or a.says("stride_h"))),
            *on("Pooling", "no mean over a window beyond the map", lambda a: is_mean(a) and reaches_beyond(a)),
            *on("Pooling", "no window that Caffe leaves out behind the map", starts_in_the_padding),
            *on(
                "Pooling",
                "no window above the map",
                lambda a: any(taps > size for taps, size in zip(a.kernel, a.bottoms[0][2:], strict=True)),
            ),
            *on(
                "Eltwise",
                "two blobs, unless for their maximum",
                lambda a: len(a.bottoms) > 2 and a.value("operation", "SUM") != "MAX",
            ),
            *on(
                "Eltwise",
                "coefficients of 1, or of 1 and -1",
                lambda a: not set(coefficients(a)) <= {1.0} and coefficients(a) != (1.0, -1.0),
            ),
            *on("Scale", "a second blob from axis 0 on", lambda a: len(a.bottoms) > 1 and a.value("axis", 1) != 0),
            *on("BatchNorm", "eps is applied twice", lambda a: a.value("eps", 1e-5) > 0.02),
            *on("Reduction", "means alone, without coeff", lambda a: a.value("operation") != "MEAN" or a.says("coeff")),
        ],
    ),
    "caffe2onnx": (
        types(
            """Axpy BatchNorm Concat Convolution ConvolutionDepthwise Crop Deconvolution Eltwise Flatten
            InnerProduct Input LRN MVN Normalize PReLU Permute Pooling Power ReLU ReLU6 Reshape Scale
            ShuffleChannel Sigmoid Slice Softmax TanH Upsample"""
        ),
        [
            *NO_CEIL,
            *EVEN_DILATION,
            *ROWS,
            *NOT_TRANSPOSED,
            *ONE_SIDED,
            *LRN_OF_ONE,
            *ACROSS,
            *TWO,
            *NO_COEFFICIENTS,
            *CHANNEL_SCALE,
            *FLAT,
            *WHOLE_RESHAPE,
            *SAME_CHANNELS,
            *on("Eltwise", "sums alone", lambda a: a.value("operation", "SUM") != "SUM"),
            *on(
                "Scale",
                "on maps",
                lambda a: len(a.bottoms) == 1 and a.ndim != 4 and a.writers[0].type != "BatchNorm",
            ),
            *on("Scale", "not of two equal shapes", lambda a: len(a.bottoms) == 2 and a.bottoms[0] == a.bottoms[1]),
            *on("PReLU", "not on a map", lambda a: a.ndim > 2),
            *on("Slice", "channels alone", lambda a: a.value("axis", 1) != 1),
            *on("Concat", "no blob twice", lambda a: len(set(a.message.bottom)) < len(a.message.bottom)),
            *on(
                "MVN",
                "per channel, with the variance and the usual eps",
                lambda a: a.value("across_channels", False) or not a.value("normalize_variance", True) or a.says("eps"),
            ),
        ],
    ),
    "x2paddle": (
        types(
            """BatchNorm Concat Convolution ConvolutionDepthwise Crop Deconvolution DepthwiseConvolution Dropout
            Eltwise Flatten InnerProduct Input LRN PReLU Permute Pooling Power ReLU ReLU6 Reduction Reshape Scale
            ShuffleChannel Sigmoid Slice Softmax TanH Upsample"""
        ),
        [
            *NO_CEIL,
            *ROWS,
            *NOT_TRANSPOSED,
            *ONE_SIDED,
            *NO_PADDED_MEAN,
            *SCALE_OF_ONE,
            *CHANNEL_SCALE,
            *NOT_AT_ONCE,
            *FLAT,
            *on("LRN", "a window of one cell", lambda a: a.value("local_size", 5) != 1 or a.value("k", 1.0) != 1.0),
            *on("InnerProduct", "a bias", lambda a: not a.value("bias_term", True)),
            *on("Power", "no power but 1", lambda a: a.value("power", 1.0) != 1.0),
            *on("PReLU", "a slope for each channel", lambda a: a.value("channel_shared", False)),
            *on("BatchNorm PReLU", "several channels", lambda a: a.bottoms[0][1] == 1),
            *on("Crop", "one offset", lambda a: len(a.value("offset", ())) > 1),
            *on(
                "Eltwise",
                "no maximum, and no product of three",
                lambda a: (
                    a.value("operation", "SUM") == "MAX"
                    or (
                        len(a.bottoms) > 2
                        and (a.value("operation", "SUM") == "PROD" or any(one != 1 for one in coefficients(a)))
                    )
                ),
            ),
            *on("*", "names are identifiers", lambda a: any(not name.isidentifier() for name in names(a))),
        ],
    ),
}
