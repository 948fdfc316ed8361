"""Cells that are written, or added to, at constant places, against torch: what in-place calls come to."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers

X = images(2, 8, 6, 5)
EVEN = torch.arange(8) % 2 == 0
SQUARE = torch.randint(0, 8, (2, 4, 6, 5), generator=torch.Generator().manual_seed(3))


def after(write):
    """A module that writes into a copy of its input."""

    def written(x, *held):
        y = x.clone()
        write(y, x, *held)
        return y

    return written


def item(*place):
    return lambda y, x: y.__setitem__(place, 7.0)


ALL = slice(None)


@pytest.mark.parametrize(
    "write",
    [
        item(ALL, slice(0, 2)),
        item(ALL, 3),
        item(ALL, ALL, ALL, slice(None, None, 2)),
        item(ALL, [0, 3]),
        item(ALL, [0, 1], [2, 3]),
        item(0),
        lambda y, x: y.__setitem__((ALL, slice(0, 2)), x[:, 2:4]),
        lambda y, x: y.__setitem__((ALL, 3), x[:, 0]),
        lambda y, x: y.__setitem__((ALL, ALL, slice(None, None, 2)), -x[:, :, ::2]),
        lambda y, x: y.__setitem__((ALL, [5, 3]), x[:, 1:3]),
        lambda y, x: y.__setitem__((ALL, ALL, slice(1, 3), slice(1, 3)), x[:, :, :2, :2]),
        lambda y, x: y.__setitem__((ALL, slice(0, 3)), x.mean((1, 2, 3), keepdim=True)),
        lambda y, x: y.__setitem__(0, x[1]),
        lambda y, x: y[:, :4].add_(1.0),
        lambda y, x: y[:, ::2].mul_(2.0),
        lambda y, x: y[:, :4].relu_(),
        lambda y, x: y[:, 0].fill_(3.0),
        lambda y, x: y[:, :, 0].zero_(),
        lambda y, x: y[:, :4].copy_(x[:, 4:]),
        lambda y, x: y.__setitem__(x < 0, 0.5),
    ],
)
def test_writes(write):
    converted(Calls(after(write)), X)


def test_masks_that_the_module_holds():
    converted(Beside(after(lambda y, x, mask: y.__setitem__((ALL, mask), 1.0)), EVEN), X)
    converted(Beside(after(lambda y, x, mask: y.__setitem__((ALL, mask), x[:, :4])), EVEN), X)
    numbers = images(2, 8, 6, 5, seed=1)
    converted(Beside(lambda x, mask, y: x.masked_scatter(mask, y), torch.eye(6, 5) > 0, numbers), X)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.index_copy(1, torch.tensor([5, 1, 2]), x[:, :3]),
        lambda x: x.index_fill(1, torch.tensor([5, 1, 2]), 7.0),
        lambda x: x.index_put((torch.tensor([0, 1]), torch.tensor([2, 3])), x[0, :2]),
        lambda x: x.scatter(1, torch.full((2, 1, 6, 5), 3), x[:, :1]),
        lambda x: x.scatter(1, torch.full((2, 1, 6, 5), 3), 9.0),
        lambda x: x.scatter(0, SQUARE[:1] % 2, x[:1]),
        lambda x: x.select_scatter(x[:, 0], 1, 3),
        lambda x: x[..., :1].select_scatter(x[..., 0] * 2, 3, 0),
        lambda x: x[..., :1].index_fill(3, torch.tensor([0]), 2.5) + x,
        lambda x: x.slice_scatter(x[:, :2], 1, 1, 5, 2),
        lambda x: x.diagonal_scatter(x[:, :, 0], 0, 2, 3),
    ],
)
def test_scatters(function):
    converted(Calls(function), X)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.index_add(1, torch.tensor([0, 0, 2]), x[:, :3]),
        lambda x: x.index_add(1, torch.tensor([0, 0, 2]), x[:, :3], alpha=0.5),
        lambda x: torch.zeros_like(x).index_add(1, torch.tensor([1, 1, 3]), x[:, :3]),
        lambda x: x.index_put((torch.tensor([0, 0]), torch.tensor([2, 2])), x[0, :2], accumulate=True),
        lambda x: x.scatter_add(1, SQUARE, x[:, :4]),
        lambda x: x.scatter_reduce(1, SQUARE, x[:, :4], "sum"),
    ],
)
def test_sums(function):
    converted(Calls(function), X)


def test_whole_new_tensors():
    def framed(x):
        out = torch.zeros(2, 8, 8, 7)
        out[:, :, 1:7, 1:6] = x
        return out

    def spread(x):
        out = x.new_zeros(2, 8, 12, 10)
        out[:, :, ::2, ::2] = x
        return out

    def interleaved(x):
        out = torch.empty_like(x)
        out[:, 0::2], out[:, 1::2] = x[:, :4], x[:, 4:]
        return out

    def shifted(x):  # the temporal shift of TSM
        out = torch.zeros_like(x)
        out[:-1, :2], out[1:, 2:4], out[:, 4:] = x[1:, :2], x[:-1, 2:4], x[:, 4:]
        return out

    for function in (framed, spread, interleaved, shifted):
        converted(Calls(function), X)


def test_a_row_that_gives_way_is_cut_out_once():
    net = converted(Calls(lambda x: x.slice_scatter(x[:, :2] * 2, 1, 3, 5)), X)
    assert layers(net).count("Concat") == 1


def test_places_that_the_input_decides_are_refused():
    with pytest.raises(ConversionError, match="where it adds depends on the net's input"):
        convert(Calls(lambda x: x.scatter_add(1, x.argmax(1, keepdim=True), x[:, :1])), (X,))
    with pytest.raises(ConversionError, match="where it writes depends"):
        convert(Calls(lambda x: x.scatter(1, x.argmax(1, keepdim=True), 1.0)), (X,))
    with pytest.raises(ConversionError, match="a scatter that does not add"):
        convert(Calls(lambda x: x.scatter_reduce(1, SQUARE, x[:, :4], "amax")), (X,))
