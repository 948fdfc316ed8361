from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import LSTM, Concat, Parameter, Reshape
from caffe_ir.layers.source import GRU, Linear, Permute, PlainRNN, ProjectedLSTM, Recurrence
from caffe_ir.net import Net
from caffe_ir.passes.base import Options, run_pass
from caffe_ir.passes.lstm import NATIVE_LSTM
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, TARGETS, WIDESPREAD
from converters.verify.mnn_engine import MNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, assert_same, rewritten
from tests.converters.verify.engine_nets import files_of


def lstm(*, read=(0,), shape=(5, 2, 4), **options) -> Net:
    """A layer whose tops of these numbers are the outputs."""
    random, net = np.random.default_rng(0), net_of(shape)
    layer = ProjectedLSTM(num_output=3, **options)
    weights = [random.standard_normal(one) for one in layer.blob_shapes((shape,))]
    tops = ("y", "hidden", "cell")
    add(net, "lstm", layer, *weights, tops=tops)
    net.outputs = [tops[place] for place in read]
    return net


def test_golden_dump():
    assert rewritten(lstm(read=(0, 1), backwards=True), NATIVE_LSTM, context=ALONE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(5, 2, 4)])  -> data  [5x2x4]\n"
        "  lstm_in: Gather(axis=0, indices=(4, 3, 2, 1, 0)) data -> lstm_in  [5x2x4]\n"
        "  lstm_cont: Parameter(shape=(5, 2))  -> lstm_cont | [5, 2]  [5x2]\n"
        "  lstm_lstm: LSTM(num_output=3) lstm_in, lstm_cont -> lstm_lstm | [12, 4] [12] [12, 3]  [5x2x3]\n"
        "  hidden: Gather(axis=0, indices=(4,)) lstm_lstm -> hidden  [1x2x3]\n"
        "  y: Gather(axis=0, indices=(4, 3, 2, 1, 0)) lstm_lstm -> y  [5x2x3]\n"
        "  outputs y, hidden\n"
    )


