"""HiSilicon's chips: NNIE (Hi3516CV500, Hi3516DV300, Hi3519AV100, Hi3559A ...), whose mapper reads Caffe 1.0 and
nothing else, and SVP_NPU (SD3403, SS928, Hi3519DV500 ...), whose `svp_atc` reads Caffe and ONNX.

No copy of the vendor's guide is public: the limits are quoted from users' notes and from tools made for these chips.
The guide also has pairs of layers that may not follow each other (of InnerProduct, LSTM, RNN, SPP, Proposal, MatMul,
CReLU, ROIPooling, PSROIPooling; section 3.1.6.1). Which they are is quoted nowhere but for InnerProduct and MatMul,
which is not a type of ours: so nothing is known here of such neighbours.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import (
    ELU,
    LRN,
    LSTM,
    RNN,
    SPP,
    ArgMax,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    Eltwise,
    Exp,
    Flatten,
    InnerProduct,
    Input,
    Normalize,
    PassThrough,
    Permute,
    Pooling,
    Power,
    PReLU,
    PSROIPooling,
    Reduction,
    ReLU,
    Reshape,
    ROIPooling,
    Scale,
    Sigmoid,
    Slice,
    Softmax,
    Split,
    TanH,
    Tile,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost, Names, NetLimit, Never, Only
from caffe_ir.targets.target import Target

OUTPUTS = 16
NAME = 31
LARGEST = 4096
GUIDE = "HiSVP guide 3.5.2, as quoted in Megvii's guide to NNIE"
EXPONENTS = (-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)
KERNEL = AtMost(field="kernel_size", most=255, source=GUIDE)
STRIDE = AtMost(field="stride", most=255, source=GUIDE)
PAD = AtMost(field="pad", most=255, source=GUIDE)
WINDOW = (KERNEL, STRIDE, PAD)
GROUP = AtMost(field="group", most=2048, source=GUIDE)


def _more_than_outputs(net: Net) -> list[Node]:
    """The nodes of the outputs beyond the last that the chip gives."""
    return [net.producer(blob) for blob in net.outputs[OUTPUTS:]]


def _more_than_inputs(net: Net) -> list[Node]:
    return [node for node in net.nodes if isinstance(node.layer, Input)][OUTPUTS:]


def _too_large(layer: Layer, bottoms: Shapes) -> bool:
    return any(max(top) > LARGEST for top in layer.infer(bottoms) if len(top) == cases.MAP_AXES)


SIDES = Never(text=f"a map with a side or channels above {LARGEST}", where=_too_large, source=GUIDE)


def _too_large_for_one_window(layer: Pooling, bottoms: Shapes) -> bool:
    """kernel < 2048 / (w / (16 stride) * stride): 310 columns allow 105, so that 234 x 310 is pooled in two layers."""
    return layer.global_pooling and max(bottoms[0][2:]) * bottoms[0][3] >= 2048 * 16


NNIE = Target(
    name="nnie",
    title="HiSilicon NNIE",
    evidence="document",
    source="users' notes on the HiSVP guide, MindSpore Lite's list for NNIE, and error messages of the mapper",
    layers={
        ArgMax: (),
        BatchNorm: (cases.STORED_STATISTICS,),
        Concat: (Never(text="the batch axis", where=cases.over_the_batch, source=GUIDE),),
        Convolution: (*WINDOW, GROUP),
        Crop: (),
        Deconvolution: (*WINDOW, GROUP),
        Dropout: (),
        ELU: (),
        Eltwise: (),
        Exp: (),
        Flatten: (),
        InnerProduct: (),
        Input: (),
        LRN: (),
        LSTM: (),
        PReLU: (),
        Pooling: (
            *CAFFE.layers[Pooling],
            *WINDOW,
            Never(
                text="global pooling of a map of which the longer side times the columns is 32768 or more",
                where=_too_large_for_one_window,
                source="users' notes: a side of the kernel stays below 2048 by a sixteenth of the columns",
            ),
        ),
        Power: (Only(field="power", values=EXPONENTS, source=GUIDE),),
        RNN: (),
        ReLU: (),
        Reduction: (),
        Reshape: (
            Never(
                text="a first size that is not spelled 0",
                where=cases.changes_the_first,
                source="users' notes: four sizes, the first of them 0",
            ),
            Never(
                text="other than four sizes",
                where=lambda layer, bottoms: len(layer.shape) != cases.MAP_AXES,
                source="users' notes: four sizes, the first of them 0",
            ),
        ),
        Scale: (),
        Sigmoid: (),
        Slice: (Never(text="the batch axis", where=cases.over_the_batch, source=GUIDE),),
        Softmax: (),
        Split: (),
        TanH: (),
        Tile: (),
        Normalize: (),
        PSROIPooling: (),
        ROIPooling: (),
        SPP: (),
        PassThrough: (
            Never(
                text="blocks of more than 255 cells on a side",
                where=lambda layer, bottoms: max(layer.block_height, layer.block_width) > 255,
                source="HiSVP guide 3.5.2, as quoted in users' notes",
            ),
        ),
        Permute: (Only(field="order", values=((0, 2, 3, 1),), source="error message of the mapper"),),
    },
    every=(SIDES,),
    fields=frozenset({"upsample_param"}),
    net=(
        NetLimit(
            text=f"more than {OUTPUTS} outputs",
            where=_more_than_outputs,
            source="SVP_NNIE_MAX_OUTPUT_NUM in its header",
        ),
        NetLimit(text=f"more than {OUTPUTS} inputs", where=_more_than_inputs, source="its header"),
    ),
    names=Names(most=NAME, ends_only=True, source="SVP_NNIE_NODE_S, szName[32], in its header"),
)

SVP = replace(
    NNIE,
    name="svp",
    title="HiSilicon SVP_NPU",
    source="users' notes on svp_atc, where Permute has no order of its own; otherwise as for NNIE",
    layers={**NNIE.layers, Permute: ()},
)
