from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import (
    AbsVal,
    Clip,
    Concat,
    Convolution,
    Crop,
    Eltwise,
    Flatten,
    InnerProduct,
    Pooling,
    Power,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    TanH,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import net_cases
from tests.caffe_ir.build import add, net_of

MAP = (1, 4, 6, 7)


def test_a_blob_that_another_layer_reads_is_not_overwritten() -> None:
    net = net_of(MAP)
    add(net, "half", Power(scale=0.5))
    relu = add(net, "relu", ReLU(), in_place=True)
    assert net_cases.overwrites_what_others_read(net) == []
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("half", "relu"))
    assert net_cases.overwrites_what_others_read(net) == [relu]


@pytest.mark.parametrize("view", [Flatten(), Reshape(shape=(4, 42)), Concat(), Slice(slice_point=())], ids=str)
def test_the_memory_of_a_view_is_that_of_its_bottom(view: Layer) -> None:
    """tests/portability/test_shared_memory.py runs such nets in BVLC Caffe, where it is installed."""
    net = net_of(MAP)
    add(net, "half", Power(scale=0.5))
    add(net, "view", view)
    relu = add(net, "relu", ReLU(), in_place=True)
    add(net, "scaled", Power(scale=2.0), in_place=True)
    assert net_cases.overwrites_shared_memory(net) == []
    add(net, "t", TanH(), bottoms=("half",))
    net.outputs = ["scaled", "t"]
    assert net_cases.overwrites_shared_memory(net) == [relu, net.node("scaled")]
    net.update(net.node("t"), replace(net.node("t"), layer=Crop(), bottoms=("scaled", "half")))
    assert net_cases.overwrites_shared_memory(net) == []
    net.outputs = ["half"]
    assert net_cases.overwrites_shared_memory(net) == [relu, net.node("scaled")]


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        (ReLU(), False),
        (ReLU(negative_slope=0.1), True),
        (Sigmoid(), False),
        (AbsVal(), False),
        (TanH(), True),
        (Power(scale=0.5), True),
        (Convolution(num_output=4, kernel_size=(1, 1), bias_term=False), True),
    ],
    ids=str,
)
def test_maxima_over_numbers_that_may_be_negative(layer: Layer, found: bool) -> None:
    net = net_of(MAP)
    weights = [np.ones(shape) for shape in layer.blob_shapes((MAP,))]
    add(net, "before", layer, *weights)
    pool = add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    add(net, "again", Pooling(pool="MAX", kernel_size=(2, 2)))
    assert (pool in net_cases.maxima_below_zero(net)) is found


