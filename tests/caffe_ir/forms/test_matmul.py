from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from caffe_ir.errors import ShapeError
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.forms import FORMS
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, Input, MatMul, Parameter, Reshape
from caffe_ir.layers.source import MatrixProduct
from caffe_ir.passes.base import Options
from caffe_ir.passes.legalize import LEGALIZE, weighing
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import Memory, run
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CAFFE, TARGETS
from converters.verify.mnn_engine import MNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.legalize.trying import widespread
from tests.caffe_ir.passes.rewriting import CONTEXT, assert_same, rewritten
from tests.converters.verify.engine_nets import files_of
from tests.oracles.caffe_by_hand import CaffeByHand


def product(first, second, **turns):
    net = net_of(first)
    add(net, "other", Input(shape=second), bottoms=())
    add(net, "product", MatrixProduct(**turns), bottoms=("data", "other"))
    return net


def by_pairs(net):
    after = net.copy()
    new = Replacement(net=after, old=after.node("product"))
    assert not FORMS[MatrixProduct][-1].build(new)
    new.commit()
    assert_same(net, after)
    return after


def types(net):
    return [node.layer.type_name() for node in net.nodes[2:]]


def test_golden_dump_of_the_scores_of_attention():
    net = by_pairs(product((1, 2, 4, 5), (1, 2, 4, 6), transpose_a=True))
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 5)])  -> data  [1x2x4x5]\n"
        "  other: Input(shape=[(1, 2, 4, 6)])  -> other  [1x2x4x6]\n"
        "  product_rows: Reshape(shape=(2, 4, 5, 1)) data -> product_rows  [2x4x5x1]\n"
        "  product_columns: Reshape(shape=(2, 4, 1, 6)) other -> product_columns  [2x4x1x6]\n"
        "  product_products: Mul() product_rows, product_columns -> product_products  [2x4x5x6]\n"
        "  product_sum: Reduce(operation=SUM, axes=(1,), keepdim=True) product_products -> product_sum  [2x1x5x6]\n"
        "  product: Reshape(shape=(1, 2, 5, 6)) product_sum -> product  [1x2x5x6]\n"
        "  outputs product\n"
    )


@pytest.mark.parametrize("turns", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("batches", [((), ()), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (1, 3))])
def test_every_form_is_exact_down_to_layers_of_caffe(turns, batches):
    first, second = ((*batch, *sides) for batch, sides in zip(batches, ((4, 5), (5, 6)), strict=True))
    first = (*first[:-2], 5, 4) if turns[0] else first
    second = (*second[:-2], 6, 5) if turns[1] else second
    net = rewritten(product(first, second, transpose_a=turns[0], transpose_b=turns[1]), LEGALIZE)
    assert all(CONTEXT.target.holds(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes)


def test_only_two_transposed_factors_need_a_permutation():
    kinds = {
        turns: types(by_pairs(product((5, 5), (5, 5), transpose_a=turns[0], transpose_b=turns[1])))
        for turns in ((False, False), (True, False), (False, True), (True, True))
    }
    assert [turns for turns, found in kinds.items() if "Permute" in found] == [(True, True)]


FORMS_OF_ONE = {form.name: form for form in FORMS[MatrixProduct]}
MATRICES, FILTERS, MATRIX, HEADS, PAIRS = FORMS_OF_ONE
TURNS = [(False, False), (True, False), (False, True), (True, True)]


def sides(batches, turns):
    first, second = ((*batch, *ends) for batch, ends in zip(batches, ((4, 5), (5, 6)), strict=True))
    return (
        (*first[:-2], 5, 4) if turns[0] else first,
        (*second[:-2], 6, 5) if turns[1] else second,
    )


def in_form(net, name):
    after = net.copy()
    new = Replacement(net=after, old=after.node("product"))
    reason = FORMS_OF_ONE[name].build(new)
    assert not reason, reason
    new.commit()
    after.check()
    return after


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize(
    "batches", [((), ()), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((1,), (3,)), ((3,), ())]
)
@pytest.mark.parametrize("name", [MATRICES, FILTERS, MATRIX, HEADS])
def test_products_and_weights_written_at_run_time_are_those_of_torch(turns, batches, name):
    net = product(*sides(batches, turns), transpose_a=turns[0], transpose_b=turns[1])
    try:
        after = in_form(net, name)
    except ShapeError:
        assert name in (MATRIX, HEADS)
        return
    memory = Memory()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        given = {blob: rng.normal(size=net.shapes[blob]) for blob in ("data", "other")}
        first, second = (
            torch.from_numpy(given[blob]).mT if turn else torch.from_numpy(given[blob])
            for blob, turn in zip(("data", "other"), turns, strict=True)
        )
        found = run(after, given, np.float64, memory)["product"]
        np.testing.assert_allclose(found, (first @ second).numpy(), rtol=1e-12, atol=1e-14)


def test_golden_dump_of_a_layer_of_matrices():
    net = in_form(product((2, 4, 5), (2, 6, 5), transpose_b=True), MATRICES)
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 4, 5)])  -> data  [2x4x5]\n"
        "  other: Input(shape=[(2, 6, 5)])  -> other  [2x6x5]\n"
        "  product_matrices: Reshape(shape=(1, 2, 4, 5)) data -> product_matrices  [1x2x4x5]\n"
        "  product_matrices_2: Reshape(shape=(1, 2, 6, 5)) other -> product_matrices_2  [1x2x6x5]\n"
        "  product_turned: Permute(order=(0, 1, 3, 2)) product_matrices_2 -> product_turned  [1x2x5x6]\n"
        "  product_product: MatMul() product_matrices, product_turned -> product_product  [1x2x4x6]\n"
        "  product: Reshape(shape=(2, 4, 6)) product_product -> product  [2x4x6]\n"
        "  outputs product\n"
    )


