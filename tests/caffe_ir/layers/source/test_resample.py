"""Resample and Gather against torch, and against a table of real bilinear numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Gather, Resample

DOUBLED = 0.25 * np.array(
    [
        [4, 0, 0, 0],
        [3, 1, 0, 0],
        [1, 3, 0, 0],
        [0, 3, 1, 0],
        [0, 1, 3, 0],
        [0, 0, 3, 1],
        [0, 0, 1, 3],
        [0, 0, 0, 4],
    ]
)
X = np.random.default_rng(1).normal(size=(2, 3, 4, 5))


def test_each_axis_is_multiplied_by_its_matrix():
    rows, columns = np.random.default_rng(2).normal(size=(7, 4)), np.random.default_rng(3).normal(size=(2, 5))
    layer = Resample(axes=(2, 3), output_size=(7, 2))
    wanted = torch.einsum("ncij,oi,pj->ncop", *map(torch.from_numpy, (X, rows, columns)))
    (y,) = layer.forward([X], [rows, columns])
    assert layer.infer((X.shape,)) == ((2, 3, 7, 2),)
    assert layer.blob_shapes((X.shape,)) == ((7, 4), (2, 5))
    np.testing.assert_allclose(y, wanted.numpy(), rtol=1e-12, atol=1e-12)


def test_bilinear_numbers_that_practitioners_wrote_down():
    """torch2caffe: 1..16 by a factor of 2, align_corners=False: the first row and the first column."""
    x = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    (y,) = Resample(axes=(2, 3), output_size=(8, 8)).forward([x], [DOUBLED, DOUBLED])
    assert y[0, 0, 0].tolist() == [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
    assert y[0, 0, :, 0].tolist() == [1, 2, 4, 6, 8, 10, 12, 13]


def test_refuses_a_size_for_each_axis_too_few():
    with pytest.raises(ShapeError, match="not the sizes"):
        Resample(axes=(2, 3), output_size=(7,)).infer((X.shape,))


@pytest.mark.parametrize(("axis", "indices"), [(1, (2, 0)), (3, (4, 3, 2, 1, 0)), (0, (1, 1, 1))])
def test_gather_is_index_select(axis, indices):
    layer = Gather(axis=axis, indices=indices)
    wanted = torch.from_numpy(X).index_select(axis, torch.tensor(indices)).numpy()
    assert layer.infer((X.shape,)) == (wanted.shape,)
    np.testing.assert_array_equal(layer.forward([X], [])[0], wanted)


@pytest.mark.parametrize("indices", [(), (5,), (-1,)], ids=str)
def test_gather_refuses_places_that_are_not_there(indices):
    with pytest.raises(ShapeError, match="places beyond 5"):
        Gather(axis=3, indices=indices).infer((X.shape,))
