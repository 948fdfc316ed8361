"""Fillers: the laws of filler.hpp. Bounds and spreads of xavier and msra are those of torch.nn.init's own formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from caffe_ir.files.fillers import Filler, fill, filled
from caffe_ir.layers import LSTM, BatchNorm, Convolution, DummyData, InnerProduct, PReLU, Scale
from caffe_ir.net import Net
from tests.caffe_ir.build import add, net_of

MANY = (40, 50, 5, 5)


def drawn(filler: Filler, shape: tuple[int, ...] = MANY) -> np.ndarray:
    found = fill(filler, shape, np.random.default_rng(0))
    assert found.shape == shape
    assert found.dtype == np.float32
    return found.astype(np.float64)


def test_constant_and_uniform() -> None:
    assert set(drawn(Filler(value=0.5), (3, 2)).ravel()) == {0.5}
    values = drawn(Filler(type="uniform", min=-3.0, max=1.0))
    assert -3 <= values.min() < -2.99
    assert 0.99 < values.max() <= 1
    assert values.mean() == pytest.approx(-1, abs=0.02)


def test_gaussian_and_its_sparse_form() -> None:
    values = drawn(Filler(type="gaussian", mean=2.0, std=0.1))
    assert values.mean() == pytest.approx(2, abs=0.002)
    assert values.std() == pytest.approx(0.1, rel=0.02)
    kept = drawn(Filler(type="gaussian", std=1.0, sparse=10)) != 0
    assert kept.mean() == pytest.approx(10 / 40, abs=0.01)


def test_xavier_by_fan_in_is_kaiming_uniform_of_a_linear_gain() -> None:
    reference = torch.empty(MANY)
    nn.init.kaiming_uniform_(reference, nonlinearity="linear")
    values = drawn(Filler(type="xavier"))
    assert np.abs(values).max() == pytest.approx(float(reference.abs().max()), rel=1e-3)


def test_xavier_by_the_average_is_torchs_xavier_uniform() -> None:
    reference = torch.empty(MANY)
    nn.init.xavier_uniform_(reference)
    values = drawn(Filler(type="xavier", variance_norm="AVERAGE"))
    assert np.abs(values).max() == pytest.approx(float(reference.abs().max()), rel=1e-3)
    assert values.std() == pytest.approx(float(reference.std()), rel=0.02)


@pytest.mark.parametrize(("norm", "mode"), [("FAN_IN", "fan_in"), ("FAN_OUT", "fan_out")])
def test_msra_is_kaiming_normal(norm: str, mode: str) -> None:
    reference = torch.empty(MANY)
    nn.init.kaiming_normal_(reference, mode=mode, nonlinearity="relu")  # type: ignore[arg-type]
    values = drawn(Filler(type="msra", variance_norm=norm))  # type: ignore[arg-type]
    assert values.std() == pytest.approx(float(reference.std()), rel=0.02)


def test_positive_unitball_sums_to_one_in_each_output() -> None:
    values = drawn(Filler(type="positive_unitball"))
    assert values.min() >= 0
    np.testing.assert_allclose(values.reshape(40, -1).sum(axis=1), 1, rtol=1e-5)


def test_bilinear_is_the_kernel_of_upsampling_by_two() -> None:
    row = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_array_equal(drawn(Filler(type="bilinear"), (2, 1, 4, 4))[1, 0], np.outer(row, row))
    np.testing.assert_allclose(drawn(Filler(type="bilinear"), (1, 1, 3, 3))[0, 0, 1], [0.5, 1, 0.5])


@pytest.mark.parametrize(
    ("filler", "shape", "told"),
    [
        (Filler(type="orthogonal"), (2, 2), "'orthogonal' is not one of Caffe's"),
        (Filler(type="bilinear"), (2, 2, 3, 4), "square"),
        (Filler(type="xavier"), (), "axes"),
        (Filler(type="uniform", sparse=2), (2, 2), "sparse"),
    ],
)
def test_what_caffe_refuses(filler: Filler, shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fill(filler, shape, np.random.default_rng(0))


def whole() -> Net:
    net = net_of((1, 2, 4, 4))
    zeros = np.zeros
    add(net, "conv", Convolution(num_output=3, kernel_size=(1, 1)), zeros((3, 2, 1, 1)), zeros(3))
    add(net, "bn", BatchNorm(use_global_stats=True, eps=1e-5), zeros(3), zeros(3), zeros(1))
    add(net, "scale", Scale(bias_term=True), zeros(3), zeros(3))
    add(net, "prelu", PReLU(), zeros(3))
    add(net, "fc", InnerProduct(num_output=2), zeros((2, 48)), zeros(2))
    return net


def test_what_is_not_spelled_is_as_in_caffe() -> None:
    net = filled(whole(), {}, seed=0)
    values = {node.name: [set(blob.load().ravel().tolist()) for blob in node.blobs] for node in net.nodes}
    assert values["conv"] == [{0}, {0}]
    assert values["bn"] == [{0}, {0}, {0}]
    assert values["scale"] == [{1}, {0}]
    assert values["prelu"] == [{0.25}]


def test_one_seed_gives_one_net_and_each_layer_its_own_numbers() -> None:
    spelled = {name: {"weight_filler": {"type": "uniform"}} for name in ("conv", "fc")}
    first, again, other = (filled(whole(), spelled, seed=seed) for seed in (0, 0, 1))
    numbers = [
        net.node(name).blobs[0].load().ravel()[:6].tolist() for net in (first, again, other) for name in ("conv", "fc")
    ]
    assert numbers[:2] == numbers[2:4]
    assert numbers[0] != numbers[1]
    assert numbers[0] != numbers[4]
    assert first.node("conv").blobs[0].load().tolist() == first.node("conv").blobs[0].load().tolist()


def test_only_the_layers_named_are_filled_and_all_faults_are_told() -> None:
    spelled = {name: {"weight_filler": {"type": "unknown"}} for name in ("conv", "fc")}
    with pytest.raises(ConversionError) as caught:
        filled(whole(), spelled, seed=0)
    assert [problem.what.split()[0] for problem in caught.value.problems] == ["conv", "fc"]
    assert filled(whole(), spelled, seed=0, only=frozenset({"scale"})).node("scale").blobs[0].load().tolist() == [
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("static", [False, True])
def test_lstm_fills_its_matrices_and_its_bias(static: bool) -> None:
    net = net_of((4, 1, 3))
    add(net, "cont", DummyData(shape=(4, 1), value=1.0), bottoms=())
    bottoms, blobs = ["data", "cont"], [(8, 3), (8,), (8, 2)]
    if static:
        add(net, "static", DummyData(shape=(1, 5)), bottoms=())
        bottoms, blobs = [*bottoms, "static"], [(8, 3), (8,), (8, 5), (8, 2)]
    add(net, "lstm", LSTM(num_output=2), *(np.zeros(shape) for shape in blobs), bottoms=bottoms)
    spelled = {"lstm": {"weight_filler": {"value": 2.0}, "bias_filler": {"value": 3.0}}}
    found = [blob.load().max() for blob in filled(net, spelled, seed=0).node("lstm").blobs]
    assert found == ([2, 3, 2, 2] if static else [2, 3, 2])
