from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import Concat, Convolution, Eltwise, InnerProduct, ReLU, Reshape, Silence, Slice
from caffe_ir.memory import held
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.test_shared_memory import END, PARAMETER, READER, WRITER, net_with

CONV = Convolution(num_output=3, kernel_size=(1, 1), bias_term=False)
WEIGHTS = np.ones((3, 2, 1, 1))


def test_a_blob_in_place_and_a_view_take_nothing():
    net = net_of((1, 2, 4, 5))
    add(net, "conv", CONV, WEIGHTS)
    assert (held(net).blobs, held(net).weights) == (4 * (40 + 60), 4 * 6)
    add(net, "relu", ReLU(), in_place=True)
    add(net, "view", Reshape(shape=(0, 60)))
    add(net, "alone", Concat())
    add(net, "part", Slice(slice_point=()))
    assert held(net).blobs == 4 * (40 + 60)
    add(net, "other", ReLU())
    assert held(net).blobs == 4 * (40 + 60 + 60)
    assert [node.name for node, _ in held(net).by_layer] == ["conv", "other", "data"]


def test_weights_of_one_name_are_counted_once():
    net = net_of((4, 2))
    for name in ("first", "second"):
        node = add(net, name, InnerProduct(num_output=2, bias_term=False), np.ones((2, 2)))
        net.update(node, replace(node, param_names=("same",)))
    assert held(net).weights == 4 * 4


def test_weights_that_are_written_at_run_time_are_a_blob():
    """In Caffe's `net.blobs` the Parameter's top is that memory, and the reader of the weights has it too."""
    net = net_with(PARAMETER, WRITER, END, READER)
    assert held(net).blobs == 4 * (6 + 8 + 8 + 12)
    assert held(net).weights == 0
    assert not any(isinstance(node.layer, Eltwise | Silence) for node, _ in held(net).by_layer)


def test_a_parameter_of_weights_that_are_there_is_no_memory_of_its_own():
    again = replace(PARAMETER, name="again", tops=("again",))
    behind = replace(READER, blobs=(Blob.of(np.ones((4, 2, 1, 1), np.float32)),))
    assert held(net_with(PARAMETER, again, WRITER, END, READER)).blobs == 4 * (6 + 8 + 8 + 12)
    found = held(net_with(behind, again))
    assert (found.blobs, found.weights) == (4 * (6 + 8 + 12), 4 * 8)


def test_what_layers_keep_for_themselves_is_counted_apart():
    """The columns of nine taps of two channels at 4 x 5 places; a map in place holds nothing more."""
    net = net_of((1, 2, 4, 5))
    add(net, "wide", Convolution(num_output=1, kernel_size=(3, 3), pad=(1, 1), bias_term=False), np.ones((1, 2, 3, 3)))
    add(net, "relu", ReLU(), in_place=True)
    found = held(net)
    assert (found.blobs, found.working) == (4 * (40 + 20), 4 * 2 * 9 * 20)
    assert [(node.name, size) for node, size in found.by_layer] == [("wide", 4 * (20 + 360)), ("data", 4 * 40)]
