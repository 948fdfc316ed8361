"""No part of a Slice is left over, by the account of Caffe's own rule and of OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Concat, Convolution, Power, ReLU, Slice
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.unread_parts import UNREAD_PARTS
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten

SHAPE = (2, 6, 4, 5)


def cut(*, read=("part_1",), shape=SHAPE, axis=1, points=(1, 4)):
    net = net_of(shape)
    add(net, "before", Power(scale=3.0))
    add(net, "part", Slice(axis=axis, slice_point=points), tops=("part_0", "part_1", "part_2"))
    for top in read:
        add(net, f"twice_{top}", Power(scale=2.0), bottoms=(top,))
    net.outputs = [f"twice_{top}" for top in read]
    return net


def outputs_of_caffe(net):
    """Blobs that no layer reads (net.cpp:226-235)."""
    read = {bottom for node in net.nodes for bottom in node.bottoms}
    return [top for node in net.nodes for top in node.tops if top not in read]


def types(net):
    return [node.layer.type_name() for node in net.nodes[2:]]


def test_golden_dump():
    assert rewritten(cut(read=("part_0", "part_2")), UNREAD_PARTS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 6, 4, 5)])  -> data  [2x6x4x5]\n"
        "  before: Power(scale=3.0) data -> before  [2x6x4x5]\n"
        "  part_picked: Gather(axis=1, indices=(0, 4, 5)) before -> part_picked  [2x3x4x5]\n"
        "  part_part: Slice(slice_point=(1,)) part_picked -> part_0, part_2  [2x1x4x5 2x2x4x5]\n"
        "  twice_part_0: Power(scale=2.0) part_0 -> twice_part_0  [2x1x4x5]\n"
        "  twice_part_2: Power(scale=2.0) part_2 -> twice_part_2  [2x2x4x5]\n"
        "  outputs twice_part_0, twice_part_2\n"
    )


def test_a_concat_behind_it_reads_the_parts_of_what_it_read_as_a_whole():
    net = cut()
    add(net, "csp", Concat(axis=-3), bottoms=("twice_part_1", "before"))
    after = rewritten(net, UNREAD_PARTS)
    assert after.node("csp").bottoms == ("twice_part_1", "part_0", "part_1", "part_2")
    assert outputs_of_caffe(after) == ["csp"]


@pytest.mark.parametrize("axis", [2, 3])
def test_a_concat_along_another_axis_is_no_help(axis):
    net = cut()
    add(net, "other", Concat(axis=axis), bottoms=("before", "before"))
    assert types(rewritten(net, UNREAD_PARTS)) == ["Gather", "Power", "Concat"]


def test_a_concat_before_the_slice_is_no_help():
    net = net_of(SHAPE)
    add(net, "early", Concat(), bottoms=("data", "data"))
    add(net, "part", Slice(slice_point=(2,)), bottoms=("data",), tops=("part_0", "part_1"))
    add(net, "y", ReLU(), bottoms=("part_1",))
    net.outputs = ["early", "y"]
    assert types(rewritten(net, UNREAD_PARTS)) == ["Gather", "ReLU"]


def test_parts_that_are_read_or_wanted_are_left_alone():
    net = cut(read=("part_0", "part_1"))
    net.outputs.append("part_2")
    assert rewritten(net, UNREAD_PARTS).dump() == net.dump()


@pytest.mark.parametrize("read", [("part_0",), ("part_1",), ("part_0", "part_2"), ("part_1", "part_2")], ids=str)
@pytest.mark.parametrize(
    ("shape", "axis", "points"), [(SHAPE, 1, (1, 4)), (SHAPE, 2, (1, 3)), (SHAPE, 3, (2, 3)), ((2, 9), 1, (2, 5))]
)
def test_opencv_lists_what_the_source_returns_and_nothing_else(read, shape, axis, points, tmp_path: Path):
    net = cut(read=read, shape=shape, axis=axis, points=points)
    after = lower(net.copy(), CAFFE, Options())
    assert_same(net, after)
    assert outputs_of_caffe(after) == net.outputs
    write(after, tmp_path / "net", CAFFE)
    engine = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    engine.setInput(x)
    names = engine.getUnconnectedOutLayersNames()
    assert list(names) == net.outputs
    bounds = dict(zip(("part_0", "part_1", "part_2"), np.split(6 * x, points, axis), strict=True))
    for name, top in zip(names, engine.forward(names), strict=True):
        np.testing.assert_allclose(top, bounds[name.removeprefix("twice_")], rtol=1e-6)


def test_half_of_a_convolution_is_what_a_plain_forward_returns(tmp_path: Path):
    net, random = net_of((1, 3, 6, 6)), np.random.default_rng(1)
    filters = random.normal(size=(16, 3, 3, 3))
    add(net, "conv", Convolution(num_output=16, kernel_size=(3, 3), bias_term=False), filters)
    add(net, "half", Slice(slice_point=(8,)), tops=("first", "rest"))
    net.outputs = ["first"]
    write(lower(net.copy(), CAFFE, Options()), tmp_path / "net", CAFFE)
    engine = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    x = random.standard_normal((1, 3, 6, 6)).astype(np.float32)
    engine.setInput(x)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    wanted = np.einsum("nchwij,ocij->nohw", windows, filters[:8])
    np.testing.assert_allclose(engine.forward(), wanted, rtol=1e-4, atol=1e-4)
