from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.layers import Concat, Eltwise, Flatten, InnerProduct, ReLU
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.rows_by_reshape import ROWS_BY_RESHAPE
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.verify.mnn_engine import MNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten
from tests.converters.verify.engine_nets import files_of

SHAPE, NUMBERS = (1, 2, 3, 4), 24
FOR_MNN = Context(target=TARGETS["mnn"], options=Options())


def joined(*, between: bool = False, turned: bool = False) -> Net:
    """A vector, and the numbers of a map behind it or, turned, in front of it."""
    rng, net = np.random.default_rng(0), net_of(SHAPE)
    weights = rng.normal(size=(NUMBERS, NUMBERS)), rng.normal(size=NUMBERS)
    add(net, "vector", InnerProduct(num_output=NUMBERS), *weights, bottoms=("data",))
    add(net, "rows", Flatten(), bottoms=("data",))
    rows = "rows"
    if between:
        add(net, "relu", ReLU(), bottoms=("rows",))
        add(net, rows := "sum", Eltwise(operation="SUM"), bottoms=("relu", "vector"))
    add(net, "both", Concat(axis=1), bottoms=(rows, "vector") if turned else ("vector", rows))
    return net


@pytest.mark.parametrize("context", [CONTEXT, FOR_MNN])
@pytest.mark.parametrize("between", [False, True])
def test_behind_a_vector_they_are_rows_by_a_reshape(context: Context, between: bool) -> None:
    net = joined(between=between)
    after = rewritten(net, ROWS_BY_RESHAPE, context=context)
    assert after.node("rows").layer.type_name() == "Reshape"
    x = np.random.default_rng(1).normal(size=SHAPE)
    truth, found = (run(one, {"data": x}, np.float64)["both"] for one in (net, after))
    np.testing.assert_array_equal(found, truth)


@pytest.mark.parametrize("context", [CONTEXT, FOR_MNN])
def test_in_front_of_a_vector_they_stay(context: Context) -> None:
    assert rewritten(joined(turned=True), ROWS_BY_RESHAPE, context=context).node("rows").layer == Flatten()


def test_for_a_target_that_reads_them_as_caffe_does_they_stay() -> None:
    assert rewritten(joined(), ROWS_BY_RESHAPE, context=ALONE).node("rows").layer == Flatten()


def test_a_flatten_in_front_of_a_product_stays() -> None:
    """MNN drops a Reshape there; what a product gives has axes of its own."""
    net, weights = joined(), np.random.default_rng(2).normal(size=(NUMBERS, NUMBERS))
    add(net, "others", Flatten(), bottoms=("data",))
    add(net, "product", InnerProduct(num_output=NUMBERS, bias_term=False), weights, bottoms=("others",))
    add(net, "all", Concat(axis=1), bottoms=("both", "product", "rows"))
    after = rewritten(net, ROWS_BY_RESHAPE, context=FOR_MNN)
    assert [after.node(name).layer.type_name() for name in ("rows", "others")] == ["Reshape", "Flatten"]


def test_rows_that_came_of_a_flatten_in_front_of_others() -> None:
    """The second Concat is right as long as the first one begins with rows of a Flatten."""
    net = joined()
    add(net, "more", Flatten(), bottoms=("data",))
    add(net, "all", Concat(axis=1), bottoms=("rows", "more"))
    after = rewritten(net, ROWS_BY_RESHAPE, context=FOR_MNN)
    assert [after.node(name).layer.type_name() for name in ("rows", "more")] == ["Reshape", "Reshape"]


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.parametrize("between", [False, True])
def test_mnn_computes_it_rightly_then_and_not_before(between: bool, tmp_path: Path) -> None:
    net, x = joined(between=between), np.random.default_rng(1).normal(size=SHAPE)
    weights, biases = (blob.load() for blob in net.node("vector").blobs)
    rows, vector = x.reshape(1, -1), x.reshape(1, -1) @ weights.T + biases
    right = np.concatenate([vector, np.maximum(rows, 0) + vector if between else rows], 1)

    def is_right(one: Net) -> bool:
        folder = tmp_path / one.node("rows").layer.type_name()
        folder.mkdir()
        (found,) = MNN.blobs(files_of(folder, one), ["both"], {"data": x})
        return np.array(found).size == right.size and bool(np.allclose(np.array(found).ravel(), right[0], atol=1e-4))

    assert is_right(rewritten(net, ROWS_BY_RESHAPE, context=FOR_MNN))
    assert not is_right(net)
