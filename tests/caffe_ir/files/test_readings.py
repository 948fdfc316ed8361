from __future__ import annotations

import numpy as np

from caffe_ir.files.readings import Reading, readings
from caffe_ir.layers import LRN, Convolution, Power, Swish
from caffe_ir.net import Net
from caffe_ir.targets import CAFFE, TARGETS
from caffe_ir.targets.target import Target
from tests.caffe_ir.build import add, net_of


def only(net: Net, target: Target, reader: str) -> Reading:
    (found,) = readings(net, target, [TARGETS[reader]])
    return found


def told(reading: Reading) -> list[tuple[str, str]]:
    return [(node.name, verdict.effect) for node, verdict in reading.faults]


def test_a_reader_without_a_fault_has_no_effect() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "conv", Convolution(num_output=2, kernel_size=(3, 3)), np.zeros((2, 4, 3, 3)), np.zeros(2))
    found = list(readings(net, CAFFE, TARGETS.values()))
    assert [reading.reader for reading in found] == list(TARGETS.values())
    assert {reading.effect for reading in found} == {None}


def test_the_worst_of_the_layers_is_that_of_the_file() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "lrn", LRN(k=2.0))
    add(net, "swish", Swish())
    assert told(only(net, CAFFE, "opencv")) == [("lrn", "wrong")]
    assert only(net, CAFFE, "opencv").effect == "wrong"
    assert told(only(net, CAFFE, "mnn")) == [("lrn", "wrong"), ("swish", "refused")]
    assert only(net, CAFFE, "mnn").effect == "refused"


def test_slow_is_the_least() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "half", Power(scale=0.5))
    assert only(net, CAFFE, "ncnn").effect == "slow"


def test_the_text_is_that_of_the_target_it_is_written_for() -> None:
    """A file for TensorRT says the beta of its LRN, one for Caffe does not, and TensorRT takes 5 then."""
    net = net_of((1, 4, 8, 8))
    add(net, "lrn", LRN(local_size=3))
    assert told(only(net, CAFFE, "tensorrt")) == [("lrn", "wrong")]
    assert told(only(net, TARGETS["tensorrt"], "tensorrt")) == []


def test_a_layer_that_is_refused_is_not_blamed_for_its_text_too() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "swish", Swish(beta=2.0))
    assert told(only(net, TARGETS["caffe-master"], "caffe")) == [("swish", "refused")]
