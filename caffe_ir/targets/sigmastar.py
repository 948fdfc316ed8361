"""SigmaStar's IPU SDK (IPU100, IPU230: SSC33x, SSD20x, SSD22x, SSC337 ...)."""

from __future__ import annotations

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    ArgMax,
    Axpy,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    Eltwise,
    Flatten,
    InnerProduct,
    Input,
    Permute,
    Pooling,
    Power,
    PReLU,
    PriorBox,
    ReLU,
    Reshape,
    Reverse,
    ROIPooling,
    Scale,
    ShuffleChannel,
    Sigmoid,
    Slice,
    Softmax,
    Split,
    TanH,
    Threshold,
    Tile,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost, Never
from caffe_ir.targets.target import Target

LIST = "doc.comake.online, IPU SDK: supported operators"
WINDOW = Never(
    text="a window of 64 cells or more",
    where=lambda layer, bottoms: window_cases.cells(layer, bottoms) >= 64,
    source=LIST,
)
BLOBS, SOFTMAX, MAXIMUM, MEAN, AREA = 256, 16384, 19, 255, 12288


def _mean_too_large(layer: Pooling, bottoms: Shapes) -> bool:
    kernel = layer.kernel_size or bottoms[0][2:]
    return layer.pool == "AVE" and (max(kernel) > MEAN or window_cases.cells(layer, bottoms) > AREA)


def _maximum_too_large(layer: Pooling, bottoms: Shapes) -> bool:
    return layer.pool == "MAX" and max(layer.kernel_size or bottoms[0][2:]) > MAXIMUM


SIGMASTAR = Target(
    name="sigmastar",
    title="SigmaStar IPU",
    evidence="document",
    source=LIST,
    layers={
        ArgMax: (AtMost(field="top_k", most=1, source=LIST),),
        BatchNorm: (cases.STORED_STATISTICS,),
        Concat: (
            Never(text=f"more than {BLOBS} blobs", where=lambda layer, bottoms: len(bottoms) > BLOBS, source=LIST),
        ),
        Convolution: (WINDOW,),
        Crop: (),
        Deconvolution: (WINDOW,),
        Dropout: (),
        Eltwise: (Never(text="more than two blobs", where=cases.several, source=LIST),),
        Flatten: (),
        InnerProduct: (),
        Input: (),
        PReLU: (),
        Pooling: (
            *CAFFE.layers[Pooling],
            Never(text=f"a maximum over more than {MAXIMUM}x{MAXIMUM} cells", where=_maximum_too_large, source=LIST),
            Never(text=f"a mean over more than {AREA} cells", where=_mean_too_large, source=LIST),
        ),
        Power: (
            Never(
                text="an exponent that is not a positive whole number",
                where=lambda layer, bottoms: layer.power <= 0 or layer.power != int(layer.power),
                source=LIST,
            ),
        ),
        ReLU: (),
        Reshape: (),
        Reverse: (
            Never(
                text="more than one axis, or one that is counted from the last",
                where=cases.turns_several_axes,
                source="the list of its operators, which has no more than the name",
            ),
        ),
        Scale: (),
        Sigmoid: (),
        Slice: (),
        Softmax: (
            Never(
                text="another axis than the innermost",
                where=lambda layer, bottoms: any(size > 1 for size in bottoms[0][layer.axis % len(bottoms[0]) + 1 :]),
                source=LIST,
            ),
            Never(
                text=f"more than {SOFTMAX} values",
                where=lambda layer, bottoms: bottoms[0][layer.axis] > SOFTMAX,
                source=LIST,
            ),
        ),
        Split: (),
        TanH: (),
        Threshold: (),
        Tile: (),
        Axpy: (),
        Permute: (),
        PriorBox: (),
        ShuffleChannel: (),
        ROIPooling: (),
    },
)
