from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.forms import FORMS
from caffe_ir.layers import Concat, Input, Parameter
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written

(BIASES,) = FORMS[Parameter]
VALUES = np.arange(12.0).reshape(1, 3, 2, 2)


def net_with(values, *shape):
    net = net_of(shape)
    add(net, "constant", Parameter(shape=values.shape), values, bottoms=())
    return net


@pytest.mark.parametrize("values", [VALUES, VALUES[:, :, :1, :1], VALUES.reshape(1, 12), np.repeat(VALUES, 2, axis=0)])
def test_the_constant_for_any_input(values):
    net = written(net_with(values, len(values), 5, 4, 6), BIASES, check=False)
    x = np.random.default_rng(0).normal(size=(len(values), 5, 4, 6))
    np.testing.assert_array_equal(run(net, {"data": x}, np.float64)["constant"], values)


@pytest.mark.parametrize("shape", [(12,), (3, 4), (4, 3, 1, 1)])
@pytest.mark.parametrize("source", [(1, 5, 4, 6), (2, 5, 4, 6), (1, 5), (2, 5, 3), (5, 2, 3, 4, 2), (3, 2, 3)])
def test_a_constant_of_several_rows_beside_any_input(shape, source):
    values = VALUES.reshape(shape)
    net = written(net_with(values, *source), BIASES, check=False)
    x = np.random.default_rng(0).normal(size=source)
    np.testing.assert_array_equal(run(net, {"data": x}, np.float64)["constant"], values)


def test_a_map_of_its_batch_is_taken_and_else_one_image():
    net = net_with(VALUES, 2, 5)
    constant = net.nodes.pop()
    for name, shape in (("maps", (2, 3, 4, 4)), ("image", (1, 3, 4, 4))):
        net.append(Node(name=name, layer=Input(shape=shape), tops=(name,), origin=constant.origin))
    for values, taken in ((VALUES, "image"), (VALUES.reshape(2, 6), "image"), (np.ones((2, 6)), "maps")):
        one = net.copy()
        add(one, "constant", Parameter(shape=values.shape), values, bottoms=())
        after = written(one, BIASES, check=False)
        assert after.nodes[3].bottom == taken


def test_golden_dump():
    assert written(net_with(VALUES, 1, 5, 4, 6), BIASES).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 5, 4, 6)])  -> data  [1x5x4x6]\n"
        "  constant_means: Pooling(pool=AVE, global_pooling=True) data -> constant_means  [1x5x1x1]\n"
        "  constant_bias: Convolution(num_output=12, kernel_size=[1]) constant_means -> constant_bias"
        " | [12, 5, 1, 1] [12]  [1x12x1x1]\n"
        "  constant: Reshape(shape=(0, 3, 2, 2)) constant_bias -> constant  [1x3x2x2]\n"
        "  outputs constant\n"
    )


@pytest.mark.parametrize(
    ("values", "shape", "reason"),
    [
        (np.array(2.5), (1, 5, 4, 6), "a number without axes"),
        (VALUES, (5,), "the net has no input of two axes or more"),
    ],
)
def test_what_it_cannot_write(values, shape, reason):
    with pytest.raises((AssertionError, ShapeError), match=reason):
        written(net_with(values, *shape), BIASES, check=False)


def test_a_constant_beside_a_map_for_a_target_without_parameter():
    net = net_of((2, 3, 2, 2))
    add(net, "constant", Parameter(shape=(2, 3, 2, 2)), np.repeat(VALUES, 2, axis=0), bottoms=())
    add(net, "joined", Concat(), bottoms=("constant", "data"))
    x = np.random.default_rng(0).normal(size=(2, 3, 2, 2))
    lowered = lower(net, TARGETS["opencv"], Options())
    wanted = np.concatenate([np.repeat(VALUES, 2, axis=0), x], axis=1)
    np.testing.assert_array_equal(run(lowered, {"data": x}, np.float64)["joined"], wanted)
