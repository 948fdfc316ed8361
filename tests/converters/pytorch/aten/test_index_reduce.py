"""index_reduce against torch, for each of its reductions."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Beside, Calls, converted, images

pytestmark = pytest.mark.filterwarnings("ignore:index_reduce:UserWarning")
X, NEW = images(2, 4, 3, 5), images(2, 6, 3, 5, seed=1)
INDEX = torch.tensor([0, 2, 0, 0, 3, 2])


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduction", ["amax", "amin", "prod", "mean"])
def test_every_reduction(reduction: str, include_self: bool) -> None:
    """Cells that are met three times, twice, once and never."""
    converted(Calls(lambda x, new: x.index_reduce(1, INDEX, new, reduction, include_self=include_self)), X, NEW)


@pytest.mark.parametrize("reduction", ["amax", "mean"])
@pytest.mark.parametrize("dim", [0, 2, -1])
def test_every_axis(reduction: str, dim: int) -> None:
    count = X.shape[dim]
    index = torch.arange(count) % 2
    converted(Calls(lambda x: x.index_reduce(dim, index, (x * 2).flip(dim), reduction)), X)


@pytest.mark.parametrize("reduction", ["amin", "prod"])
def test_a_constant_source(reduction: str) -> None:
    converted(Beside(lambda x, new: x.index_reduce(1, INDEX, new, reduction), NEW), X)


def test_in_place() -> None:
    converted(Calls(lambda x: (x * 1).index_reduce_(1, INDEX[:4], x, "amax")), X)


def test_an_index_that_the_net_computes() -> None:
    with pytest.raises(ConversionError, match="its index depends on the net's input"):
        convert(Calls(lambda x, new, at: x.index_reduce(1, at, new, "amax")), (X, NEW, INDEX))
