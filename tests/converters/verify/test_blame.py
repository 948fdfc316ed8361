from __future__ import annotations

import dataclasses

import numpy as np
from msgspec.structs import replace

from caffe_ir.layers import BatchNorm, InnerProduct, ReLU, Sigmoid
from converters.verify.blame import differences, other_parameters
from tests.caffe_ir.build import add, net_of

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) + 1


def test_parameters_are_compared_as_caffe_holds_them() -> None:
    assert other_parameters({"alpha": 1.6732632}, {"alpha": 1.6732632423543772}) == []
    assert other_parameters({"pad": [1]}, {"pad": (1,)}) == []
    assert other_parameters({"eps": 1e-5, "offset": (1,)}, {"eps": 1e-12, "axis": 2}) == ["eps", "axis", "offset"]


def faults(expected, net, **options):
    return [fault for found in differences(expected, net, **options).values() for fault in found]


def test_all_that_differs_in_a_layer_is_told_and_whether_it_is_a_number_alone() -> None:
    expected, net = net_of((1, 4)), net_of((1, 4))
    add(expected, "norm", BatchNorm(use_global_stats=True, eps=1e-12), *np.ones((2, 4)), np.ones(1))
    add(net, "norm", BatchNorm(use_global_stats=True, eps=1e-6), np.zeros(4), np.ones(4), np.ones(1))
    first, second = faults(expected, net)
    assert first.text == "eps is 1e-06 where 1e-12 belongs"
    assert second.text == "weights 0 (4) are all zero"
    assert first.numbers
    assert second.numbers
    other = net_of((1, 4))
    add(other, "norm", BatchNorm(use_global_stats=False, eps=1e-12), *np.ones((2, 4)), np.ones(1))
    assert [fault.numbers for fault in faults(expected, other)] == [False]


def test_a_missing_layer_comes_before_the_one_that_reads_past_it() -> None:
    expected, net = net_of((1, 4)), net_of((1, 4))
    for one in (expected, net):
        add(one, "fc", InnerProduct(num_output=3, bias_term=False), WEIGHTS)
    add(expected, "relu", ReLU())
    add(expected, "out", Sigmoid())
    add(net, "out", Sigmoid())
    found = faults(expected, net)
    assert [(fault.layer, fault.kind) for fault in found] == [("relu", "missing layer"), ("out", "input")]
    assert found[1].text == "it reads fc where relu belongs"
    back = faults(net, expected)
    assert [(fault.layer, fault.kind) for fault in back] == [("relu", "further layer"), ("out", "input")]


def test_weights_can_be_left_out() -> None:
    expected = net_of((1, 4))
    node = add(expected, "fc", InnerProduct(num_output=3, bias_term=False), WEIGHTS)
    net = dataclasses.replace(expected, nodes=[*expected.nodes[:-1], replace(node, blobs=())])
    assert [fault.kind for fault in faults(expected, net)] == ["weights"]
    assert faults(expected, net, weights=False) == []
