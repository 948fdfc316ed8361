"""Reductions, norms and Softmax against torch."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers

X = images(2, 3, 4, 5)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.mean((2, 3)),
        lambda x: x.mean((-1, -2), keepdim=True),
        lambda x: x.mean(1),
        lambda x: x.mean(0, keepdim=True),
        lambda x: x.mean(),
        lambda x: x.mean((1, 3)),
        lambda x: x.sum(),
        lambda x: x.sum(-1),
        lambda x: x.sum((0, 2), keepdim=True),
        lambda x: x.amax(1),
        lambda x: x.amin((2, 3)),
        lambda x: x.max(),
        lambda x: x.min(2)[0],
        lambda x: x.max(1, keepdim=True).values,
        lambda x: x.var((2, 3)),
        lambda x: x.var(),
        lambda x: x.var(1, unbiased=False, keepdim=True),
        lambda x: x.var(2, correction=2),
        lambda x: x.std((1, 2)),
        lambda x: torch.var_mean(x, (2, 3), keepdim=True),
        lambda x: torch.var_mean(x, 1),
        lambda x: x.logsumexp(1),
        lambda x: x.logsumexp((2, 3), keepdim=True),
        lambda x: x.norm(dim=1),
        lambda x: x.norm(p=1, dim=(2, 3), keepdim=True),
        lambda x: torch.linalg.vector_norm(x, 4, dim=1),
        lambda x: torch.linalg.vector_norm(x, float("inf"), dim=(1, 2)),
        lambda x: torch.linalg.vector_norm(x, -1, dim=1),
        lambda x: torch.linalg.vector_norm(x, -2.5, dim=(2, 3), keepdim=True),
        lambda x: torch.linalg.vector_norm(x, -2),
        lambda x: x.softmax(1),
        lambda x: x.softmax(-1),
        lambda x: (30 * x).log_softmax(1),
        lambda x: x.log_softmax(-1),
        lambda x: F.softmin(x, 2),
        lambda x: x.flatten(1).softmax(1),
    ],
)
def test_reduction(function):
    converted(Calls(function), X)


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.mean((2, 3), keepdim=True), ["Pooling"]),
        (lambda x: x.mean(1, keepdim=True), ["Convolution"]),
        (lambda x: x.softmax(1), ["Softmax"]),
    ],
)
def test_what_caffe_has_a_layer_for_is_one_layer(function, kinds):
    assert layers(converted(Calls(function), X)) == kinds


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda x: x.argmax(1), "ArgMax(axis=1)"),
        (lambda x: x.argmax(-1, keepdim=True), "ArgMax(axis=3)"),
        (lambda x: x.argmax(), "ArgMax(axis=1)"),
        (lambda x: x.argmin(2), "ArgMax(axis=2)"),
    ],
)
def test_argmax_with_its_ties_said(function, shown):
    """Practitioners' pitfall: Caffe's ArgMax has out_max_val, top_k and axis, and of equal numbers takes the last."""
    net = converted(Calls(function), X)
    assert shown in [str(node.layer) for node in net.nodes]
    assert "the first and Caffe the last" in "".join(note.text for note in net.notes if note.kind == "warning")


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.cumsum(0), ["Reshape", "Convolution", "Reshape"]),
        (lambda x: x.cumsum(1), ["Convolution"]),
        (lambda x: x.cumsum(-2), ["Convolution", "Reshape"]),
        (lambda x: x.cumsum(3, dtype=torch.float64), ["Reshape", "Convolution", "Reshape"]),
        (lambda x: x.clone().cumsum_(-1), ["Reshape", "Convolution", "Reshape"]),
        (lambda x: x.flatten(1).cumsum(1), ["InnerProduct"]),
        (lambda x: x.sum((1, 2, 3)).cumsum(0), None),
        (lambda x: x.sum().cumsum(0), None),
        (lambda x: x[:, :1].cumsum(1).relu(), ["Convolution", "ReLU"]),
        (lambda x: x.transpose(1, 2).cumsum(1), None),
        (lambda x: x.permute(0, 2, 3, 1).cumsum(-1).permute(0, 3, 1, 2), None),
        (lambda x: x.square().log().cumsum(2).exp(), None),
    ],
)
def test_a_running_sum_is_a_product_with_a_triangular_matrix(function, kinds):
    found = layers(converted(Calls(function), X))
    assert kinds is None or [kind for kind in found if kind != "Silence"] == kinds


def test_a_running_sum_of_integers_is_refused():
    with pytest.raises(ConversionError, match="a running sum in int64"):
        convert(Calls(lambda x: x.cumsum(1, dtype=torch.int64).float()), (X,))
    with pytest.raises(ConversionError, match=r"\.float\(\)"):
        convert(Calls(lambda x: (x > 0).cumsum(1).float()), (X,))


@pytest.mark.parametrize("order", [0, 0.5, 1.5, 3, float("-inf")])
def test_norms_of_any_order(order):
    converted(Calls(lambda x: torch.linalg.vector_norm(x.relu() - 0.1, order, dim=1)), X)


@pytest.mark.parametrize("order", [-1, -2, -0.5])
def test_norms_of_negative_order_are_0_where_something_is(order):
    """1 / 0 is infinity, and the sum of it to the power of 1 / order is 0, in torch and in Caffe."""
    x = X.clone()
    x[:, 1, 2] = 0
    converted(Calls(lambda x: torch.linalg.vector_norm(x, order, dim=1)), x)


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda x: x.max(1)[0], {"Reduce"}),
        (lambda x: x.max(1)[1].float(), {"ArgMax", "Reshape"}),
        (lambda x: x.min(2, keepdim=True)[1].float(), {"Power", "ArgMax"}),
        (lambda x: x.max(1)[0] + x.max(1)[1], {"Reduce", "ArgMax", "Eltwise"}),
        (lambda x: torch.stack([*(y.float() for y in x.max(-1))]), None),
    ],
)
def test_an_extreme_and_its_place_are_made_where_they_are_read(function, kinds):
    net = convert(Calls(function), (X,))
    assert kinds is None or set(layers(net)) <= kinds | {"Reshape"}
    ties = any("torch takes the first and Caffe the last" in note.text for note in net.notes)
    assert ties == ("ArgMax" in layers(net))
    converted(Calls(function), X)


def test_a_variance_of_one_number_is_refused():
    with pytest.raises(ConversionError, match="set correction=0"):
        convert(Calls(lambda x: x.var(1)), (images(2, 1, 4, 5),))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_distances_of_rows(order):
    rows, others = images(2, 5, 6), images(2, 4, 6, seed=1)
    converted(Calls(lambda x, y: torch.cdist(x, y, p=order)), rows, others)
    converted(Beside(lambda x, held: torch.cdist(x, held, p=order), images(4, 6, seed=1)), images(3, 6))


def test_distances_of_infinite_order_are_refused():
    with pytest.raises(ConversionError, match="distances of order inf"):
        convert(Calls(lambda x: torch.cdist(x, x, p=float("inf"))), (images(2, 5, 6),))
