from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.forms import FORMS, spread
from caffe_ir.forms.spread import Spread, spread_of
from caffe_ir.layers import Convolution
from caffe_ir.layers.source import Resample
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.test_resample import by, resized, types
from tests.caffe_ir.passes.rewriting import ALONE, assert_same, rewritten

BY_A_DECONVOLUTION, BY_A_CONVOLUTION, BY_ROWS_IN_TURN = spread.FORMS[Resample]


@pytest.mark.parametrize("mode", ["nearest", "linear", "bicubic"])
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("size", [5, 6, 9])
def test_a_resize_to_so_many_times_as_many_cells_is_a_spread(mode, factor, size):
    """Its own matrix is torch's, to the rounding of float64."""
    spread = spread_of(resized(size, factor, mode))
    assert spread is not None
    assert (spread.factor, spread.reach) == (factor, {"nearest": 0, "linear": 1, "bicubic": 2}[mode])


def test_the_taps_of_bilinear_doubling():
    assert spread_of(resized(7, 2, "linear")) == Spread(taps=(0.25, 0.75, 0.75, 0.25), factor=2, reach=1, pad=3)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (("linear", 2), ("linear", 2)),
        (("linear", 3), ("bicubic", 2)),
        (("nearest", 2), ("linear", 4)),
        (("bicubic", 3), ("bicubic", 3)),
    ],
)
def test_all_forms_are_the_same_function(rows, columns):
    net = net_of((2, 3, 5, 6))
    matrices = resized(5, rows[1], rows[0]), resized(6, columns[1], columns[0])
    add(net, "y", Resample(axes=(2, 3), output_size=tuple(map(len, matrices))), *matrices)
    for form in FORMS[Resample]:
        assert_same(net, by(form, net))
    assert types(by(BY_A_DECONVOLUTION, net)) == ["Pad", "Deconvolution"]


@pytest.mark.parametrize("axis", [2, 3])
def test_one_axis_alone(axis):
    net, matrix = net_of((1, 2, 5, 5)), resized(5, 2, "linear")
    add(net, "y", Resample(axes=(axis,), output_size=(10,)), matrix)
    after = by(BY_A_DECONVOLUTION, net)
    assert_same(net, after)
    assert types(after) == ["Pad", "Deconvolution"]


def line(size, wanted, **options):
    return F.interpolate(torch.eye(size).double()[None], wanted, mode="linear", **options)[0].T.numpy()


@pytest.mark.parametrize(
    "matrix",
    [
        line(5, 10, align_corners=True),
        line(5, 12),
        line(6, 3),
        resized(2, 2, "linear"),
        resized(7, 2, "linear") + 1e-9 * np.eye(14, 7),
        np.eye(5),
    ],
    ids=["aligned corners", "no whole number", "smaller", "too few cells", "one tap is another", "one size"],
)
def test_what_is_no_spread_is_a_product_of_matrices(matrix):
    assert spread_of(matrix) is None
    net = net_of((1, 2, matrix.shape[1], 3))
    add(net, "y", Resample(axes=(2,), output_size=(len(matrix),)), matrix)
    assert "not all spread in the same way" in by(BY_A_DECONVOLUTION, net)
    rewritten(net, LEGALIZE, context=ALONE)


@pytest.mark.parametrize(
    ("size", "wanted", "reason"),
    [
        (100_000, 99_999, "not all spread"),
        (100_000, 100_000, "not all spread"),
        (3000, 9001, "not all spread"),
        (100_000, 200_000, "more than 16,777,216 numbers"),
        (4096, 8192, "more than 16,777,216 numbers"),
    ],
)
def test_matrices_are_not_computed_to_see_what_their_shape_shows(size, wanted, reason):
    def computed():
        raise AssertionError("gigabytes")

    net = net_of((1, 2, 3, size))
    matrix, layer = Blob.computed((wanted, size), computed), Resample(axes=(3,), output_size=(wanted,))
    net.append(Node(name="y", layer=layer, bottoms=("data",), tops=("y",), blobs=(matrix,), origin=Origin(layer="y")))
    assert reason in by(BY_A_DECONVOLUTION, net)


def test_channels_are_no_map():
    net = net_of((1, 5, 3, 3))
    add(net, "y", Resample(axes=(1,), output_size=(10,)), resized(5, 2, "linear"))
    assert by(BY_A_DECONVOLUTION, net) == "it resizes no map"


@pytest.mark.parametrize(("size", "kind"), [(8, "Convolution"), (160, "Deconvolution")])
def test_the_cheaper_one_is_taken(size, kind):
    """OpenCV 4.14: 64 maps of 20 x 20 in 0.24 ms by matrices, 0.81 by the other; 32 of 160 x 160 in 103 and 76."""
    net, matrix = net_of((1, 32, size, size)), resized(size, 2, "linear")
    add(net, "y", Resample(axes=(2, 3), output_size=(2 * size,) * 2), matrix, matrix)
    assert kind in types(rewritten(net, LEGALIZE, context=ALONE))


