"""Both ways to write Darknet's reorg, and which one is taken. The source layers have Darknet itself as their reference
(tests/converters/darknet/sections/test_spatial.py), written files in tests/end_to_end/test_reorg.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.forms import reorg
from caffe_ir.layers.source import Cells, Reorg, Reorg3d
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten

DENSE, BY_CELL = (form.name for form in reorg.FORMS[Reorg])
CELLS = ["Convolution"] * 4 + ["Concat"]
BACK = ["Slice", *["Deconvolution"] * 4, "Eltwise"]


def of(layer, shape):
    net = net_of(shape)
    add(net, "reorg", layer)
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("layer", "shape", "dense", "by_cell"),
    [
        (Reorg(stride=2), (2, 8, 4, 6), ["Reshape", "Convolution", "Reshape"], ["Reshape", *CELLS, "Reshape"]),
        (Reorg(stride=2, reverse=True), (2, 8, 3, 5), ["Deconvolution"], BACK),
        (Reorg3d(stride=2), (2, 3, 4, 6), ["Convolution"], CELLS),
        (
            Reorg3d(stride=2, reverse=True),
            (2, 16, 3, 5),
            ["Reshape", "Deconvolution", "Reshape"],
            ["Reshape", *BACK, "Reshape"],
        ),
        (Reorg3d(stride=3), (1, 2, 6, 3), ["Convolution"], ["Convolution"] * 9 + ["Concat"]),
        (Reorg(stride=3, reverse=True), (1, 18, 2, 3), ["Deconvolution"], ["Slice", *["Deconvolution"] * 9, "Eltwise"]),
        (Reorg(stride=2), (1, 4, 4, 4), ["Reshape", "Convolution", "Reshape"], ["Reshape", *CELLS, "Reshape"]),
        (Reorg(stride=1), (2, 3, 4, 5), [], []),
        (Cells(stride=(2, 1), cells=((1, 0), (0, 0))), (2, 3, 4, 5), ["Convolution"], ["Convolution"] * 2 + ["Concat"]),
        (Cells(stride=(2, 3), cells=((1, 2),)), (2, 3, 4, 6), ["Convolution"], ["Convolution"]),
        (Cells(stride=(1, 1), cells=((0, 0),)), (2, 3, 4, 6), [], []),
    ],
)
def test_each_form_moves_every_value_to_its_place(layer, shape, dense, by_cell):
    for form, wanted in zip(reorg.FORMS[type(layer)], (dense, by_cell), strict=True):
        net = of(layer, shape)
        after = net.copy()
        new = Replacement(net=after, old=after.node("reorg"))
        assert form.build(new) == ""
        new.commit()
        assert_same(net, after, tolerance=0)
        assert types(after) == wanted
        for node in after.nodes:  # ones and zeros: nothing is computed, everything is moved
            assert all(set(np.unique(blob.load())) == {0.0, 1.0} for blob in node.blobs)


@pytest.mark.parametrize(
    ("layer", "shape", "form"),
    [
        (Reorg(stride=2), (1, 4, 8, 8), DENSE),
        (Reorg3d(stride=2), (1, 3, 64, 64), DENSE),
        (Reorg3d(stride=2), (1, 1024, 8, 8), BY_CELL),
        (Reorg(stride=2), (1, 1024, 8, 8), BY_CELL),
        (Reorg(stride=2, reverse=True), (1, 2048, 8, 8), BY_CELL),
        (Reorg3d(stride=2, reverse=True), (1, 4096, 4, 4), BY_CELL),
    ],
)
def test_the_cheaper_one_is_taken(layer, shape, form):
    net = rewritten(of(layer, shape), LEGALIZE)
    (note,) = net.notes
    assert note.text == f"{layer} -> {form}"


def test_golden_dump():
    assert rewritten(of(Reorg(stride=2), (1, 4, 4, 4)), LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 4, 4, 4)])  -> data  [1x4x4x4]\n"
        "  reorg_view: Reshape(shape=(0, 1, 8, 8)) data -> reorg_view  [1x1x8x8]\n"
        "  reorg_moved: Convolution(num_output=4, bias_term=False, kernel_size=[2], stride=[2])"
        " reorg_view -> reorg_moved | [4, 1, 2, 2]  [1x4x4x4]\n"
        "  reorg: Reshape(shape=(0, 16, 2, 2)) reorg_moved -> reorg  [1x16x2x2]\n"
        "  outputs reorg\n"
    )


def test_golden_dump_by_cells():
    assert rewritten(of(Reorg3d(stride=2), (1, 512, 4, 4)), LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 512, 4, 4)])  -> data  [1x512x4x4]\n"
        + "".join(
            f"  reorg_cell{cell}: Convolution(num_output=512, group=512, bias_term=False, kernel_size=[2], stride=[2])"
            f" data -> reorg_cell{cell} | [512, 1, 2, 2]  [1x512x2x2]\n"
            for cell in range(4)
        )
        + "  reorg: Concat() reorg_cell0, reorg_cell1, reorg_cell2, reorg_cell3 -> reorg  [1x2048x2x2]\n"
        "  outputs reorg\n"
    )
