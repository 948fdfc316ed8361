"""Every output is a blob that no layer reads, by Caffe's rule and by OpenCV's account."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Convolution, Eltwise, Power, ReLU, Slice
from caffe_ir.layers.source import WindowPool
from caffe_ir.passes.base import Options
from caffe_ir.passes.outputs_apart import OUTPUTS_APART
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten


def two_stages():
    net, random = net_of((1, 3, 6, 6)), np.random.default_rng(1)
    filters = random.normal(size=(4, 3, 3, 3))
    add(net, "deep", Convolution(num_output=4, kernel_size=(3, 3), bias_term=False), filters)
    add(net, "last", Power(scale=2.0))
    net.outputs = ["deep", "last"]
    return net


def engine_of(net, folder: Path):
    write(net, folder / "net", CAFFE)
    return cv2.dnn.readNetFromCaffe(str(folder / "net.prototxt"), str(folder / "net.caffemodel"))


def test_golden_dump():
    assert rewritten(two_stages(), OUTPUTS_APART).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 6, 6)])  -> data  [1x3x6x6]\n"
        "  deep_inner: Convolution(num_output=4, bias_term=False, kernel_size=[3]) data -> deep_inner"
        " | [4, 3, 3, 3]  [1x4x4x4]\n"
        "  deep: Reshape(shape=(0, 0, 0, 0)) deep_inner -> deep  [1x4x4x4]\n"
        "  last: Power(scale=2.0) deep_inner -> last  [1x4x4x4]\n"
        "  outputs deep, last\n"
    )


def test_an_output_that_is_read_is_an_output_in_opencv(tmp_path: Path):
    before = two_stages()
    after = lower(before.copy(), CAFFE, Options())
    assert_same(before, after)
    engine = engine_of(after, tmp_path)
    assert sorted(engine.getUnconnectedOutLayersNames()) == ["deep", "last"]
    engine.setInput(np.random.default_rng(2).standard_normal((1, 3, 6, 6)).astype(np.float32))
    deep, last = engine.forward(["deep", "last"])
    np.testing.assert_allclose(last, 2 * deep, rtol=1e-6)


def test_an_input_that_is_returned_is_copied_and_keeps_its_name_as_an_input(tmp_path: Path):
    net = net_of((1, 3, 4, 4))
    add(net, "y", ReLU())
    net.outputs = ["data", "y"]
    after = lower(net.copy(), CAFFE, Options())
    assert after.outputs == ["data_output", "y"]
    assert any("data_output" in note.text for note in after.notes)
    engine = engine_of(after, tmp_path)
    assert sorted(engine.getUnconnectedOutLayersNames()) == ["data_output", "y"]
    x = np.random.default_rng(2).standard_normal((1, 3, 4, 4)).astype(np.float32)
    engine.setInput(x, "data")
    np.testing.assert_array_equal(engine.forward("data_output"), x)


def test_one_of_several_tops_is_copied():
    net = net_of((1, 4, 2, 2))
    add(net, "parts", Slice(slice_point=(2,)), tops=("left", "right"))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("left", "right"))
    net.outputs = ["left", "sum"]
    after = rewritten(net, OUTPUTS_APART)
    assert [(node.name, node.bottoms, node.tops) for node in after.nodes[1:]] == [
        ("parts", ("data",), ("left_inner", "right")),
        ("left", ("left_inner",), ("left",)),
        ("sum", ("left_inner", "right"), ("sum",)),
    ]


def test_of_several_tops_each_output_is_copied_in_order():
    net = net_of((1, 4, 2, 2))
    add(net, "parts", Slice(slice_point=(1, 2)), tops=("a", "b", "c"))
    net.outputs = ["a", "b", "c"]
    after = rewritten(net, OUTPUTS_APART)
    assert [node.name for node in after.nodes] == ["data", "parts", "a", "b", "c"]
    assert all(after.can_end_at(output) for output in after.outputs)
    assert after.outputs == ["a", "b", "c"]


def test_what_is_returned_several_times_is_several_outputs():
    net = two_stages()
    net.values["data"] = "data"
    net.outputs = ["last", "data", "last", "data", "last"]
    after = rewritten(net, OUTPUTS_APART)
    assert after.outputs == ["last", "data_output", "last_2", "data_output_2", "last_3"]
    assert after.values == {"data": "data", "deep": "deep", "last": "last"}
    copies = [node for node in after.nodes if node.bottoms == ("last_inner",)]
    assert len({node.layer for node in copies}) == 3  # MNN makes one layer of two that are alike
    assert [note.text for note in after.notes] == [
        "the output that is the input data itself is called data_output",
        "the output that is the input data itself is called data_output_2",
        "an output that is last once more is called last_2",
        "an output that is last once more is called last_3",
    ]


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_every_target_holds_a_copy(target):
    net = net_of((1, 3, 6, 6))
    add(net, "deep", ReLU())
    add(net, "last", ReLU())
    net.outputs = ["deep", "last"]
    assert lower(net, target, Options()).outputs == ["deep", "last"]


def test_a_crop_takes_its_size_from_no_output(tmp_path: Path):
    """A floor pooling beside a convolution whose map has the pooling's shape, and is an output."""
    net, random = net_of((1, 3, 9, 9)), np.random.default_rng(1)
    add(net, "stem", Convolution(num_output=4, kernel_size=(1, 1), bias_term=False), random.normal(size=(4, 3, 1, 1)))
    halved = Convolution(num_output=4, kernel_size=(2, 2), stride=(2, 2), bias_term=False)
    add(net, "conv", halved, random.normal(size=(4, 4, 2, 2)))
    floor = WindowPool(pool="MAX", kernel_size=(2, 2), stride=(2, 2), output_size=(4, 4))
    add(net, "pool", floor, bottoms=("stem",))
    net.outputs = ["conv", "pool"]
    after = lower(net.copy(), CAFFE, Options())
    assert_same(net, after)
    assert sorted(engine_of(after, tmp_path).getUnconnectedOutLayersNames()) == ["conv", "pool"]


