"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.layers import LRN, Input, Sigmoid, Slice, TanH
from caffe_ir.targets.x2paddle import X2PADDLE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import differences

MAP = (1, 4, 8, 8)


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("x2paddle", X2PADDLE, tmp_path) == {}


def test_layers_of_one_name_in_small_letters_are_one_variable() -> None:
    net = net_of(MAP)
    add(net, "A", TanH())
    add(net, "b", Sigmoid())
    assert list(X2PADDLE.verdicts(net)) == []
    add(net, "a", Sigmoid())
    assert [(node.name, verdict.effect) for node, verdict in X2PADDLE.verdicts(net)] == [("A", "wrong")]


def test_an_output_that_a_slice_writes_is_left_out_where_another_part_is_read() -> None:
    net = net_of(MAP)
    add(net, "parts", Slice(slice_point=(1,)), bottoms=["data"], tops=("a", "b"))
    net.outputs = ["a", "b"]
    assert {verdict.effect for _, verdict in X2PADDLE.verdicts(net)} == {"refused", "wrong"}
    add(net, "c", TanH(), bottoms=["a"])
    net.outputs = ["c", "b"]
    assert [(node.name, verdict.effect) for node, verdict in X2PADDLE.verdicts(net)] == [("parts", "wrong")]
    add(net, "d", TanH(), bottoms=["b"])
    net.outputs = ["c", "d"]
    assert list(X2PADDLE.verdicts(net)) == []


def test_an_input_called_by_a_word_of_python_is_refused() -> None:
    net = net_of(MAP)
    add(net, "in", Input(shape=MAP), bottoms=())
    add(net, "y", TanH())
    assert [node.name for node, _ in X2PADDLE.verdicts(net)] == ["in"]


def test_an_lrn_of_one_cell_is_computed_with_a_constant_of_1_alone() -> None:
    """Trials with local_size: 1 alpha: 1 beta: 1, and within channels with k: 0.5 too."""
    layers = [LRN(), LRN(local_size=1), LRN(local_size=1, k=0.5, norm_region="WITHIN_CHANNEL")]
    assert [X2PADDLE.holds(layer, (MAP,)) for layer in layers] == [False, True, False]
