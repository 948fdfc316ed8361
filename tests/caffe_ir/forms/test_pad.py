from __future__ import annotations

from math import inf

import numpy as np
import pytest

from caffe_ir.forms import FORMS
from caffe_ir.layers.source import Pad
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import rewritten

X = (2, 3, 4, 5)
OF_ZEROS, OF_A_CONSTANT, OF_ITS_PLACES = FORMS[Pad]
SLICED = ["Slice", "Power"]


def of(before, after, shape=X, mode="constant", value=0.0):
    net = net_of(shape)
    add(net, "y", Pad(before=before, after=after, mode=mode, value=value))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


ZEROS_AROUND = [
    ((0, 0, 1, 1), (0, 0, 1, 1), ["Convolution"]),
    ((0, 0, 1, 1), (0, 0, 2, 2), ["Convolution"]),
    ((0, 0, 3, 0), (0, 0, 0, 1), ["Convolution"]),
    ((0, 0, -1, 2), (0, 0, 0, -2), ["CropTo", "Convolution"]),
]


@pytest.mark.parametrize(("before", "after", "kinds"), ZEROS_AROUND, ids=str)
def test_zeros_around_a_map(before, after, kinds):
    assert types(written(of(before, after), OF_ZEROS)) == kinds


@pytest.mark.parametrize(
    ("before", "after", "value", "kinds"),
    [
        ((0, 0, 9, 0), (0, 0, 0, 1), 0.0, [*SLICED, "Power", "Concat", *SLICED, "Concat"]),
        ((0, 0, 1, 0), (0, 0, 1, 0), 2.5, ["Slice", "Power", "Concat"]),
        ((0, 0, 0, 0), (0, 2, 0, 0), 0.0, ["Slice", "Power", "Concat"]),
        ((0, 3, 0, 0), (0, 7, 0, 0), -1.0, ["Slice", "Power", "Power", "Concat"]),
        ((0, 0, -1, 0), (0, 0, 0, -2), 0.0, ["CropTo"]),
        ((0, -1, 0, 0), (0, 0, 0, 0), 0.0, ["Gather"]),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0, []),
    ],
    ids=str,
)
def test_any_constant(before, after, value, kinds):
    assert types(written(of(before, after, value=value), OF_A_CONSTANT)) == kinds


@pytest.mark.parametrize(
    ("count", "kinds"),
    [
        (1, ["Slice", "Power", "Concat"]),
        (6, ["Slice", "Power", "Concat"]),
        (7, ["Power", "Concat"]),
        (21, ["Power", "Concat"]),
        (16, ["Slice", "Power", "Power", "Concat"]),
    ],
)
def test_rows_become_longer_and_no_part_is_left_over(count, kinds):
    after = written(of((0, 0), (0, count), (2, 7)), OF_A_CONSTANT)
    assert types(after) == kinds
    read = {bottom for node in after.nodes for bottom in node.bottoms}
    assert {top for node in after.nodes for top in node.tops} - read == {"y"}


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("shape", [X, (2, 3, 6), (1, 2, 3, 4, 5)], ids=str)
def test_repeated_borders_are_places_of_the_blob(mode, shape):
    before, after = (0, 0, *[1] * (len(shape) - 2)), (0, 0, *[2] * (len(shape) - 2))
    assert set(types(written(of(before, after, shape, mode), OF_ITS_PLACES))) == {"Gather"}


def test_what_each_form_is_not_for():
    assert refusal(of((0, 1, 0, 0), (0, 0, 0, 0)), OF_ZEROS) == "it puts no zeros around a map"
    assert refusal(of((0, 0, 1, 0), (0, 0, 0, 0), value=1.0), OF_ZEROS) == "it puts no zeros around a map"
    assert refusal(of((0, 0, 1, 0), (0, 0, 0, 0), mode="reflect"), OF_A_CONSTANT) == (
        "its border repeats what lies inside"
    )
    assert refusal(of((0, 0, 1, 0), (0, 0, 0, 0)), OF_ITS_PLACES) == "its border is a constant"


def test_a_long_filter_is_taken_where_it_costs_less():
    """Of a small map one layer costs less than seven do; of a large one a copy for each cell of the filter does not."""
    few = rewritten(of((0, 0, 9, 0), (0, 0, 0, 1)), LEGALIZE)
    assert types(few) == ["Convolution"]
    many = rewritten(of((0, 0, 40, 0), (0, 0, 0, 40), (1, 16, 60, 60)), LEGALIZE)
    assert "Convolution" not in types(many)


def test_a_border_of_minus_infinity():
    net = written(of((0, 0, 0, 1), (0, 0, 0, 1), value=-inf), OF_A_CONSTANT, check=False)
    x = np.random.default_rng(0).normal(size=X)
    np.testing.assert_array_equal(
        run(net, {"data": x}, np.float64)["y"],
        np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)), constant_values=-inf),
    )


def test_golden_dump():
    assert written(of((0, 0, 1, 1), (0, 0, 2, 2)), OF_ZEROS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  y: Convolution(num_output=3, group=3, bias_term=False, kernel_size=[2], pad=[2]) "
        "data -> y | [3, 1, 2, 2]  [2x3x7x8]\n"
        "  outputs y\n"
    )
