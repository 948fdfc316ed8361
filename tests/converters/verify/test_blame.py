from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import InnerProduct, ReLU, Sigmoid
from converters.verify.blame import changed, faults, other_parameters
from tests.caffe_ir.build import add, net_of

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) + 1


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (WEIGHTS, ""),
        (WEIGHTS * np.float32(1 + 1e-7), ""),
        (WEIGHTS * 2, "are 2 times what they ought to be"),
        (WEIGHTS * 0, "are all zero"),
        (WEIGHTS.T.reshape(3, 4), "are the right numbers in another order (their axes are in another order: (1, 0))"),
        (np.roll(WEIGHTS, 1), "are the right numbers in another order (12 of 12 elsewhere)"),
        (np.where(WEIGHTS == 3, np.nan, WEIGHTS), "hold 1 numbers that are none (NaN or infinity)"),
        (np.where(WEIGHTS == 3, 3.5, WEIGHTS), "differ in 1 of 12 numbers, by up to 0.5"),
    ],
)
def test_weights_are_told_by_what_was_done_to_them(found, told) -> None:
    assert changed(np.asarray(found, np.float32), WEIGHTS) == told


def test_float64_weights_are_those_that_are_written_as_float32() -> None:
    assert changed(np.array([0.1, 1 / 3], np.float32), np.array([0.1, 1 / 3])) == ""


def test_parameters_are_compared_as_caffe_holds_them() -> None:
    assert other_parameters({"alpha": 1.6732632}, {"alpha": 1.6732632423543772}) == ""
    assert other_parameters({"pad": [1]}, {"pad": (1,)}) == ""
    told = other_parameters({"eps": 1e-5}, {"eps": 1e-12, "axis": 2})
    assert told == "eps is 1e-05 where 1e-12 belongs, axis is not written where 2 belongs"


def test_a_missing_layer_comes_before_the_one_that_reads_past_it() -> None:
    expected, net = net_of((1, 4)), net_of((1, 4))
    for one in (expected, net):
        add(one, "fc", InnerProduct(num_output=3, bias_term=False), WEIGHTS)
    add(expected, "relu", ReLU())
    add(expected, "out", Sigmoid())
    add(net, "out", Sigmoid())
    found = list(faults(expected, net, ["fc", "relu", "out"]))
    assert [(fault.layer, fault.kind) for fault in found] == [("relu", "missing layer"), ("out", "input")]
    assert found[1].text == "it reads fc where relu belongs"
    back = list(faults(net, expected, ["fc", "relu", "out"]))
    assert [(fault.layer, fault.kind) for fault in back] == [("relu", "further layer"), ("out", "input")]


def test_weights_can_be_left_out() -> None:
    expected = net_of((1, 4))
    node = add(expected, "fc", InnerProduct(num_output=3, bias_term=False), WEIGHTS)
    net = dataclasses.replace(expected, nodes=[*expected.nodes[:-1], replace(node, blobs=())])
    assert [fault.kind for fault in faults(expected, net, ["fc"])] == ["weights"]
    assert list(faults(expected, net, ["fc"], weights=False)) == []
