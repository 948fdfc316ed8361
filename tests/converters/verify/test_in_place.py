"""In-place layers that Caffe refuses or gets wrong: which they are was measured in a build of BVLC Caffe 1.0."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import Origin
from caffe_ir.layers import LRN, AbsVal, Convolution, Eltwise, Flatten, Parameter, Pooling, ReLU, Reshape, Sigmoid
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.in_place import in_place_faults
from tests.caffe_ir.build import add, net_of


def after_sigmoid(*, shape=(1, 4, 3, 3)) -> Net:
    net = net_of(shape)
    add(net, "first", Sigmoid())
    return net


def found(net: Net) -> list[str]:
    return [str(fault).partition(" (tiny")[0] for fault in in_place_faults(net)]


def test_what_caffe_can_do_is_no_fault() -> None:
    net = after_sigmoid()
    add(net, "relu", ReLU(), in_place=True)
    add(net, "square", Eltwise(operation="PROD"), bottoms=["relu", "data"], in_place=True)
    add(net, "reader", Sigmoid())
    assert found(net) == []


@pytest.mark.parametrize(
    ("layer", "weights", "said"),
    [
        (AbsVal(), [], "it works in place, which Caffe refuses for AbsVal"),
        (Flatten(), [], "it works in place, which Caffe refuses for Flatten"),
        (LRN(), [], "it works in place, which Caffe computes wrongly for LRN, without a message"),
        (
            Pooling(pool="MAX", kernel_size=(3, 3), stride=(1, 1), pad=(1, 1)),
            [],
            "it works in place, which Caffe computes wrongly for Pooling, without a message",
        ),
        (
            Convolution(num_output=4, kernel_size=(1, 1), bias_term=False),
            [np.ones((4, 4, 1, 1))],
            "it works in place, which Caffe computes wrongly for Convolution, without a message",
        ),
    ],
)
def test_what_cannot_work_in_place_is_named(layer, weights, said) -> None:
    net = after_sigmoid()
    add(net, "bad", layer, *weights, in_place=True)
    assert found(net) == [f"bad: {said}"]


@pytest.mark.parametrize("operation", ["SUM", "MAX"])
def test_a_sum_cannot_and_a_product_can(operation) -> None:
    net = after_sigmoid()
    add(net, "both", Eltwise(operation=operation), bottoms=["first", "data"], in_place=True)
    assert found(net) == ["both: it works in place, which Caffe computes wrongly for Eltwise, without a message"]


def test_a_blob_that_another_layer_reads_must_stay() -> None:
    net = after_sigmoid()
    add(net, "reader", Sigmoid())
    add(net, "relu", ReLU(), bottoms=["first"], in_place=True)
    assert found(net) == ["relu: it works in place on a blob that reader reads too, which Caffe refuses"]


def test_what_a_later_layer_reads_through_a_view_is_overwritten() -> None:
    net = after_sigmoid()
    add(net, "view", Reshape(shape=(1, 36)))
    add(net, "relu", ReLU(), in_place=True)
    assert found(net) == []
    add(net, "late", Sigmoid(), bottoms=["first"])
    said = "relu: it works in place on memory that other layers see: in Caffe it changes what late reads"
    assert found(net) == [said]


def test_two_views_of_one_blob_are_one_memory() -> None:
    net = after_sigmoid()
    add(net, "one", Reshape(shape=(1, 36)))
    add(net, "other", Flatten(), bottoms=["first"])
    add(net, "shift", ReLU(), bottoms=["one"], in_place=True)
    add(net, "again", Sigmoid(), bottoms=["shift"], in_place=True)
    said = "it works in place on memory that other layers see: in Caffe it changes the output other"
    assert found(net) == [f"shift: {said}", f"again: {said}"]


def test_weights_that_every_run_changes() -> None:
    net = net_of((1, 4))
    add(net, "constant", Parameter(shape=(1, 4)), np.ones((1, 4)), bottoms=())
    add(net, "relu", ReLU(), in_place=True)
    said = "it works in place on memory that other layers see: in Caffe it changes the weights, at every run"
    assert found(net) == [f"relu: {said}"]


@pytest.mark.parametrize(
    ("coeff", "faults"),
    [
        ((0.0, 1.0), []),
        ((1.0, 0.0), ["written: it works in place, which Caffe computes wrongly for Eltwise, without a message"]),
        ((), ["written: it works in place, which Caffe computes wrongly for Eltwise, without a message"]),
    ],
)
def test_weights_with_a_name_may_be_written_by_what_does_not_read_them(coeff, faults) -> None:
    net = after_sigmoid(shape=(4, 2, 1, 1))
    net.append(
        Node(
            name="w",
            layer=Parameter(shape=(4, 2, 1, 1)),
            tops=("w",),
            param_names=("w",),
            origin=Origin(layer="w"),
        )
    )
    add(net, "written", Eltwise(operation="SUM", coeff=coeff), bottoms=["w", "first"], in_place=True)
    assert found(net) == faults
