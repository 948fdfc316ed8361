from __future__ import annotations

import pytest

from caffe_ir.forms import FORMS as ALL_FORMS
from caffe_ir.forms.forks import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    DIALECTS,
    LAYERS,
    SPELLINGS,
    Axpy,
    CeilModePooling,
    ConvolutionDepthwise,
    DepthwiseConvolution,
    HoleConvolution,
    MeanLRN,
    Normalize,
    UnscaledDropout,
)
from caffe_ir.targets import CAFFE
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import written

MAP = (2, 4, 6, 8)
LENGTH = ["Power", "Reduce", "Power", "Mul", "Scale"]


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (Normalize(across_spatial=False, channel_shared=False), (MAP,), 0, LENGTH),
        (Normalize(), (MAP,), 0, LENGTH),
        (Axpy(), ((2, 4, 1, 1), MAP, MAP), 0, ["Mul", "Add"]),
        (Axpy(), ((2, 4), MAP, MAP), 0, ["Reshape", "Mul", "Add"]),
        (ConvolutionDepthwise(num_output=4, kernel_size=(3, 3), group=4), (MAP,), 0, ["Convolution"]),
        (DepthwiseConvolution(num_output=8, kernel_size=(3, 3), group=4), (MAP,), 0, ["Convolution"]),
        (HoleConvolution(num_output=3, kernel_size=(3, 2), dilation=(2, 1)), (MAP,), 0, ["Convolution"]),
        (HoleConvolution(num_output=3, kernel_size=(3, 3), dilation=(2, 2)), (MAP, MAP), 0, ["Convolution"]),
        (MeanLRN(local_size=5, alpha=0.1, beta=0.75, k=2.0), (MAP,), 0, ["LRN"]),
        (CeilModePooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2), ceil_mode=False), (MAP,), 0, ["Pooling"]),
        (UnscaledDropout(dropout_ratio=0.3, scale_train=False), (MAP,), 0, ["Power"]),
        (UnscaledDropout(), (MAP,), 0, []),
    ],
    ids=str,
)
def test_the_same_function_in_other_layers(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, types: list[str]
) -> None:
    after = written(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
    assert [node.layer.type_name() for node in after.nodes[len(shapes) :]] == types


def test_every_layer_that_a_file_spells_and_caffe_lacks_has_a_form() -> None:
    kinds = {*LAYERS.values(), *(kind for kinds in (*SPELLINGS.values(), *DIALECTS.values()) for kind in kinds)}
    lacking = {kind.__name__ for kind in kinds if kind not in CAFFE.layers and kind not in ALL_FORMS}
    assert lacking == {"Unpool"}  # which the pass of its own writes, since it needs to see the Pooling
