from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.forms.standardize import FORMS
from caffe_ir.layers import BatchNorm
from caffe_ir.layers.source import Standardize
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten

BATCH_NORM, MEANS, BY_LRN = FORMS[Standardize]


def of(shape, axes, eps=1e-5):
    net = net_of(shape)
    add(net, "norm", Standardize(axes=axes, eps=eps))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


CORE = ["Reduce", "Sub", "Power", "Reduce", "Power", "Mul"]
VIEWED = ["Reshape", *CORE, "Reshape"]


@pytest.mark.parametrize(
    ("shape", "axes", "kinds"),
    [
        ((2, 3, 4, 5), (2, 3), CORE),
        ((2, 3, 4, 5), (1,), CORE),
        ((2, 3, 4, 5), (3,), CORE),
        ((2, 3, 4, 5), (0, 2, 3), CORE),
        ((2, 3, 4, 5), (1, 2, 3), VIEWED),
        ((2, 7, 5), (2,), VIEWED),
        ((2, 7, 5), (1,), VIEWED),
        ((2, 7, 5), (1, 2), VIEWED),
        ((4, 5), (1,), VIEWED),
        ((2, 3, 4, 5, 2), (2, 3, 4), VIEWED),
        ((2, 3, 4, 5, 2), (2,), VIEWED),
        ((2, 3, 4, 5, 2), (1, 3), CORE),
    ],
    ids=str,
)
def test_the_layers_it_takes(shape, axes, kinds):
    assert types(written(of(shape, axes), MEANS)) == kinds


def test_the_view_has_the_axes_where_most_engines_are_right():
    def view(shape, axes):
        return written(of(shape, axes), MEANS).shapes["norm_view"]

    assert view((2, 6, 4, 5), (1, 2, 3)) == (2, 1, 24, 5)
    assert view((2, 7, 5), (2,)) == (2, 1, 7, 5)
    assert view((2, 7, 5), (1,)) == (2, 7, 5, 1)


@pytest.mark.parametrize(
    ("shape", "axes", "view"),
    [
        ((2, 3, 4, 5), (0, 2, 3), (2, 3, 4, 5)),  # batch normalisation as it is trained
        ((1, 3, 4, 5), (2, 3), (1, 3, 4, 5)),
        ((2, 3, 4, 5), (2, 3), (1, 6, 20, 1)),  # of each channel of each image
        ((1, 2, 6, 7), (2, 3), (1, 2, 6, 7)),
        ((2, 2, 6), (2,), (1, 4, 6, 1)),
        ((1, 7, 5, 1), (1,), (7, 5)),  # over the channels of one image
        ((1, 7, 5, 3), (1,), (7, 15)),
        ((4, 5), (1,), (1, 4, 5, 1)),
        ((4, 5), (0,), (4, 5)),
        ((2, 3), (0, 1), (1, 1, 6, 1)),
        ((2, 3, 4, 5, 2), (2, 3, 4), (1, 6, 40, 1)),
    ],
    ids=str,
)
def test_batch_norm_by_its_own_statistics(shape, axes, view):
    after = written(of(shape, axes, 0.1), BATCH_NORM)
    (norm,) = [node for node in after.nodes if node.layer.type_name() == "BatchNorm"]
    assert norm.layer == BatchNorm(use_global_stats=False, eps=0.1)
    assert after.shapes[norm.top] == view
    assert all(blob.constant for blob in norm.blobs)


@pytest.mark.parametrize(
    ("shape", "axes"), [((2, 3, 4, 5), (1,)), ((2, 3, 4, 5), (1, 3)), ((2, 3, 4, 5), (1, 2))], ids=str
)
def test_batch_norm_has_no_view_with_others_on_both_sides(shape, axes):
    assert refusal(of(shape, axes), BATCH_NORM) == "the axes have others on both sides, or between them"


def test_batch_norm_is_for_readers_that_take_its_statistics():
    assert types(rewritten(of((1, 3, 4, 5), (2, 3)), LEGALIZE, context=ALONE)) == ["BatchNorm"]
    assert "BatchNorm" not in types(rewritten(of((1, 3, 4, 5), (2, 3)), LEGALIZE, context=CONTEXT))


