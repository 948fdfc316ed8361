from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.layers import Eltwise, ReLU, Sigmoid, Slice
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.names import NAMES, legal
from caffe_ir.targets import TARGETS
from caffe_ir.targets.limits import Names
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("layer1.0.conv1", "layer1.0.conv1"),
        ("conv_12", "conv_12"),
        ("inception_3a/1x1", "inception_3a_1x1"),
        ("my layer", "my_layer"),
        ("größe", "gr_e"),
        ("conv_cpu", "conv-cpu"),
        ("pool_report", "pool-report"),
        ("a_splitncnn_0", "a-splitncnn_0"),
        ("", "layer"),
    ],
)
def test_legal_names(name, wanted):
    assert legal(name) == wanted


def test_names_are_changed_wherever_they_are_used():
    net = net_of((1, 4, 2, 2))
    add(net, "block/a b", ReLU())
    add(net, "head_cpu", Sigmoid())
    after = rewritten(net, NAMES)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 4, 2, 2)])  -> data  [1x4x2x2]\n"
        "  block_a_b: ReLU() data -> block_a_b  [1x4x2x2]\n"
        "  head-cpu: Sigmoid() block_a_b -> head-cpu  [1x4x2x2]\n"
        "  outputs head-cpu\n"
    )
    assert after.values == {"block/a b": "block_a_b", "head_cpu": "head-cpu"}
    assert [note.text for note in after.notes] == [
        "head_cpu is called head-cpu, which every reader of Caffe files accepts"  # of the output alone
    ]


def test_an_input_that_gets_another_name_is_told():
    net = net_of((1, 4, 2, 2))
    net.update(net.nodes[0], replace(net.nodes[0], name="left/image", tops=("left/image",)))
    net.shapes["left/image"] = (1, 4, 2, 2)
    add(net, "relu", ReLU())
    run_pass(NAMES, net, CONTEXT)
    assert net.nodes[0].top == net.nodes[1].bottom == "left_image"
    assert [note.text for note in net.notes] == [
        "left/image is called left_image, which every reader of Caffe files accepts"
    ]


def test_two_names_that_become_one_are_told_apart():
    net = net_of((1, 4, 2, 2))
    add(net, "a_b", ReLU())
    add(net, "a/b", Sigmoid())
    add(net, "a b", Sigmoid(), bottoms=("a_b",))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("a/b", "a b"))
    after = rewritten(net, NAMES)
    assert [node.name for node in after.nodes] == ["data", "a_b", "a_b_2", "a_b_3", "sum"]
    assert after.node("sum").bottoms == ("a_b_2", "a_b_3")


def test_a_layer_with_one_top_is_called_as_its_top():
    net = net_of((1, 4, 2, 2))
    add(net, "one", ReLU(), tops=("other",))
    after = rewritten(net, NAMES)
    assert (after.nodes[-1].name, after.nodes[-1].tops) == ("other", ("other",))


def test_a_layer_with_several_tops_is_called_as_none_of_them():
    net = net_of((1, 4, 2, 2))
    add(net, "cut", Slice(slice_point=(1,)), tops=("cut", "cut/1"))
    add(net, "last", ReLU(), bottoms=("cut/1",))
    after = rewritten(net, NAMES)
    assert (after.nodes[1].name, after.nodes[1].tops) == ("cut_2", ("cut", "cut_1"))
    assert after.node("last").bottoms == ("cut_1",)


def test_tops_of_one_layer_do_not_change_places():
    net = net_of((1, 4, 2, 2))
    add(net, "cut", Slice(slice_point=(1,)), tops=("a/b", "a_b"))
    add(net, "left", ReLU(), bottoms=("a/b",))
    add(net, "right", ReLU(), bottoms=("a_b",))
    net.outputs = ["left", "right"]
    after = rewritten(net, NAMES)
    assert after.node("left").bottom == after.nodes[1].tops[0]
    assert after.node("right").bottom == after.nodes[1].tops[1] == "a_b"


def test_leaves_legal_names_alone():
    net = net_of((1, 4, 2, 2))
    add(net, "cut", Slice(slice_point=(1,)), tops=("left", "right"))
    add(net, "layer1.0-a", ReLU())
    nodes = list(net.nodes)
    run_pass(NAMES, net, CONTEXT)
    assert all(old is new for old, new in zip(nodes, net.nodes, strict=True))


def test_a_target_may_want_identifiers_or_short_names() -> None:
    assert legal("layer1.0/conv-1", Names(plain=True)) == "layer1_0_conv_1"
    assert legal("0.conv", Names(plain=True)) == "n0_conv"
    short = legal("features.denseblock3.denselayer7.conv2", Names(most=31))
    assert len(short) <= 31 - 5
    assert short.startswith("features.")
    assert short.endswith("conv2")
    assert legal("conv", Names(most=31)) == "conv"


def test_capitals_become_small_where_the_target_wants_it():
    """X2Paddle returns what it calls by the small letters of the layer's name."""
    net = net_of((1, 4, 2, 2))
    add(net, "Conv2d_1a", ReLU())
    add(net, "Mixed", Sigmoid())
    add(net, "mixed_2", ReLU(), bottoms=("Conv2d_1a",))
    net.outputs = ["Mixed", "mixed_2"]
    context = Context(target=TARGETS["x2paddle"], options=Options())
    assert [node.name for node, _ in TARGETS["x2paddle"].verdicts(net)] == ["Mixed"]
    after = rewritten(net, NAMES, context=context)
    assert [node.name for node in after.nodes] == ["data", "conv2d_1a", "mixed", "mixed_2"]
    assert not list(TARGETS["x2paddle"].verdicts(after))
    assert rewritten(net, NAMES).outputs == ["Mixed", "mixed_2"]
