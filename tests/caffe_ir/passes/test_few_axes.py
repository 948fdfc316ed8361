from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Concat, Convolution, Eltwise, Flatten, Power, Reshape, Scale, Sigmoid, Slice, Softmax
from caffe_ir.layers.source import Gelu, Mul, Permute
from caffe_ir.passes.base import Options
from caffe_ir.passes.few_axes import FEW_AXES
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.reshape import RESHAPE
from caffe_ir.targets import CAFFE, MNN, NCNN, OPENCV
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten


def head(net):
    """What YOLOv5 makes of a head: three anchors of seven numbers on 4 x 5 cells, the first two numbers scaled."""
    add(net, "view", Reshape(shape=(0, 3, 7, 4, 5)))
    add(net, "last", Permute(order=(0, 1, 3, 4, 2)))
    add(net, "sigmoid", Sigmoid())
    add(net, "cut", Slice(axis=4, slice_point=(2,)), tops=("place", "rest"))
    scale = Scale(axis=1, num_axes=4, bias_term=True)
    add(net, "scaled", scale, *np.random.default_rng(1).normal(size=(2, 3, 4, 5, 2)), bottoms=("place",))
    add(net, "all", Concat(axis=4), bottoms=("scaled", "rest"))
    add(net, "rows", Reshape(shape=(0, 60, 7)))
    return net


def after(net):
    return rewritten(rewritten(net, FEW_AXES), RESHAPE)


def most_axes(net):
    return max(map(len, net.shapes.values()))


def test_golden_dump():
    assert after(head(net_of((1, 21, 4, 5)))).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 21, 4, 5)])  -> data  [1x21x4x5]\n"
        "  last_few_axes: Reshape(shape=(0, 3, 7, 20)) data -> last_few_axes  [1x3x7x20]\n"
        "  last_values: Permute(order=(0, 1, 3, 2)) last_few_axes -> last_values  [1x3x20x7]\n"
        "  sigmoid_few_axes: Reshape(shape=(0, 60, 7, 1)) last_values -> sigmoid_few_axes  [1x60x7x1]\n"
        "  sigmoid_values: Sigmoid() sigmoid_few_axes -> sigmoid_values  [1x60x7x1]\n"
        "  cut_values: Slice(slice_point=(2,), axis=2) sigmoid_values -> cut_values_0, cut_values_1"
        "  [1x60x2x1 1x60x5x1]\n"
        "  scaled_few_axes: Reshape(shape=(0, 120, 1, 1)) cut_values_0 -> scaled_few_axes  [1x120x1x1]\n"
        "  scaled_values: Scale(bias_term=True) scaled_few_axes -> scaled_values | [120] [120]  [1x120x1x1]\n"
        "  all_few_axes: Reshape(shape=(0, 60, 2, 1)) scaled_values -> all_few_axes  [1x60x2x1]\n"
        "  all_values: Concat(axis=2) all_few_axes, cut_values_1 -> all_values  [1x60x7x1]\n"
        "  rows: Reshape(shape=(0, 60, 7)) all_values -> rows  [1x60x7]\n"
        "  outputs rows\n"
    )


@pytest.mark.parametrize("target", [CAFFE, NCNN], ids=["caffe", "ncnn"])
def test_the_head_is_written_for_all_engines(target):
    """ncnn ends by a signal at a fifth axis, and takes the axis before the batch for channels."""
    net = net_of((1, 512, 32, 40))
    heavy = Convolution(num_output=21, kernel_size=(9, 9), stride=(8, 8), pad=(4, 4), bias_term=False)
    add(net, "conv", heavy, np.random.default_rng(0).normal(size=(21, 512, 9, 9)).astype(np.float32))
    head(net)
    written = lower(net.copy(), target, Options())
    assert_same(net, written)
    assert most_axes(written) == 4
    readers = [NCNN] if target is NCNN else [CAFFE, NCNN, OPENCV, MNN]
    assert not [verdict.why for one in readers for _, verdict in one.verdicts(written) if verdict.is_fault]


@pytest.mark.parametrize("layer", [Softmax(axis=2), Softmax(axis=-1), Softmax(axis=1), Gelu(), Power(scale=2.0)])
def test_one_layer_between_two_views(layer):
    net = net_of((2, 24, 5))
    add(net, "view", Reshape(shape=(0, 2, 3, 4, 5)))
    add(net, "y", layer)
    add(net, "end", Flatten())
    assert most_axes(after(net)) == 4