@pytest.mark.parametrize("bias_term", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("steps", [1, 5])
def test_is_the_same_function(bias_term, backwards, batch_first, steps):
    shape = (2, steps, 4) if batch_first else (steps, 2, 4)
    net = lstm(read=(0, 1), shape=shape, bias_term=bias_term, backwards=backwards, batch_first=batch_first)
    assert not any(isinstance(node.layer, ProjectedLSTM) for node in rewritten(net, NATIVE_LSTM, context=ALONE).nodes)


def reader_of_columns(layer: Recurrence) -> Net:
    """The columns of a map as steps, and a class for each."""
    random, net = np.random.default_rng(0), net_of((1, 4, 1, 6))
    add(net, "columns", Reshape(shape=(0, 4, 6)))
    add(net, "steps", Permute(order=(0, 2, 1) if layer.batch_first else (2, 0, 1)))
    x = net.shapes["steps"]
    weights = [random.standard_normal(one) for one in layer.blob_shapes((x,))]
    add(net, "rnn", layer, *weights, tops=("y", "hidden", "cell")[: len(layer.infer((x,)))])
    add(net, "last", Linear(num_output=2), *(random.standard_normal(one) for one in ((2, 3), (2,))), bottoms=("y",))
    return net


def test_in_files_for_others_too_it_is_written_in_steps():
    """OpenCV, MNN and ncnn all lack Caffe's LSTM: with one the files would be for Caffe alone."""
    net = reader_of_columns(ProjectedLSTM(num_output=3))
    kinds = {type(node.layer) for node in lower(net.copy(), CAFFE, Options()).nodes}
    assert not kinds & {LSTM, Parameter}
    assert LSTM in {type(node.layer) for node in lower(net, TARGETS["caffe-master"], Options()).nodes}


def test_over_many_steps_it_stays_caffes_lstm():
    """Readers find weights in each step: beside a small net, copies of them would be most of the file."""
    net = net_of((200, 1, 4))
    layer = ProjectedLSTM(num_output=3)
    random, x = np.random.default_rng(0), net.shapes["data"]
    weights = [random.standard_normal(one) for one in layer.blob_shapes((x,))]
    add(net, "rnn", layer, *weights, tops=("y", "hidden", "cell"))
    assert LSTM in {type(node.layer) for node in lower(net, CAFFE, Options()).nodes}


def test_both_directions_are_written_alike():
    """The second has the first one's cont, which no other reader takes either."""
    net = net_of((1, 8, 1, 26))
    add(net, "columns", Reshape(shape=(0, 8, 26)))
    add(net, "steps", Permute(order=(2, 0, 1)))
    random, x = np.random.default_rng(0), net.shapes["steps"]
    for name, backwards in (("there", False), ("back", True)):
        layer = ProjectedLSTM(num_output=8, backwards=backwards)
        weights = [random.standard_normal(one) for one in layer.blob_shapes((x,))]
        tops = (name, f"{name}_hidden", f"{name}_cell")
        made = add(net, name, layer, *weights, bottoms=("steps",), tops=tops)
        net.update(made, replace(made, origin=replace(made.origin, layer="lstm")))
    add(net, "both", Concat(axis=2), bottoms=("there", "back"))
    add(net, "classes", Linear(num_output=4), random.standard_normal((4, 16)), random.standard_normal(4))
    kinds = [type(node.layer) for node in lower(net, CAFFE, Options()).nodes]
    assert (kinds.count(LSTM), kinds.count(Parameter)) == (2, 1)


@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layer", [GRU, PlainRNN, ProjectedLSTM])
def test_the_steps_of_one_sequence_are_right_in_opencv_mnn_and_ncnn(layer, batch_first, backwards, tmp_path):
    """Between a map and rows of classes, as text recognisers have it; ncnn takes the batch off every blob."""
    net = reader_of_columns(layer(num_output=3, batch_first=batch_first, backwards=backwards))
    written = lower(net.copy(), CAFFE, Options())
    assert_same(net, written)
    faults = [f"{one.name}: {fault.why}" for one in WIDESPREAD for _, fault in one.verdicts(written) if fault.is_fault]
    assert not faults
    if importlib.util.find_spec("MNN"):
        x = np.random.default_rng(1).standard_normal((1, 4, 1, 6))
        (found,) = MNN.blobs(files_of(tmp_path, written), ["last"], {"data": x})
        truth = run(net, {"data": x}, np.float64)["last"]
        np.testing.assert_allclose(np.array(found).reshape(truth.shape), truth, atol=1e-4)


def test_two_of_one_source_layer_have_one_cont():
    net = lstm()
    first = net.node("lstm")
    weights = [blob.load() for blob in first.blobs]
    add(net, "back", ProjectedLSTM(num_output=3, backwards=True), *weights, bottoms=("data",), tops=("b", "bh", "bc"))
    net.update(net.node("back"), replace(net.node("back"), origin=first.origin))
    net.outputs = ["y", "b"]
    after = rewritten(net, NATIVE_LSTM, context=ALONE)
    assert [node.layer.type_name() for node in after.nodes].count("Parameter") == 1


@pytest.mark.parametrize(
    "net",
    [lstm(read=(0, 2)), lstm(proj_size=2), lstm(shape=(2, 4))],
    ids=["the cell is an output", "projected", "a cell"],
)
def test_leaves_alone(net):
    before = net.dump()
    run_pass(NATIVE_LSTM, net, ALONE)
    assert net.dump() == before


def test_leaves_a_read_cell_and_given_states_alone():
    net = lstm()
    weights = [np.ones(shape) for shape in ((12, 4), (12, 3), (12,), (12,))]
    tops = ("y2", "hidden2", "cell2")
    add(net, "second", ProjectedLSTM(num_output=3), *weights, bottoms=("data", "hidden", "cell"), tops=tops)
    before = net.dump()
    run_pass(NATIVE_LSTM, net, ALONE)
    assert net.dump() == before
