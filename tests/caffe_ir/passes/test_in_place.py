from __future__ import annotations

import time

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import (
    AbsVal,
    BatchNorm,
    Convolution,
    Dropout,
    Eltwise,
    Parameter,
    Pooling,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    TanH,
)
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.in_place import IN_PLACE
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten


def net_with_conv():
    net = net_of((1, 2, 4, 4))
    add(net, "conv", Convolution(num_output=2, kernel_size=(1, 1), bias_term=False), np.ones((2, 2, 1, 1)))
    return net


def marked(net):
    """The marked nodes, with a last reader so that no tested top is an output."""
    add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)), bottoms=net.outputs[:1])
    return [node.name for node in rewritten(net, IN_PLACE).nodes if node.in_place]


def test_the_chain_that_people_write():
    net = net_with_conv()
    add(net, "norm", BatchNorm(use_global_stats=True, eps=1e-5), np.zeros(2), np.ones(2), np.ones(1))
    add(net, "scale", Scale(), np.ones(2))
    add(net, "relu", ReLU())
    add(net, "drop", Dropout())
    assert marked(net) == ["norm", "scale", "relu", "drop"]


def test_golden_dump():
    net = net_with_conv()
    add(net, "relu", ReLU())
    add(net, "end", Sigmoid())
    assert rewritten(net, IN_PLACE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 4)])  -> data  [1x2x4x4]\n"
        "  conv: Convolution(num_output=2, bias_term=False, kernel_size=[1]) data -> conv | [2, 2, 1, 1]  [1x2x4x4]\n"
        "  relu: ReLU() conv -> relu in place  [1x2x4x4]\n"
        "  end: Sigmoid() relu -> end  [1x2x4x4]\n"
        "  outputs end\n"
    )


def test_never_on_an_input():
    net = net_of((1, 2, 4, 4))
    add(net, "relu", ReLU())
    assert marked(net) == []


def test_never_on_a_constant():
    net = net_of((1, 2, 4, 4))
    add(net, "weights", Parameter(shape=(1, 2, 4, 4)), np.ones((1, 2, 4, 4)), bottoms=())
    add(net, "relu", ReLU())
    assert marked(net) == []


def test_never_where_another_reads_the_bottom():
    net = net_with_conv()
    add(net, "relu", ReLU())
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("conv", "relu"))
    assert marked(net) == []


def test_never_where_the_bottom_is_an_output():
    net = net_with_conv()
    add(net, "relu", ReLU())
    add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)))
    net.outputs = ["end", "conv"]
    before = net.dump()
    run_pass(IN_PLACE, net, CONTEXT)
    assert net.dump() == before


def test_never_on_a_view_of_the_input_or_of_a_constant():
    net = net_of((1, 2, 4, 4))
    add(net, "view", Reshape(shape=(0, 2, 8, 2)))
    add(net, "relu", ReLU())
    add(net, "weights", Parameter(shape=(1, 2, 4, 4)), np.ones((1, 2, 4, 4)), bottoms=())
    add(net, "view_of_weights", Reshape(shape=(0, 2, 8, 2)))
    add(net, "other", ReLU())
    assert marked(net) == []


def test_never_for_types_that_caffe_computes_wrongly_or_refuses_in_place():
    net = net_with_conv()
    add(net, "abs", AbsVal())
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("abs", "data"))
    add(net, "pool", Pooling(pool="MAX", kernel_size=(1, 1)))
    assert marked(net) == []


def test_an_output_keeps_its_own_name():
    net = net_with_conv()
    add(net, "relu", ReLU())
    run_pass(IN_PLACE, net, CONTEXT)
    assert not net.node("relu").in_place


def test_a_target_may_read_few_types_in_place():
    net = net_with_conv()
    add(net, "tanh", TanH())
    add(net, "relu", ReLU())
    add(net, "last", TanH())
    context = Context(target=replace(CONTEXT.target, in_place=(ReLU,)), options=CONTEXT.options)
    run_pass(IN_PLACE, net, context)
    assert [node.name for node in net.nodes if node.in_place] == ["relu"]


def test_a_mark_of_another_program_is_taken_off_where_the_target_does_not_read_it():
    net = net_with_conv()
    add(net, "tanh", TanH(), in_place=True)
    add(net, "last", ReLU())
    run_pass(IN_PLACE, net, Context(target=replace(CONTEXT.target, in_place=(ReLU,)), options=CONTEXT.options))
    assert not net.node("tanh").in_place


