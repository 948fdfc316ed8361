"""torch's batch_norm is the measure."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.affine import Affine, normalization

torch = pytest.importorskip("torch")


def test_a_normalisation_and_its_scale_are_one_factor_and_one_offset() -> None:
    rng = np.random.default_rng(0)
    mean, gamma, beta = rng.normal(size=(3, 5))
    variance, x = rng.uniform(0.1, 3, 5), rng.normal(size=(7, 5))
    found = normalization(mean, variance, 1e-3).then(Affine(slope=gamma, offset=beta))
    theirs = torch.nn.functional.batch_norm(*map(torch.from_numpy, (x, mean, variance, gamma, beta)), eps=1e-3)
    np.testing.assert_allclose(found.slope * x + found.offset, theirs.numpy(), rtol=1e-12, atol=1e-14)


def test_a_variance_of_none_leaves_the_epsilon() -> None:
    found = normalization(np.zeros(2), np.array([0.0, 1e-12]), 1e-5)
    theirs = torch.nn.functional.batch_norm(
        torch.ones(1, 2).double(), torch.zeros(2).double(), torch.tensor([0.0, 1e-12]).double(), eps=1e-5
    )
    np.testing.assert_allclose(found.slope, theirs[0].numpy(), rtol=1e-12)