def test_golden_dump_of_the_products_of_one_head_after_the_other():
    net = in_form(product((1, 2, 4, 5), (1, 2, 4, 6), transpose_a=True), HEADS)
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 5)])  -> data  [1x2x4x5]\n"
        "  other: Input(shape=[(1, 2, 4, 6)])  -> other  [1x2x4x6]\n"
        "  product_head: Slice(slice_point=(1,)) data -> product_head_0, product_head_1  [1x1x4x5 1x1x4x5]\n"
        "  product_head_2: Slice(slice_point=(1,)) other -> product_head_0_2, product_head_1_2  [1x1x4x6 1x1x4x6]\n"
        "  product_rows: Reshape(shape=(0, 4, 5, 1)) product_head_0 -> product_rows  [1x4x5x1]\n"
        "  product_columns: Reshape(shape=(0, 4, 1, 6)) product_head_0_2 -> product_columns  [1x4x1x6]\n"
        "  product_products: Mul() product_rows, product_columns -> product_products  [1x4x5x6]\n"
        "  product_sum: Reduce(operation=SUM, axes=(1,), keepdim=True) product_products -> product_sum  [1x1x5x6]\n"
        "  product_rows_2: Reshape(shape=(0, 4, 5, 1)) product_head_1 -> product_rows_2  [1x4x5x1]\n"
        "  product_columns_2: Reshape(shape=(0, 4, 1, 6)) product_head_1_2 -> product_columns_2  [1x4x1x6]\n"
        "  product_products_2: Mul() product_rows_2, product_columns_2 -> product_products_2  [1x4x5x6]\n"
        "  product_sum_2: Reduce(operation=SUM, axes=(1,), keepdim=True) product_products_2 "
        "-> product_sum_2  [1x1x5x6]\n"
        "  product_joined: Concat() product_sum, product_sum_2 -> product_joined  [1x2x5x6]\n"
        "  product: Reshape(shape=(1, 2, 5, 6)) product_joined -> product  [1x2x5x6]\n"
        "  outputs product\n"
    )


@pytest.mark.parametrize("shape", [(5, 5), (2, 1, 5, 5)])
def test_one_head_has_no_other(shape):
    with pytest.raises(ShapeError, match="one head"):
        in_form(product(shape, shape), HEADS)