def test_a_mark_of_another_program_is_taken_off_where_a_limit_of_the_whole_net_names_the_layer():
    net = net_with_conv()
    add(net, "norm", BatchNorm(use_global_stats=True, eps=1e-5), np.zeros(2), np.ones(2), np.ones(1), in_place=True)
    add(net, "scale", Scale(), np.ones(2), in_place=True)
    add(net, "relu", ReLU(), in_place=True)
    as_it_is, changed = (
        rewritten(net, IN_PLACE, context=Context(target=TARGETS[name], options=Options())) for name in ("ncnn", "rknn2")
    )
    assert [node.name for node in as_it_is.nodes if node.in_place] == ["norm", "scale", "relu"]
    assert [node.name for node in changed.nodes if node.in_place] == ["norm", "scale"]


OTHERS = Context(target=TARGETS["opencv"], options=Options())


def behind_a_view(*, read_twice=False):
    net = net_with_conv()
    add(net, "view", Reshape(shape=(0, 2, 8, 2)))
    add(net, "relu", ReLU())
    if read_twice:
        add(net, "back", Reshape(shape=(0, 2, 4, 4)))
        add(net, "sum", Eltwise(operation="SUM"), bottoms=("conv", "back"))
    add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)))
    return net


def test_on_a_view_of_what_nobody_else_reads():
    assert rewritten(behind_a_view(), IN_PLACE).node("relu").in_place
    assert not rewritten(behind_a_view(read_twice=True), IN_PLACE).node("relu").in_place
    assert not rewritten(behind_a_view(), IN_PLACE, context=OTHERS).node("relu").in_place


def test_a_product_overwrites_the_factor_that_nobody_else_reads():
    net = net_with_conv()
    add(net, "gate", Sigmoid())
    add(net, "product", Eltwise(operation="PROD"), bottoms=("conv", "gate"))
    add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)))
    after = rewritten(net, IN_PLACE, context=ALONE)
    assert (after.node("product").bottoms, after.node("product").in_place) == (("gate", "conv"), True)
    assert not rewritten(net, IN_PLACE).node("product").in_place  # caffe2ncnn takes the two for one blob
    assert not after.node("gate").in_place
    assert not rewritten(net, IN_PLACE, context=OTHERS).node("product").in_place


@pytest.mark.parametrize("operation", ["SUM", "MAX"])
def test_a_sum_overwrites_nothing(operation):
    net = net_with_conv()
    add(net, "gate", Sigmoid())
    add(net, "sum", Eltwise(operation=operation), bottoms=("conv", "gate"))
    assert marked(net) == []


def test_a_square_does_not_overwrite_its_only_factor():
    net = net_with_conv()
    add(net, "square", Eltwise(operation="PROD"), bottoms=("conv", "conv"))
    assert marked(net) == []


def test_a_scale_of_two_blobs_overwrites_one_for_caffe_alone():
    net = net_with_conv()
    add(net, "gate", Sigmoid(), bottoms=("data",))
    add(net, "scaled", Scale(axis=0), bottoms=("conv", "gate"))
    add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)))
    net.outputs = ["end"]
    assert rewritten(net, IN_PLACE, context=ALONE).node("scaled").in_place
    assert not rewritten(net, IN_PLACE).node("scaled").in_place


def test_a_long_chain_takes_time_by_its_length():
    """Each layer asks who sees its bottom's memory, which the one before it knows."""

    def seconds(length):
        net = net_with_conv()
        for place in range(length):
            add(net, f"relu{place}", ReLU())
        add(net, "end", Pooling(pool="MAX", kernel_size=(1, 1)))
        begin = time.process_time()
        IN_PLACE.run(net, CONTEXT)
        assert sum(node.in_place for node in net.nodes) == length
        return time.process_time() - begin

    assert min(seconds(4000) for _ in range(3)) < 10 * min(seconds(1000) for _ in range(3))


def test_a_mark_on_a_blob_that_another_layer_reads_is_taken_off():
    """As other programs read it; Caffe refuses such a file."""
    net = net_with_conv()
    add(net, "other", Sigmoid(), bottoms=["conv"])
    relu = add(net, "relu", ReLU(), bottoms=["conv"])
    net.update(relu, replace(relu, in_place=True))
    add(net, "end", Eltwise(operation="SUM"), bottoms=["other", "relu"])
    assert [node.name for node, _ in TARGETS["caffe"].verdicts(net)] == ["relu"]
    after = rewritten(net, IN_PLACE)
    assert not after.node("relu").in_place
    assert not list(TARGETS["caffe"].verdicts(after))
