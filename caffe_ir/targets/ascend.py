"""Huawei's Ascend Tensor Compiler (ATC, CANN 8) for Atlas 200, 300 and 500: BVLC Caffe's master and layers beside it.

CANN 9 reads no Caffe files for the newer chips (A2, A3, 950).
"""

from __future__ import annotations

from math import prod

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    LSTM,
    MVN,
    RNN,
    SPP,
    AbsVal,
    ArgMax,
    BatchNorm,
    Bias,
    Clip,
    Concat,
    Convolution,
    ConvolutionDepthwise,
    Crop,
    Deconvolution,
    Eltwise,
    Exp,
    Flatten,
    InnerProduct,
    Input,
    Interp,
    Log,
    Normalize,
    PassThrough,
    Permute,
    Pooling,
    Power,
    PReLU,
    PriorBox,
    PSROIPooling,
    Reduction,
    ReLU,
    ReLU6,
    Reshape,
    Reverse,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Slice,
    Softmax,
    Split,
    StrideUpsample,
    TanH,
    Threshold,
    Tile,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.limits import AtMost, Never
from caffe_ir.targets.stored import OTHER_TYPE, UNTRIED, refused
from caffe_ir.targets.target import Target

TAPS = 255
KERNEL = AtMost(field="kernel_size", most=TAPS, source="CANN operatorlist_00099")
NEGATIVE = Never(
    text="an axis counted from behind in a blob of other than four axes",
    where=lambda layer, bottoms: layer.axis < 0 and len(bottoms[0]) != cases.MAP_AXES,
    source="CANN operatorlist_00110",
)
CELL, STEPS, SIDE, BLOBS = 11, 256, 4096, 1000
SIDES = Never(
    text=f"a map of more than {SIDE} rows or columns",
    where=lambda layer, bottoms: any(max(top[2:]) > SIDE for top in layer.infer(bottoms) if len(top) == cases.MAP_AXES),
    source="CANN operatorlist_00099",
)
BUFFER = 32768
"""Bytes of the buffer in which the rows of a depthwise window lie."""


def _depthwise_too_large(layer: Convolution, bottoms: Shapes) -> bool:
    if layer.group == 1 or layer.group != bottoms[0][1] or len(layer.kernel_size) != cases.TWO:
        return False
    return _buffer(layer, bottoms) > BUFFER


def _of_no_square(layer: Convolution, bottoms: Shapes) -> bool:
    """The map has more than one cell, and the top has one."""
    (top,), size = layer.infer(bottoms[:1]), bottoms[0][2:]
    if top[2:] != (1, 1) or size == (1, 1):
        return False
    return size != layer.kernel_size or len(set(size)) > 1 or max(size) > CELL


def _too_many_steps(layer: Deconvolution, bottoms: Shapes) -> bool:
    sides = [size * step for size, step in zip(bottoms[0][2:], layer.stride, strict=False)]
    return prod(layer.stride) >= STEPS or any(not 2 <= side <= SIDE for side in sides)


def _mean_too_large(layer: Pooling, bottoms: Shapes) -> bool:
    return layer.pool == "AVE" and not layer.global_pooling and _buffer(layer, bottoms) > BUFFER


def _buffer(layer: Convolution | Pooling, bottoms: Shapes) -> int:
    return window_cases.cells(layer, bottoms) * 32 + bottoms[0][3] * (31 * layer.stride[0] + layer.kernel_size[1])


ASCEND = Target(
    name="ascend",
    title="Ascend ATC",
    evidence="document",
    source="hiascend.com, CANN 8: list of Caffe operators",
    layers={
        AbsVal: (),
        ArgMax: (),
        BNLL: (),
        BatchNorm: (
            Never(text="use_global_stats: false", where=cases.batch_statistics, source="CANN operatorlist_00099"),
        ),
        Bias: (),
        Clip: (),
        Concat: (
            NEGATIVE,
            Never(
                text=f"more than {BLOBS} blobs",
                where=lambda layer, bottoms: len(bottoms) > BLOBS,
                source="CANN operatorlist_00110",
            ),
        ),
        Convolution: (
            KERNEL,
            Never(
                text=f"one cell of a map that is not a square as large as the kernel, up to {CELL} on a side",
                where=_of_no_square,
                source="CANN operatorlist_00099",
            ),
            Never(
                text="a depthwise window whose rows do not fit into its buffer",
                where=_depthwise_too_large,
                source="CANN operatorlist_00099",
            ),
        ),
        Crop: (),
        Deconvolution: (
            KERNEL,
            Never(
                text="a map smaller than the kernel",
                where=lambda layer, bottoms: any(
                    size + 2 * pad < taps
                    for size, pad, taps in zip(bottoms[0][2:], layer.pad, layer.kernel_size, strict=False)
                ),
                source="CANN operatorlist_00112",
            ),
            Never(
                text=f"strides of {STEPS} cells or more, or by which a side is 1 or more than {SIDE}",
                where=_too_many_steps,
                source="CANN operatorlist_00112",
            ),
        ),
        ELU: (),
        Eltwise: (),
        Exp: (),
        Flatten: (),
        InnerProduct: (),
        Input: (),
        LRN: (),
        LSTM: (),
        Log: (),
        MVN: (),
        PReLU: (),
        Pooling: (
            KERNEL,
            Never(
                text=f"a global pooling of more than {TAPS} rows or columns",
                where=lambda layer, bottoms: layer.global_pooling and max(bottoms[0][2:]) > TAPS,
                source="CANN operatorlist_00136",
            ),
            AtMost(field="stride", most=63, source="CANN operatorlist_00136"),
            Never(
                text="a stride of more than twice the window",
                where=lambda layer, bottoms: any(
                    step > 2 * taps for step, taps in zip(layer.stride, layer.kernel_size, strict=False)
                ),
                source="CANN operatorlist_00136",
            ),
            Never(
                text="a mean whose rows do not fit into its buffer",
                where=_mean_too_large,
                source="CANN operatorlist_00136",
            ),
        ),
        Power: (),
        RNN: (),
        ReLU: (),
        ReLU6: (),
        Reduction: (),
        Reshape: (),
        Reverse: (),
        Scale: (),
        Sigmoid: (),
        Slice: (NEGATIVE,),
        Softmax: (NEGATIVE,),
        Split: (),
        TanH: (),
        Threshold: (),
        Tile: (),
        ConvolutionDepthwise: (KERNEL,),
        Interp: (
            Never(
                text="shrink_factor, pad_beg or pad_end, of which nothing is known",
                where=window_cases.shrinks_or_crops,
                source="the list of operators, as far as it is public",
            ),
        ),
        Normalize: (),
        PassThrough: (),
        Permute: (),
        PriorBox: (),
        ShuffleChannel: (),
        StrideUpsample: (),
        PSROIPooling: (),
        ROIPooling: (),
        SPP: (),
    },
    every=(SIDES,),
    fields=frozenset({"clip_param", "pooling_param.round_mode", "swish_param"}),
    weights=(*refused(OTHER_TYPE, source="hiascend msug_000136"), *UNTRIED),
)