def test_outputs_that_nobody_reads_are_left_alone():
    net = two_stages()
    net.outputs = ["last"]
    assert rewritten(net, OUTPUTS_APART).dump() == net.dump()


def test_an_output_keeps_its_name_where_the_layer_has_it_that_makes_another_blob_too(tmp_path: Path):
    net = net_of((1, 4, 2, 2))
    add(net, "left", Slice(slice_point=(1,)), tops=("left", "right"))
    add(net, "twice", Power(scale=2.0), bottoms=("right",))
    net.outputs = ["left", "twice"]
    after = lower(net.copy(), CAFFE, Options())
    assert after.outputs == ["left", "twice"]
    assert_same(net, after)
    engine, x = engine_of(after, tmp_path), np.random.default_rng(2).standard_normal((1, 4, 2, 2)).astype(np.float32)
    assert sorted(engine.getUnconnectedOutLayersNames()) == ["left", "twice"]
    engine.setInput(x)
    left, twice = engine.forward(["left", "twice"])
    np.testing.assert_array_equal(left, x[:, :1])
    np.testing.assert_array_equal(twice, 2 * x[:, 1:])


def test_an_output_keeps_its_name_where_another_layer_has_it():
    net = net_of((1, 4, 2, 2))
    add(net, "parts", Slice(slice_point=(1,)), tops=("left", "right"))
    add(net, "left", Power(scale=2.0), bottoms=("right",), tops=("twice",))
    net.outputs = ["left", "twice"]
    after = rewritten(net, OUTPUTS_APART)
    assert after.outputs == ["left", "twice"]
    assert [(node.name, node.tops) for node in after.nodes[2:]] == [("left_2", ("left",)), ("left", ("twice",))]