def test_golden_dump_of_a_spread():
    net, matrix = net_of((1, 2, 5, 6)), resized(5, 2, "linear")
    add(net, "y", Resample(axes=(2,), output_size=(10,)), matrix)
    assert by(BY_A_DECONVOLUTION, net).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 5, 6)])  -> data  [1x2x5x6]\n"
        "  y_border: Pad(before=(0, 0, 1, 0), after=(0, 0, 1, 0), mode=replicate) data -> y_border  [1x2x7x6]\n"
        "  y: Deconvolution(num_output=2, group=2, bias_term=False, kernel_h=4, kernel_w=1, stride_h=2, stride_w=1, "
        "pad_h=3, pad_w=0) y_border -> y | [2, 1, 4, 1]  [1x2x10x6]\n"
        "  outputs y\n"
    )


def test_the_taps_behind_repeated_cells():
    """1/4, 1/2, 1/4 for bilinear doubling: (1, 3, 3, 1) = (1, 1) (1, 2, 1)."""
    net, matrix = net_of((1, 2, 5, 6)), resized(5, 2, "linear")
    add(net, "y", Resample(axes=(2,), output_size=(10,)), matrix)
    after = by(BY_A_CONVOLUTION, net)
    assert types(after) == ["NearestUpsample", "Pad", "Convolution"]
    np.testing.assert_array_equal(after.node("y").blobs[0].load(), np.full((2, 1, 3, 1), [[0.25], [0.5], [0.25]]))


@pytest.mark.parametrize("mode", ["linear", "bicubic"])
@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_repeated_cells_convolved_are_torchs(mode, factor):
    net, matrix = net_of((1, 2, 6, 7)), resized(7, factor, mode)
    add(net, "y", Resample(axes=(3,), output_size=(7 * factor,)), matrix)
    after = by(BY_A_CONVOLUTION, net)
    x = np.random.default_rng(0).normal(size=(1, 2, 6, 7))
    torchs = F.interpolate(
        torch.from_numpy(x), scale_factor=(1, factor), mode={"linear": "bilinear"}.get(mode, mode), align_corners=False
    )
    np.testing.assert_allclose(run(after, {"data": x}, np.float64)["y"], torchs.numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("mode", ["linear", "bicubic"])
@pytest.mark.parametrize("rows", [2, 3, 4])
@pytest.mark.parametrize("columns", [2, 3])
def test_rows_weighed_in_turn_are_torchs(mode, rows, columns):
    net, matrices = net_of((2, 3, 6, 7)), (resized(6, rows, mode), resized(7, columns, mode))
    add(net, "y", Resample(axes=(2, 3), output_size=(6 * rows, 7 * columns)), *matrices)
    after = by(BY_ROWS_IN_TURN, net)
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    torchs = F.interpolate(
        torch.from_numpy(x),
        scale_factor=(rows, columns),
        mode={"linear": "bilinear"}.get(mode, mode),
        align_corners=False,
    )
    np.testing.assert_allclose(run(after, {"data": x}, np.float64)["y"], torchs.numpy(), rtol=0, atol=1e-9)
    assert types(after).count("Convolution") == rows


def test_what_each_of_two_rows_gets_of_a_row_and_its_neighbours():
    net, matrix = net_of((1, 2, 5, 5)), resized(5, 2, "linear")
    add(net, "y", Resample(axes=(2, 3), output_size=(10, 10)), matrix, matrix)
    after = by(BY_ROWS_IN_TURN, net)
    upper, lower = (node.blobs[0].load()[0, 0] for node in after.nodes if isinstance(node.layer, Convolution))
    np.testing.assert_array_equal(upper, np.outer([0.25, 0.75, 0.0], [0.25, 0.5, 0.25]))
    np.testing.assert_array_equal(lower, np.outer([0.0, 0.75, 0.25], [0.25, 0.5, 0.25]))


@pytest.mark.parametrize("axis", [2, 3])
def test_rows_are_weighed_in_turn_only_where_both_axes_grow(axis):
    net = net_of((1, 2, 5, 5))
    add(net, "y", Resample(axes=(axis,), output_size=(10,)), resized(5, 2, "linear"))
    assert by(BY_ROWS_IN_TURN, net) == "only one of the two axes grows"


def test_the_nearest_cell_is_repeated_and_no_more():
    net, matrix = net_of((1, 2, 5, 5)), resized(5, 3, "nearest")
    add(net, "y", Resample(axes=(2,), output_size=(15,)), matrix)
    assert types(by(BY_A_CONVOLUTION, net)) == ["NearestUpsample"]


def test_weights_that_do_not_add_up_to_one_have_no_taps_behind():
    matrix = np.kron(np.eye(5), [[1.0], [2.0]])
    net = net_of((1, 2, 5, 5))
    add(net, "y", Resample(axes=(2,), output_size=(10,)), matrix)
    assert by(BY_A_CONVOLUTION, net) == "the weights of its places do not all add up to 1"
    assert_same(net, by(BY_A_DECONVOLUTION, net))


def test_opencv_repeats_columns_of_large_maps_and_weighs_rows_in_turn():
    net, matrix = net_of((1, 8, 112, 112)), resized(112, 2, "linear")
    add(net, "y", Resample(axes=(2, 3), output_size=(224, 224)), matrix, matrix)
    after = rewritten(net, LEGALIZE, context=Context(target=TARGETS["opencv"], options=Options()))
    kinds = types(after)
    assert "Deconvolution" not in kinds
    assert kinds.count("InnerProduct") == 1
    assert kinds.count("Convolution") == 2
    assert kinds[-2:] == ["Concat", "Reshape"]
