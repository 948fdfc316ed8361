from __future__ import annotations

import pytest

from caffe_ir.layers.source import GRU, PlainRNN, ProjectedLSTM
from caffe_ir.passes.one_sequence import ONE_SEQUENCE
from tests.caffe_ir.passes.recurrent import recurrent
from tests.caffe_ir.passes.rewriting import rewritten


def test_golden_dump():
    assert rewritten(recurrent(PlainRNN(num_output=3), (4, 1, 5)), ONE_SEQUENCE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(4, 1, 5)])  -> data  [4x1x5]\n"
        "  rnn_sequence: Reshape(shape=(1, 4, 5)) data -> rnn_sequence  [1x4x5]\n"
        "  rnn_batch_first: PlainRNN(num_output=3, batch_first=True) rnn_sequence -> rnn_batch_first_0, hidden"
        " | [3, 5] [3, 3] [3] [3]  [1x4x3 1x1x3]\n"
        "  y: Reshape(shape=(4, 1, 3)) rnn_batch_first_0 -> y  [4x1x3]\n"
        "  outputs y, hidden\n"
    )


@pytest.mark.parametrize("layer", [GRU, PlainRNN, ProjectedLSTM])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_is_the_same_function(layer, backwards, given):
    net = recurrent(layer(num_output=3, backwards=backwards), (4, 1, 5), given=given)
    assert any(getattr(node.layer, "batch_first", False) for node in rewritten(net, ONE_SEQUENCE).nodes)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (PlainRNN(num_output=3), (4, 2, 5)),
        (PlainRNN(num_output=3, batch_first=True), (1, 4, 5)),
        (PlainRNN(num_output=3), (1, 5)),
    ],
    ids=["two sequences", "batch first", "a cell"],
)
def test_leaves_alone(layer, x):
    net = recurrent(layer, x)
    assert rewritten(net, ONE_SEQUENCE).dump() == net.dump()
