from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import BatchReindex, Filter

X = np.random.default_rng(0).normal(size=(3, 2, 4))


def test_images_are_taken_by_their_numbers_as_torch_does() -> None:
    numbers = np.array([2.0, 0.0, 2.0, 1.0])
    (found,) = BatchReindex().forward([X, numbers], [])
    assert BatchReindex().infer((X.shape, numbers.shape)) == (found.shape,)
    assert np.array_equal(found, torch.index_select(torch.from_numpy(X), 0, torch.tensor([2, 0, 2, 1])).numpy())


def test_an_image_that_is_not_there_is_refused_as_in_caffe() -> None:
    with pytest.raises(ValueError, match="images \\[3\\] of 3"):
        BatchReindex().forward([X, np.array([3.0])], [])
    with pytest.raises(ShapeError, match="one axis"):
        BatchReindex().infer((X.shape, (2, 1)))


def test_images_are_left_where_the_last_bottom_is_not_0() -> None:
    chosen = np.array([0.5, 0.0, -1.0]).reshape(3, 1)
    tops = Filter().forward([X, 2 * X, chosen], [])
    assert np.array_equal(tops[0], X[[0, 2]])
    assert np.array_equal(tops[1], 2 * X[[0, 2]])
    assert Filter().infer((X.shape, X.shape, chosen.shape)) == (X.shape, X.shape)


@pytest.mark.parametrize(("chosen", "why"), [((3, 2), "is \\(N, 1 ...\\)"), ((2, 1), "among 2 images")])
def test_what_chooses_fits_the_images(chosen, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        Filter().infer((X.shape, chosen))
