from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import LSTM, InnerProduct, Parameter
from caffe_ir.layers.source import GRU, PlainRNN, ProjectedLSTM
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.unread_parts import UNREAD_PARTS
from caffe_ir.passes.unroll import UNROLL
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.recurrent import recurrent
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

LAYERS = {
    "tanh": PlainRNN(num_output=3),
    "relu": PlainRNN(num_output=3, activation="relu"),
    "gru": GRU(num_output=3),
    "lstm": ProjectedLSTM(num_output=3),
    "projected": ProjectedLSTM(num_output=3, proj_size=2),
}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("bias_term", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("form", ["steps first", "batch first", "one step", "one sequence", "a cell"])
def test_is_the_same_function_in_layers_of_caffe(kind, bias_term, backwards, given, form):
    layer = replace(LAYERS[kind], bias_term=bias_term, backwards=backwards, batch_first=form == "batch first")
    x = {"batch first": (2, 4, 5), "one step": (1, 2, 5), "one sequence": (4, 1, 5), "a cell": (2, 5)}
    net = rewritten(recurrent(layer, x.get(form, (4, 2, 5)), given=given), UNROLL, UNREAD_PARTS, LEGALIZE)
    assert all(CONTEXT.target.holds(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes)
    assert all(net.consumers(top) or top in net.outputs for node in net.nodes for top in node.tops)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("read", [0, 1])
def test_only_what_is_read_is_written(kind, read):
    net = rewritten(recurrent(LAYERS[kind], read=[read]), UNROLL, UNREAD_PARTS)
    assert all(net.consumers(top) or top in net.outputs for node in net.nodes for top in node.tops)


def test_golden_dump():
    assert rewritten(recurrent(PlainRNN(num_output=3), (2, 2, 5)), UNROLL).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 2, 5)])  -> data  [2x2x5]\n"
        "  rnn_rows: Reshape(shape=(4, 5)) data -> rnn_rows  [4x5]\n"
        "  rnn_input: InnerProduct(num_output=3) rnn_rows -> rnn_input | [3, 5] [3]  [4x3]\n"
        "  rnn_inputs0: Slice(slice_point=(2,), axis=0) rnn_input -> rnn_inputs0_0, rnn_inputs0_1  [2x3 2x3]\n"
        "  rnn_step0_sum: Scale(bias_term=True) rnn_inputs0_0 -> rnn_step0_sum | [3] [3]  [2x3]\n"
        "  rnn_step0_state: TanH() rnn_step0_sum -> rnn_step0_state  [2x3]\n"
        "  rnn_step1_recurrent: InnerProduct(num_output=3) rnn_step0_state -> rnn_step1_recurrent | [3, 3] [3]  [2x3]\n"
        "  rnn_step1_sum: Eltwise(operation=SUM) rnn_inputs0_1, rnn_step1_recurrent -> rnn_step1_sum  [2x3]\n"
        "  rnn_step1_state: TanH() rnn_step1_sum -> rnn_step1_state  [2x3]\n"
        "  rnn_steps: Concat(axis=0) rnn_step0_state, rnn_step1_state -> rnn_steps  [4x3]\n"
        "  y: Reshape(shape=(2, 2, 3)) rnn_steps -> y  [2x2x3]\n"
        "  hidden: Reshape(shape=(1, 2, 3)) rnn_step1_state -> hidden  [1x2x3]\n"
        "  outputs y, hidden\n"
    )


def test_says_how_many_layers_there_are():
    net = rewritten(recurrent(GRU(num_output=3), read=[0]), UNROLL)
    (note,) = [note.text for note in net.notes if note.kind == "lowered"]
    assert f"over 4 steps -> {len(net.nodes) - 1} layers" in note


def test_the_steps_share_the_very_blobs():
    net = rewritten(recurrent(ProjectedLSTM(num_output=3, proj_size=2), given=True), UNROLL)
    held: dict[tuple[str, ...], set[int]] = {}
    for node in net.nodes:
        if isinstance(node.layer, InnerProduct) and node.param_names:
            held.setdefault(node.param_names, set()).update(id(blob) for blob in node.blobs)
    assert {names: len(blobs) for names, blobs in held.items()} == {("rnn_1", "rnn_3"): 2, ("rnn_4",): 1}


def test_takes_the_names_under_which_weights_are_shared_already():
    net = recurrent(GRU(num_output=3), (2, 5), given=True)
    names = ("a", "b", "c", "d")
    net.update(net.node("rnn"), replace(net.node("rnn"), param_names=names))
    found = [node.param_names for node in rewritten(net, UNROLL).nodes if node.param_names]
    assert found == [("a", "c"), ("b", "d")]


def test_leaves_caffes_own_lstm_alone():
    net = net_of((4, 2, 5))
    add(net, "cont", Parameter(shape=(4, 2)), np.ones((4, 2)), bottoms=())
    weights = map(np.ones, ((12, 5), (12,), (12, 3)))
    add(net, "lstm", LSTM(num_output=3), *weights, bottoms=("data", "cont"))
    before = net.dump()
    run_pass(UNROLL, net, CONTEXT)
    assert net.dump() == before
