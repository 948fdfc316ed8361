"""Blocks of cells that become channels, and the convolutions that take them in; torch is the reference for both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Concat, Convolution, ReLU
from caffe_ir.layers.source import Cells, Gather, SpaceToDepth
from caffe_ir.passes.cells import CELLS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

FOCUS = ((0, 0), (1, 0), (0, 1), (1, 1))


def blocks(shape, stride, cells, *, columns_first=False):
    """The Concat of every s-th row and every t-th column, from each of the cells on."""
    net, parts = net_of(shape), []
    for number, (dy, dx) in enumerate(cells):
        steps = [(2, dy, stride[0]), (3, dx, stride[1])]
        blob = "data"
        for axis, first, step in steps[::-1] if columns_first else steps:
            if step > 1:
                layer = Gather(axis=axis, indices=tuple(range(first, shape[axis], step)))
                blob = add(net, f"part{number}_{axis}", layer, bottoms=(blob,)).top
        parts.append(blob)
    add(net, "cat", Concat(), bottoms=parts)
    return net


def convolution(net, kernel, *, outputs=5, **options):
    layer = Convolution(num_output=outputs, kernel_size=kernel, **options)
    random = np.random.default_rng(2)
    shapes = layer.blob_shapes((net.shapes[net.nodes[-1].top],))
    add(net, "conv", layer, *(random.standard_normal(shape) for shape in shapes))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump_of_focus():
    net = convolution(blocks((2, 3, 8, 6), (2, 2), FOCUS), (3, 3), pad=(1, 1), bias_term=False)
    after = rewritten(net, CELLS)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 8, 6)])  -> data  [2x3x8x6]\n"
        "  conv: Convolution(num_output=5, bias_term=False, kernel_size=[6], stride=[2], pad=[2])"
        " data -> conv | [5, 3, 6, 6]  [2x5x4x3]\n"
        "  outputs conv\n"
    )
    assert [str(note) for note in after.notes] == [
        "tiny.cfg:9: the cells of 2 x 2 blocks are taken in by conv: its windows are 2 x 2 times as large"
    ]


def test_the_cells_alone_are_one_layer():
    after = rewritten(blocks((1, 3, 8, 6), (2, 2), FOCUS, columns_first=True), CELLS)
    assert [str(node.layer) for node in after.nodes[1:]] == [str(Cells(stride=(2, 2), cells=FOCUS))]


def test_no_weight_changes():
    net = convolution(blocks((1, 2, 4, 4), (2, 2), FOCUS), (1, 1))
    before = net.node("conv").blobs[0].load()
    (weights, bias) = (blob.load() for blob in rewritten(net, CELLS).node("conv").blobs)
    assert sorted(weights.ravel()) == sorted(before.ravel())
    np.testing.assert_array_equal(bias, net.node("conv").blobs[1].load())


@settings(max_examples=60)
@given(st.data())
def test_every_convolution_is_the_same_function(data):
    stride = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    cells = data.draw(st.permutations([(dy, dx) for dy in range(stride[0]) for dx in range(stride[1])]))
    rows, columns = data.draw(st.tuples(st.integers(2, 4), st.integers(2, 4)))
    net = blocks((1, 2, rows * stride[0], columns * stride[1]), stride, cells, columns_first=data.draw(st.booleans()))
    pairs = [
        data.draw(st.tuples(st.integers(low, high), st.integers(low, high))) for low, high in ((1, 2), (1, 2), (0, 2))
    ]
    kernel, step, pad = pairs
    rewritten(convolution(net, kernel, stride=step, pad=pad, bias_term=data.draw(st.booleans())), CELLS)


def test_two_steps_one_after_the_other_become_one():
    net = blocks((1, 2, 8, 6), (2, 1), ((0, 0), (1, 0)))
    add(net, "left", Gather(axis=3, indices=(0, 2, 4)), bottoms=("cat",))
    add(net, "right", Gather(axis=3, indices=(1, 3, 5)), bottoms=("cat",))
    add(net, "all", Concat(), bottoms=("left", "right"))
    after = rewritten(convolution(net, (3, 3)), CELLS)
    assert types(after) == ["Convolution"]
    assert after.node("conv").blobs[0].shape == (5, 2, 6, 6)


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"dilation": (2, 2), "pad": (2, 2)}, ["Cells", "Convolution"]),
        ({"group": 2, "outputs": 4}, ["Cells", "Convolution"]),
    ],
)
def test_other_convolutions_read_the_cells(options, kinds):
    assert types(rewritten(convolution(blocks((1, 2, 4, 4), (2, 2), FOCUS), (2, 2), **options), CELLS)) == kinds


@pytest.mark.parametrize("reader", ["another", "an output"])
def test_cells_that_others_read_stay(reader):
    net = convolution(blocks((1, 2, 4, 4), (2, 2), FOCUS), (1, 1))
    if reader == "another":
        add(net, "relu", ReLU(), bottoms=("cat",))
    net.outputs = ["conv", "relu" if reader == "another" else "cat"]
    assert types(rewritten(net, CELLS))[:2] == ["Cells", "Convolution"]


def test_a_part_that_others_read_stays():
    net = blocks((1, 2, 4, 4), (2, 2), FOCUS)
    add(net, "relu", ReLU(), bottoms=("part0_2",))
    net.outputs = ["cat", "relu"]
    assert types(rewritten(net, CELLS)) == ["Gather", "Cells", "ReLU"]


@pytest.mark.parametrize(
    "cells", [((0, 0), (1, 0), (0, 1)), ((0, 0), (0, 0), (1, 1), (0, 1)), ((1, 1), (0, 0))], ids=len
)
def test_where_cells_are_missing_or_doubled_they_are_not_taken_in(cells):
    assert types(rewritten(convolution(blocks((1, 2, 4, 4), (2, 2), cells), (1, 1)), CELLS)) == ["Cells", "Convolution"]


@pytest.mark.parametrize("what", ["another blob", "another step", "a whole", "an axis", "a rest", "each twice"])
def test_what_is_no_set_of_cells_is_left_alone(what):
    net = net_of((1, 2, 4, 4))
    even = Gather(axis=2, indices=(0, 0, 1, 1, 2, 2, 3, 3) if what == "each twice" else (0, 2))
    add(net, "even", even, bottoms=("data",))
    other = {"another step": Gather(axis=2, indices=(0, 3)), "a rest": Gather(axis=2, indices=(2, 3))}
    source = add(net, "other", ReLU(), bottoms=("data",)).top if what == "another blob" else "data"
    add(
        net, "odd", other.get(what, even if what == "each twice" else Gather(axis=2, indices=(1, 3))), bottoms=(source,)
    )
    if what == "a whole":
        add(net, "all", Concat(axis=2), bottoms=("even", "data"))
    else:
        add(net, "all", Concat(axis=3 if what == "an axis" else 1), bottoms=("even", "odd"))
    assert rewritten(net, CELLS).dump() == net.dump()


# ---- SpaceToDepth ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [(2, 2), (2, 3), (1, 4)])
def test_a_convolution_takes_in_all_cells_of_the_blocks(block):
    net = net_of((2, 3, 8, 12))
    add(net, "depth", SpaceToDepth(block_size=block, mode="DCR"))
    after = rewritten(convolution(net, (3, 3), pad=(1, 1)), CELLS)
    assert types(after) == ["Convolution"]
    assert after.node("conv").blobs[0].shape == (5, 3, 3 * block[0], 3 * block[1])


def test_what_torch_unshuffles_stays_a_layer():
    net = net_of((2, 3, 8, 6))
    add(net, "depth", SpaceToDepth(block_size=(2, 2)))
    net = convolution(net, (3, 3), pad=(1, 1))
    assert rewritten(net, CELLS).dump() == net.dump()


def test_cells_that_something_else_reads_stay():
    net = net_of((1, 2, 4, 4))
    add(net, "depth", SpaceToDepth(block_size=(2, 2), mode="DCR"))
    net = convolution(net, (1, 1))
    net.outputs = ["depth", "conv"]
    assert rewritten(net, CELLS).dump() == net.dump()
