"""What documents of chips and reports of their users say."""

from __future__ import annotations

from math import prod

from tests.portability.book.rules import BVLC, NO_CEIL, NO_FLOOR, TWO, Book, Rule, is_mean, on, types

BOOKS: dict[str, Book] = {
    "ascend": (
        types(
            """AbsVal ArgMax BNLL BatchNorm Bias Clip Concat Convolution Crop Deconvolution ELU Eltwise Exp Flatten
            InnerProduct Input Interp LRN LSTM Log MVN Normalize PReLU PassThrough Permute Pooling Power
            PriorBox RNN ReLU ReLU6 Reduction Reshape Reverse Scale ShuffleChannel Sigmoid Slice Softmax Split
            SPP TanH Threshold Tile Upsample ConvolutionDepthwise"""
        ),
        [
            *NO_CEIL,
            *on(
                "*",
                "sides up to 4096",
                lambda a: any(max(top[2:], default=0) > 4096 for top in a.tops if len(top) == 4),
            ),
            *on(
                "Concat Slice Softmax",
                "a negative axis of four axes alone",
                lambda a: a.value("axis", 1) < 0 and a.ndim != 4,
            ),
            *on("Concat", "up to 1000 blobs", lambda a: len(a.bottoms) > 1000),
            *on("Convolution Deconvolution Pooling", "kernels up to 255", lambda a: max(a.kernel) > 255),
            *on(
                "Pooling",
                "strides up to 63, and to twice the kernel",
                lambda a: (
                    max(a.stride) > 63 or any(step > 2 * taps for step, taps in zip(a.stride, a.kernel, strict=True))
                ),
            ),
            *on(
                "Pooling",
                "the rows of a mean fit into the buffer",
                lambda a: (
                    is_mean(a)
                    and not a.value("global_pooling", False)
                    and prod(a.kernel) * 32 + a.bottoms[0][3] * (31 * a.stride[0] + a.kernel[1]) > 32768
                ),
            ),
            *on(
                "Convolution",
                "one cell of a top: from a square map as large as the kernel, up to 11",
                lambda a: (
                    a.tops[0][2:] == (1, 1)
                    and a.bottoms[0][2:] != (1, 1)
                    and (a.bottoms[0][2:] != a.kernel or len(set(a.kernel)) > 1 or a.kernel[0] > 11)
                ),
            ),
            *on(
                "Convolution",
                "the rows of a depthwise window fit into the buffer",
                lambda a: (
                    a.value("group", 1) == a.bottoms[0][1] > 1
                    and prod(a.kernel) * 32 + a.bottoms[0][3] * (31 * a.stride[0] + a.kernel[1]) > 32768
                ),
            ),
            *on(
                "Deconvolution",
                "strides up to 255 cells, sides of 2 to 4096",
                lambda a: (
                    prod(a.stride) >= 256
                    or not all(2 <= size * step <= 4096 for size, step in zip(a.bottoms[0][2:], a.stride, strict=True))
                ),
            ),
            *on(
                "Deconvolution",
                "the padded map is not below the kernel",
                lambda a: any(
                    size + 2 * pad < taps for size, pad, taps in zip(a.bottoms[0][2:], a.pad, a.kernel, strict=True)
                ),
            ),
            *on("Upsample", "scale 1 and a stride", lambda a: a.value("scale", 1) != 1 or not a.says("stride")),
        ],
    ),
    "nnie": (
        types(
            """ArgMax BatchNorm Concat Convolution Crop Deconvolution Dropout ELU Eltwise Exp Flatten InnerProduct
            Input LRN LSTM Normalize PReLU PassThrough Permute Pooling Power RNN ReLU Reduction Reshape Scale
            Sigmoid Slice Softmax Split TanH Tile Upsample"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *on("Permute", "0, 2, 3, 1", lambda a: a.value("order") != (0, 2, 3, 1)),
            *on("*", "sides up to 4096", lambda a: any(size > 4096 for top in a.tops if len(top) == 4 for size in top)),
            *on(
                "Convolution Deconvolution Pooling",
                "numbers up to 255",
                lambda a: max(*a.kernel, *a.stride, *a.pad) > 255 and not a.value("global_pooling", False),
            ),
            *on(
                "Pooling",
                "global pooling: a side below 2048 by a sixteenth of the columns",
                lambda a: a.value("global_pooling", False) and max(a.kernel) * (a.bottoms[0][3] / 16) >= 2048,
            ),
            *on("Convolution Deconvolution", "groups up to 2048", lambda a: a.value("group", 1) > 2048),
            *on("Power", "some exponents", lambda a: a.value("power", 1.0) not in (-3, -2, -1, -0.5, 0.5, 1, 2, 3)),
            *on(
                "Reshape",
                "four sizes, the first 0",
                lambda a: len(a.value("shape").dim) != 4 or a.value("shape").dim[0] != 0,
            ),
            *on(
                "*",
                "the batch stays",
                lambda a: any(one and two and one[0] != two[0] for one, two in zip(a.bottoms, a.tops, strict=False)),
            ),
            *on("Concat Slice", "not along the batch", lambda a: a.value("axis", 1) == 0),
        ],
    ),
    "rknn1": (
        types(
            """AbsVal Axpy BatchNorm Concat Convolution ConvolutionDepthwise Deconvolution Dropout Eltwise Flatten
            InnerProduct Input LRN LSTM Normalize PReLU Permute Pooling ReLU Reorg Reshape Reverse Scale
            ShuffleChannel Sigmoid Slice Softmax Split TanH Upsample"""
        ),
        [*NO_FLOOR, *NO_CEIL],
    ),
    "sigmastar": (
        types(
            """ArgMax Axpy BatchNorm Concat Convolution Crop Deconvolution Dropout Eltwise Flatten InnerProduct
            Input PReLU Permute Pooling Power PriorBox ReLU Reshape Reverse Scale ShuffleChannel Sigmoid Slice
            Softmax Split TanH Threshold Tile Upsample"""
        ),
        [
            *NO_FLOOR,
            *NO_CEIL,
            *TWO,
            *on("Convolution Deconvolution", "windows below 64 cells", lambda a: prod(a.kernel) >= 64),
            *on(
                "Convolution",
                "channels",
                lambda a: a.value("group", 1) == 1 and -(-a.bottoms[0][1] // 16) * -(-a.tops[0][1] // 16) >= 512 * 1024,
            ),
            *on("Power", "positive whole exponents", lambda a: a.value("power", 1.0) not in range(1, 100)),
            *on("Pooling", "maxima of up to 19", lambda a: not is_mean(a) and max(a.kernel) > 19),
            *on(
                "Pooling",
                "means of up to 255, and 12288 cells",
                lambda a: is_mean(a) and (max(a.kernel) > 255 or prod(a.kernel) > 12288),
            ),
            *on(
                "Softmax",
                "the innermost axis, up to 16384",
                lambda a: (
                    prod(a.bottoms[0][a.value("axis", 1) % a.ndim + 1 :]) > 1
                    or a.bottoms[0][a.value("axis", 1)] > 16384
                ),
            ),
            *on("Concat", "up to 256 blobs", lambda a: len(a.bottoms) > 256),
            *on("Eltwise", "equal shapes", lambda a: len(set(a.bottoms)) > 1),
        ],
    ),
    "horizon": (BVLC - types("DummyData Embed Im2col Parameter RNN Silence"), [*NO_FLOOR, *NO_CEIL]),
}


SLOW: dict[str, list[Rule]] = {
    "horizon": [
        *on(
            "Convolution",
            "kernels up to 7x7, and 32768 weights of a filter",
            lambda a: max(a.kernel) > 7 or prod(a.kernel) * a.bottoms[0][1] // a.value("group", 1) > 32768,
        ),
        *on(
            "Convolution",
            "2048 channels of a group, 4096 without groups",
            lambda a: (
                max(a.bottoms[0][1], a.tops[0][1]) / a.value("group", 1) > (2048 if a.value("group", 1) > 1 else 4096)
            ),
        ),
        *on(
            "Convolution",
            "a dilation of 2, 4, 8 ... that the stride divides, of rows not above that of columns",
            lambda a: (
                a.dilation[0] > a.dilation[1]
                or any(one != 1 and one not in (2, 4, 8, 16, 32, 64, 128) for one in a.dilation)
                or any(one != 1 and one % step for one, step in zip(a.dilation, a.stride, strict=True))
            ),
        ),
        *on("Deconvolution", "kernels of 2 to 14", lambda a: min(a.kernel) < 2 or max(a.kernel) > 14),
        *on("Deconvolution", "strides 2 and 4", lambda a: not {*a.stride} <= {2, 4}),
        *on("Deconvolution", "no dilation", lambda a: set(a.dilation) != {1}),
        *on(
            "Deconvolution",
            "pads up to (kernel - 1) / 2",
            lambda a: any(pad > (taps - 1) / 2 for pad, taps in zip(a.pad, a.kernel, strict=True)),
        ),
        *on(
            "Pooling",
            "maxima up to 64, strides up to 185",
            lambda a: not is_mean(a) and (max(a.kernel) > 64 or max(a.stride) > 185),
        ),
        *on(
            "Pooling",
            "means up to 7x7, global ones up to 8192 cells",
            lambda a: (
                is_mean(a)
                and (prod(a.bottoms[0][2:]) > 8192 if a.value("global_pooling", False) else max(a.kernel) > 7)
            ),
        ),
        *on(
            "InnerProduct",
            "of maps up to 7x7, or of rows up to 16384",
            lambda a: max(a.bottoms[0][2:]) > 7 if prod(a.bottoms[0][2:]) > 1 else a.bottoms[0][1] > 16384,
        ),
        *on("Reshape Dropout SPP", "on the CPU", lambda a: True),
        *on("Input", "batches up to 128", lambda a: a.tops[0][0] > 128),
    ]
}
"""What a chip leaves to its CPU: right, and slow."""
