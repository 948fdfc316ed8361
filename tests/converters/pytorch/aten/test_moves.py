"""Cells at other places, by constant indices, against torch."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.aten import moves
from converters.pytorch.aten.moves import along, numbers
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers

X = images(2, 6, 5, 8)
RANDOM = torch.Generator().manual_seed(3)


def drawn(most: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, most, shape, generator=RANDOM)


@pytest.mark.parametrize(
    ("axis", "index"),
    [
        (0, drawn(2, 3, 6, 5, 8)),
        (1, drawn(6, 2, 3, 5, 8)),
        (3, drawn(8, 2, 6, 5, 4)),
        (2, drawn(5, 1, 4, 3, 6)),  # the rest of x is cut to the sizes of the index
        (1, torch.tensor([5, 0, 0]).reshape(1, 3, 1, 1).expand(2, 3, 5, 8)),
        (-1, torch.arange(8).flip(0).expand(2, 6, 5, 8)),
    ],
)
def test_gather(axis, index):
    converted(Beside(lambda x, held: x.gather(axis, held), index), X)


def test_equal_choices_on_all_places_are_choices_along_one_axis():
    index = torch.tensor([1, 2, 3]).reshape(1, 3, 1, 1).expand(2, 3, 5, 8)
    assert layers(converted(Beside(lambda x, held: x.gather(1, held), index), X)) == ["Convolution"]
    found = along(numbers((2, 6, 5, 8)).gather(1, index), (2, 6, 5, 8))
    assert found is not None
    assert (found.before, found.behind, found.places.tolist()) == ((2,), (5, 8), [1, 2, 3])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.take(torch.tensor([[3, 99], [-1, 0]])),
        lambda x: torch.take_along_dim(x, torch.tensor([4, 0, 2]).reshape(1, 3, 1, 1), 1),
        lambda x: x.unfold(1, 2, 2),
        lambda x: x.unfold(3, 3, 2).unfold(2, 2, 1),
        lambda x: x.unfold(0, 2, 1),
        lambda x: x.diagonal(),
        lambda x: x.diagonal(1, 2, 3),
        lambda x: x.diagonal(-1, 3, 1),
        lambda x: (x > 0).gather(1, torch.zeros(2, 1, 5, 8, dtype=torch.int64)).float(),
        lambda x: torch.einsum("nchh->nch", x[..., :5]),
        lambda x: torch.einsum("nchh->nc", x[..., :5]),
        lambda x: torch.einsum("nchh,hc->nh", x[..., :5], x[0, :5, :, 0].T[:, :5].repeat(1, 2)[:, :6]),
    ],
)
def test_moves(function):
    converted(Calls(function), X)


def test_indices_that_the_input_decides_are_refused():
    with pytest.raises(ConversionError, match="its indices depend on the net's input"):
        convert(Calls(lambda x: x.gather(1, x.argmax(1, keepdim=True))), (X,))


def test_a_matrix_of_too_many_numbers_is_refused(monkeypatch):
    monkeypatch.setattr(moves, "MOST_WEIGHTS", 100)
    with pytest.raises(ConversionError, match="a matrix of 576 numbers"):
        convert(Beside(lambda x, held: x.gather(1, held), drawn(6, 1, 6, 2, 2)), (images(1, 6, 80, 2),))