@pytest.mark.parametrize(
    ("axis", "num_axes", "shape"), [(1, 1, (2,)), (2, 2, (3, 4)), (3, -1, (4, 5)), (1, -1, (2, 3, 4, 5)), (2, 0, ())]
)
def test_factors_along_some_axes(axis, num_axes, shape):
    net = net_of((2, 24, 5))
    add(net, "view", Reshape(shape=(0, 2, 3, 4, 5)))
    add(net, "y", Scale(axis=axis, num_axes=num_axes), np.random.default_rng(1).normal(size=shape))
    add(net, "end", Flatten())
    assert most_axes(after(net)) == 4


def test_a_product_of_two_blobs():
    net = net_of((2, 24, 5))
    add(net, "view", Reshape(shape=(0, 2, 3, 4, 5)))
    add(net, "gate", Sigmoid())
    add(net, "y", Mul(), bottoms=("view", "gate"))
    add(net, "end", Flatten())
    assert most_axes(after(net)) == 4


def ended_by(layer, weights=(), ends=True):
    net = net_of((2, 24, 5))
    add(net, "view", Reshape(shape=(0, 2, 3, 4, 5)))
    add(net, "y", layer, *weights)
    if ends:
        add(net, "end", Flatten())
    return net


@pytest.mark.parametrize(
    "net",
    [
        ended_by(Sigmoid(), ends=False),  # an output has its axes
        ended_by(Permute(order=(0, 4, 3, 2, 1))),  # four axes that all move, and the batch
        ended_by(Permute(order=(1, 0, 2, 3, 4))),
        ended_by(Concat(axis=0)),
    ],
)
def test_leaves_alone(net):
    assert rewritten(net, FEW_AXES).dump() == net.dump()


def test_a_group_stays_as_it_is_where_one_of_its_layers_does():
    net = ended_by(Permute(order=(0, 4, 3, 2, 1)), ends=False)
    add(net, "gate", Sigmoid())
    add(net, "end", Flatten())
    assert rewritten(net, FEW_AXES).dump() == net.dump()


def test_another_group_does_not_keep_it_so():
    net = ended_by(Permute(order=(0, 4, 3, 2, 1)))
    add(net, "again", Reshape(shape=(0, 2, 3, 4, 5)))
    add(net, "gate", Sigmoid())
    add(net, "last", Flatten())
    written = after(net)
    assert [node.layer.type_name() for node in written.nodes if node.origin.layer == "gate"] == ["Reshape", "Sigmoid"]


@settings(max_examples=60)
@given(st.data())
def test_any_chain_of_five_or_six_axes(data):
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=5, max_size=6)))
    net = net_of((shape[0], int(np.prod(shape[1:]))))
    add(net, "view", Reshape(shape=(0, *shape[1:])))
    for number in range(data.draw(st.integers(1, 4))):
        x, held = net.nodes[-1].tops[0], net.shapes[net.nodes[-1].tops[0]]
        axis = data.draw(st.integers(1, len(held) - 1))
        kind = data.draw(st.sampled_from(["permute", "slice", "softmax", "scale", "sum"]))
        if kind == "permute":
            order = (0, *data.draw(st.permutations(range(1, len(held)))))
            add(net, f"n{number}", Permute(order=tuple(order)))
        elif kind == "slice" and held[axis] > 1:
            add(net, f"n{number}", Slice(axis=axis, slice_point=(1,)), tops=(f"a{number}", f"b{number}"))
            add(net, f"c{number}", Concat(axis=axis), bottoms=(f"b{number}", f"a{number}", f"b{number}"))
        elif kind == "softmax":
            add(net, f"n{number}", Softmax(axis=axis - len(held)))
        elif kind == "scale":
            end = data.draw(st.integers(axis, len(held)))
            factors = np.random.default_rng(number).normal(size=held[axis:end])
            add(net, f"n{number}", Scale(axis=axis, num_axes=end - axis), factors)
        else:
            add(net, f"n{number}", Eltwise(operation="SUM", coeff=(1.0, -0.5)), bottoms=(x, x))
    add(net, "end", Flatten())
    after(net)
