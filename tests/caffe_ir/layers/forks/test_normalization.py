from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.layers import BN, MeanLRN, Normalize, RunningBN

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_lengths_are_torchs(across: bool, shared: bool) -> None:
    layer = Normalize(across_spatial=across, channel_shared=shared)
    scale = np.random.default_rng(1).uniform(0.5, 2, layer.blob_shapes((X.shape,))[0])
    x = torch.from_numpy(X)
    unit = functional.normalize(x.flatten(1), dim=1).reshape(x.shape) if across else functional.normalize(x, dim=1)
    (found,) = layer.forward([X], [scale])
    np.testing.assert_allclose(found, unit.numpy() * scale.reshape(-1, 1, 1), rtol=1e-9)


def test_eps_stands_inside_the_root() -> None:
    layer = Normalize(across_spatial=False, channel_shared=True, eps=3.0)
    (found,) = layer.forward([np.ones((1, 1, 1, 1))], [np.array(1.0)])
    assert found.item() == 0.5


def of_channels(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(2).uniform(0.5, 2, (count, 1, 3, 1, 1)))


def test_statistics_are_torchs_batch_norm() -> None:
    layer, blobs = RunningBN(eps=0.01), of_channels(4)
    slope, bias, mean, variance = (torch.from_numpy(blob.reshape(-1)) for blob in blobs)
    assert [blob.shape for blob in blobs] == list(layer.blob_shapes((X.shape,)))
    (found,) = layer.forward([X], blobs)
    truth = functional.batch_norm(torch.from_numpy(X), mean, variance, slope, bias, eps=0.01)
    np.testing.assert_allclose(found, truth.numpy(), rtol=1e-12)


def test_segnets_is_a_factor_and_a_shift() -> None:
    scale, shift = of_channels(2)
    (found,) = BN().forward([X], [scale, shift])
    np.testing.assert_allclose(found, X * scale.reshape(-1, 1, 1) + shift.reshape(-1, 1, 1))


def test_the_fields_of_a_file_say_which_bn_it_means() -> None:
    for fields in ({"frozen": True}, {"slope_filler": {"value": 1.0}}, {"eps": 0.001, "momentum": 0.95}):
        assert type(RunningBN.parsed(fields)) is RunningBN
    inference = {"bn_mode": "INFERENCE", "scale_filler": {"value": 1.0}}
    assert BN.parsed({}) == BN.parsed(inference) == BN()
    for segnets in ({}, inference):
        with pytest.raises(ValueError, match=r"nothing says|no meaning"):
            RunningBN.parsed(segnets)
    with pytest.raises(ValueError, match="statistics of the batch"):
        BN.parsed({"bn_mode": "LEARN"})


@pytest.mark.parametrize(("size", "k"), [(1, 1.0), (3, 1.0), (5, 2.0)])
def test_what_x2paddle_makes_of_lrn_divides_by_the_size_twice(size: int, k: float) -> None:
    """torch divides alpha by the size once, as Caffe does."""
    layer = MeanLRN(local_size=size, alpha=0.7, beta=0.6, k=k)
    (found,) = layer.forward([X], [])
    truth = functional.local_response_norm(torch.from_numpy(X), size, alpha=0.7 / size, beta=0.6, k=k)
    assert layer.infer((X.shape,)) == (X.shape,)
    np.testing.assert_allclose(found, truth.numpy(), rtol=1e-12)