def test_maxima_behind_what_joins_several() -> None:
    """A maximum of several is not negative where one of them is not, and all else where none is."""
    net = net_of(MAP)
    add(net, "relu", ReLU())
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("relu", "data"))
    add(net, "sum_pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    add(net, "larger", Eltwise(operation="MAX"), bottoms=("relu", "data"))
    add(net, "larger_pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    add(net, "minus", Eltwise(operation="SUM", coeff=(1.0, -1.0)), bottoms=("relu", "larger"))
    add(net, "minus_pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    add(net, "both", Concat(), bottoms=("relu", "larger"))
    add(net, "both_pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    assert [node.name for node in net_cases.maxima_below_zero(net)] == ["sum_pool", "minus_pool"]


@pytest.mark.parametrize(("least", "most", "found"), [(0.0, 6.0, False), (-1.0, 6.0, True), (-3.0, -1.0, True)])
def test_a_clip_may_give_numbers_below_zero_of_any(least: float, most: float, found: bool) -> None:
    net = net_of(MAP)
    add(net, "clip", Clip(min=least, max=most))
    pool = add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    assert (pool in net_cases.maxima_below_zero(net)) is found


def test_a_clip_below_zero_leaves_nothing_above() -> None:
    net = net_of(MAP)
    add(net, "relu", ReLU())
    add(net, "clip", Clip(min=-3.0, max=-1.0))
    pool = add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    assert net_cases.maxima_below_zero(net) == [pool]


def test_layers_that_read_an_input_alone_or_stand_in_the_middle_are_not_last() -> None:
    net = net_of(MAP)
    first = add(net, "half", Power(scale=0.5))
    middle = add(net, "sigmoid", Sigmoid())
    last = add(net, "twice", Power(scale=2.0))
    assert [net_cases.last_or_in_place(net, node) for node in (first, middle, last)] == [False, False, True]


def test_two_layers_in_place_into_an_output() -> None:
    net = net_of(MAP)
    add(net, "half", Power(scale=0.5))
    add(net, "relu", ReLU(), in_place=True)
    assert net_cases.outputs_overwritten_twice(net) == []
    second = add(net, "sigmoid", Sigmoid(), in_place=True)
    assert net_cases.outputs_overwritten_twice(net) == [second]


def test_a_layer_may_have_the_name_of_its_own_blob_and_of_no_other() -> None:
    net = net_of(MAP)
    add(net, "half", Power(scale=0.5), tops=("twice",))
    second = add(net, "twice", Power(scale=2.0), tops=("out",))
    add(net, "last", ReLU())
    assert net_cases.called_like_a_blob(net) == [second]


def test_one_factor_behind_a_power_of_another_exponent_and_read_by_nobody_else() -> None:
    net = net_of((1, 1, 6, 7))
    add(net, "square", Power(power=2.0))
    half = add(net, "half", Power(scale=0.5))
    add(net, "root", Power(power=0.5))
    one = add(net, "one", Scale(), [1.0])
    assert net_cases.taken_into_a_power(net) == [half, one]
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("root", "one"))
    assert net_cases.taken_into_a_power(net) == [half]


def test_a_product_of_a_view_is_another_matrix_or_the_same() -> None:
    """MNN 3.6.1 found no size for the first, and computed the others."""
    net = net_of((1, 4, 8, 8))
    add(net, "view", Reshape(shape=(0, 16, 16)))
    of_view = add_product(net, "of_view", 2, 16)
    assert net_cases.products_of_a_view(net) == [of_view]
    add(net, "kept", ReLU(negative_slope=1.0), bottoms=("view",))
    add_product(net, "of_kept", 2, 16)
    add(net, "rows", Reshape(shape=(0, 4, 64)), bottoms=("data",))
    add_product(net, "of_rows", 2, 64)
    assert net_cases.products_of_a_view(net) == [of_view]


def add_product(net: Net, name: str, axis: int, size: int) -> Node:
    return add(net, name, InnerProduct(num_output=5, axis=axis, bias_term=False), np.zeros((5, size)))


def test_an_output_by_a_layer_that_is_alike_one_before_it() -> None:
    net = net_of(MAP)
    add(net, "half", Power(scale=0.5))
    add(net, "relu", ReLU(), bottoms=["half"])
    second = add(net, "again", ReLU(), bottoms=["half"])
    add(net, "other", ReLU(negative_slope=0.5), bottoms=["half"])
    net.outputs = ["again", "other", "relu"]
    assert net_cases.outputs_alike_another_blob(net) == [second]
    net.outputs = ["other", "relu"]
    assert net_cases.outputs_alike_another_blob(net) == []


def test_a_vector_in_front_of_what_a_flatten_gave_or_of_what_keeps_its_axes() -> None:
    """Each of these was run in MNN 3.6.1."""
    net = net_of(MAP)
    add(net, "rows", Flatten())
    add(net, "vector", InnerProduct(num_output=168), np.ones((168, 168)), np.ones(168), bottoms=("data",))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("rows", "vector"))
    add(net, "other_sum", Eltwise(operation="SUM"), bottoms=("vector", "rows"))
    first = add(net, "first", Concat(), bottoms=("vector", "rows"))
    add(net, "turned", Concat(), bottoms=("rows", "vector"))
    second = add(net, "second", Concat(), bottoms=("other_sum", "rows"))
    add(net, "of_sum", Concat(), bottoms=("sum", "vector"))
    net.shapes = net.infer()
    assert net_cases.joined_to_a_vector(net) == [first, second]
