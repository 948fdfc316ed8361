from __future__ import annotations

import pytest

from caffe_ir.forms.fork_shape import FORMS
from caffe_ir.layer import Layer
from caffe_ir.layers import ChannelReorg, PassThrough, Reverse
from caffe_ir.layers.source import Cells, Gather, SpaceToDepth
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 4, 6, 8)
CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "types"),
    [
        (SpaceToDepth(block_size=(2, 2)), (MAP,), 0, ["Reorg"]),
        (ChannelReorg(stride=2), (MAP,), 0, ["SpaceToDepth"]),
        (Gather(axis=1, indices=(0, 2, 1, 3)), (MAP,), 0, ["ShuffleChannel"]),
        (Gather(axis=2, indices=(5, 4, 3, 2, 1, 0)), (MAP,), 1, ["Reverse"]),
        (Reverse(axis=(3,)), (MAP,), 0, ["Gather"]),
        (Reverse(axis=(-1, 1)), (MAP,), 0, ["Gather", "Gather"]),
        (PassThrough(block_height=2, block_width=4), (MAP,), 0, ["Cells"]),
        (Cells(stride=(2, 2), cells=CELLS), (MAP,), 0, ["PassThrough"]),
    ],
    ids=str,
)
def test_the_same_function_in_other_layers(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, types: list[str]
) -> None:
    after = written(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
    assert [node.layer.type_name() for node in after.nodes[len(shapes) :]] == types


@pytest.mark.parametrize(
    ("layer", "shapes", "place", "reason"),
    [
        (Gather(axis=1, indices=(0, 1, 3, 2)), (MAP,), 0, "not a shuffle"),
        (Gather(axis=1, indices=(3, 2, 1)), (MAP,), 1, "not taken backwards"),
        (SpaceToDepth(block_size=(2, 1)), (MAP,), 0, "not squares"),
        (SpaceToDepth(block_size=(2, 2), mode="DCR"), (MAP,), 0, "before the channel"),
        (Gather(axis=2, indices=(0, 1)), (MAP,), 0, "no channels"),
        (Cells(stride=(2, 2), cells=CELLS[::-1]), (MAP,), 0, "another order"),
    ],
    ids=str,
)
def test_where_it_does_not_apply_it_says_why(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], place: int, reason: str
) -> None:
    assert reason in refusal(net_of_layer(layer, *shapes), FORMS[type(layer)][place])