@pytest.mark.parametrize(("tokens", "slices"), [(8, 0), (197, 2)])
def test_mnn_gets_the_pairs_of_one_head_after_the_other_where_no_cache_holds_all(tokens, slices):
    net = lower(product((1, 12, tokens, 64), (1, 12, tokens, 64), transpose_b=True), TARGETS["mnn"], Options())
    assert types(net).count("Slice") == slices


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.parametrize("turns", [(False, True), (False, False)])
def test_mnn_computes_the_pairs_of_one_head_after_the_other(turns, tmp_path):
    first, second = (1, 2, 256, 32), (1, 2, 256, 32) if turns[1] else (1, 2, 32, 256)
    net = lower(product(first, second, transpose_b=turns[1]), TARGETS["mnn"], Options())
    assert types(net).count("Slice") == 2
    rng = np.random.default_rng(0)
    given = {"data": rng.normal(size=first), "other": rng.normal(size=second)}
    other = torch.from_numpy(given["other"])
    wanted = torch.from_numpy(given["data"]) @ (other.mT if turns[1] else other)
    (found,) = MNN.blobs(files_of(tmp_path, net), ["product"], given)
    np.testing.assert_allclose(np.array(found).reshape(wanted.shape), wanted.numpy(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("shapes", [((4, 5), (5, 6)), ((1, 3, 4, 5), (1, 3, 5, 6))])
def test_a_layer_of_matrices_is_written_for_others(shapes):
    net = net_of_layer(MatMul(), *shapes)
    (form,) = FORMS[MatMul]
    assert types(written(net, form)) == ["MatrixProduct"]
    lowered = lower(net, CAFFE, Options())
    assert not any(isinstance(node.layer, MatMul) for node in lowered.nodes)


@pytest.mark.parametrize(
    ("turns", "kinds"),
    [
        ((False, False), ["Reshape", "Reshape", "Parameter", "Eltwise", "Silence", "Convolution", "Reshape"]),
        ((True, False), ["Reshape", "Reshape", "Parameter", "Eltwise", "Silence", "Deconvolution", "Reshape"]),
        ((False, True), ["Reshape", "Reshape", "Parameter", "Eltwise", "Silence", "Convolution", "Reshape"]),
    ],
)
def test_no_factor_is_permuted(turns, kinds):
    net = product(*sides(((2, 3), (2, 3)), turns), transpose_a=turns[0], transpose_b=turns[1])
    assert types(in_form(net, FILTERS)) == kinds


@pytest.mark.parametrize(
    ("first", "second", "turns", "shape", "group"),
    [
        ((1, 4, 5), (7, 5, 6), (False, False), (4, 5, 1, 1), 1),
        ((7, 4, 5), (5, 6), (False, False), (28, 5, 1, 1), 1),
        ((7, 4, 5), (7, 5, 6), (False, False), (28, 5, 1, 1), 7),
        ((7, 5, 4), (7, 5, 6), (True, False), (35, 4, 1, 1), 7),
        ((7, 4, 5), (7, 6, 5), (False, True), (28, 1, 1, 5), 7),
    ],
)
def test_what_does_not_change_from_sample_to_sample_is_no_group(first, second, turns, shape, group):
    net = in_form(product(first, second, transpose_a=turns[0], transpose_b=turns[1]), FILTERS)
    (layer,) = (node.layer for node in net.nodes if isinstance(node.layer, Convolution | Deconvolution))
    (weights,) = (node.layer.shape for node in net.nodes if isinstance(node.layer, Parameter))
    assert (weights, layer.group) == (shape, group)


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("batches", [((), ()), ((1, 2), (1, 2)), ((3,), (2, 3))])
def test_the_files_compute_it_in_the_order_of_caffe(tmp_path, turns, batches):
    net = product(*sides(batches, turns), transpose_a=turns[0], transpose_b=turns[1])
    net = lower(net.copy(), CAFFE, Options())
    assert any(isinstance(node.layer, Parameter) for node in net.nodes)
    written = write(net, tmp_path / "net", CAFFE)
    caffe, back = CaffeByHand(written.prototxt, written.caffemodel), read(written.prototxt, written.caffemodel)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        given = {blob: rng.normal(size=net.shapes[blob]) for blob in ("data", "other")}
        first, second = (
            given[blob].swapaxes(-1, -2) if turn else given[blob]
            for blob, turn in zip(("data", "other"), turns, strict=True)
        )
        np.testing.assert_allclose(caffe.forward(**given)["product"], first @ second, rtol=1e-12, atol=1e-14)
        found = run(back, given, np.float64)[back.outputs[0]]
        np.testing.assert_allclose(found, first @ second, rtol=1e-12, atol=1e-14)
    assert back.outputs == net.outputs


def test_a_target_without_parameters_gets_the_products_of_all_pairs():
    net = product((2, 4, 5), (2, 5, 6))
    lowered = lower(net, TARGETS["opencv"], Options())
    assert not any(isinstance(node.layer, Parameter) for node in lowered.nodes)


def test_names_of_weights_that_the_source_shares_are_left_alone():
    net = product((2, 4, 5), (2, 5, 6))
    other = add(net, "ones", InnerProduct(num_output=2, bias_term=False), np.ones((2, 20)), bottoms=("data",))
    net.update(other, replace(other, param_names=("product_weights",)))
    net = in_form(net, FILTERS)
    names = [name for node in net.nodes for name in node.param_names]
    assert sorted(names) == ["product_weights", "product_weights_2", "product_weights_2"]


def windows_of_attention():
    """Scores in 48 windows, behind a convolution that costs so much more that no form of theirs would count."""
    net = net_of((48, 32, 7, 7))
    add(
        net,
        "conv",
        Convolution(num_output=512, kernel_size=(5, 5), pad=(2, 2), bias_term=False),
        np.ones((512, 32, 5, 5)),
    )
    back = Convolution(num_output=32, kernel_size=(5, 5), pad=(2, 2), bias_term=False)
    add(net, "back", back, np.ones((32, 512, 5, 5)))
    add(net, "rows", Reshape(shape=(48, 32, 49)))
    add(net, "product", MatrixProduct(transpose_a=True), bottoms=("rows", "rows"))
    return net


def has_parameters(net):
    return any(isinstance(node.layer, Parameter) for node in net.nodes)


def test_no_other_program_is_worth_many_times_the_memory(monkeypatch):
    assert has_parameters(lower(windows_of_attention(), CAFFE, Options()))
    alike = tuple(replace(TARGETS["opencv"], name=f"opencv {number}") for number in range(5))
    widespread(monkeypatch, CAFFE, *alike)  # which compute all pairs, and refuse the filters
    assert has_parameters(lower(windows_of_attention(), CAFFE, Options()))
    monkeypatch.setattr(weighing, "LARGER", 1e9)
    assert not has_parameters(lower(windows_of_attention(), CAFFE, Options()))