def test_golden_dump():
    assert written(of((4, 6, 5), (1, 2), 1e-3), BATCH_NORM).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(4, 6, 5)])  -> data  [4x6x5]\n"
        "  norm_view: Reshape(shape=(1, 4, 30, 1)) data -> norm_view  [1x4x30x1]\n"
        "  norm_batch_norm: BatchNorm(use_global_stats=False, eps=0.001) norm_view -> norm_batch_norm | [4] [4] [1]  "
        "[1x4x30x1]\n"
        "  norm: Reshape(shape=(4, 6, 5)) norm_batch_norm -> norm  [4x6x5]\n"
        "  outputs norm\n"
    )


def test_golden_dump_of_means():
    assert rewritten(written(of((2, 3, 4, 5), (2, 3)), MEANS), LEGALIZE, context=ALONE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  norm_mean: Pooling(pool=AVE, global_pooling=True) data -> norm_mean  [2x3x1x1]\n"
        "  norm_negative: Power(scale=-1.0) norm_mean -> norm_negative  [2x3x1x1]\n"
        "  norm_expanded: Deconvolution(num_output=3, group=3, bias_term=False, kernel_h=4, kernel_w=5, "
        "stride=[1]) norm_negative -> norm_expanded | [3, 1, 4, 5]  [2x3x4x5]\n"
        "  norm_centred: Eltwise(operation=SUM) data, norm_expanded -> norm_centred  [2x3x4x5]\n"
        "  norm_squares: Power(power=2.0) norm_centred -> norm_squares  [2x3x4x5]\n"
        "  norm_variance: Pooling(pool=AVE, global_pooling=True) norm_squares -> norm_variance  [2x3x1x1]\n"
        "  norm_inverse: Power(power=-0.5, shift=1e-05) norm_variance -> norm_inverse  [2x3x1x1]\n"
        "  norm_factors: Reshape(shape=(0, 3)) norm_inverse -> norm_factors  [2x3]\n"
        "  norm: Scale(axis=0) norm_centred, norm_factors -> norm  [2x3x4x5]\n"
        "  outputs norm\n"
    )


@pytest.mark.parametrize("context", [ALONE, CONTEXT], ids=["alone", "for others"])
def test_a_mean_far_from_zero_costs_no_digits_in_float32(context):
    """E(x^2) - E(x)^2 would be off by a tenth here."""
    net = rewritten(of((1, 2, 8, 8), (2, 3), 1e-8), LEGALIZE, context=context)
    x = (1000 + np.random.default_rng(0).normal(size=(1, 2, 8, 8))).astype(np.float32)
    exact = x.astype(np.float64)
    wanted = (exact - exact.mean((2, 3), keepdims=True)) / exact.std((2, 3), keepdims=True)
    np.testing.assert_allclose(run(net, {"data": x})["norm"], wanted, atol=2e-4)


@pytest.mark.parametrize("eps", [1e-5, 1e-8, 1e-3, 1.0])
@pytest.mark.parametrize("largest", [1e-6, 1.0, 1e3])
def test_an_lrn_of_one_cell_is_the_inverse_root(eps: float, largest: float) -> None:
    """In float32 too, where numbers are as close to each other as its error."""
    before = of((2, 3, 4, 5), (2, 3), eps)
    after = written(before, BY_LRN, check=False)
    assert types(after) == ["Reduce", "Sub", "Power", "Reduce", "Power", "LRN", "Power", "Mul"]
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)) * largest
    truth = run(before, {"data": x}, np.float64)["norm"]
    for kind, close in ((np.float64, 1e-9), (np.float32, 1e-6)):
        found = run(after, {"data": x.astype(kind)}, kind)["norm"]
        np.testing.assert_allclose(found, truth, rtol=0, atol=close * np.abs(truth).max())


def test_an_eps_whose_square_has_no_room_is_refused() -> None:
    assert "no room" in refusal(of((2, 3, 4, 5), (2, 3), 1e-12), BY_LRN)
