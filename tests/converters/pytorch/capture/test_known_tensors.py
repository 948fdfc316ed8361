"""Masks and conditions that are the module's own constants, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.error_kinds.capture import RANDOM
from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from converters.pytorch.capture.known_tensors import KnownTensors
from tests.converters.pytorch.judge import EXACT, Beside, Calls, agreement, converted, decomposed, images, layers

X = images(2, 6, 5, 7)
MASK = torch.tensor([True, False, True, True, False, True])


class Pruned(nn.Module):
    """Chooses channels by a function of what it holds, and convolves what is left."""

    def __init__(self, choose) -> None:
        super().__init__()
        self.choose, self.conv = choose, nn.Conv2d(4, 3, 3)
        self.importance = nn.Parameter(torch.tensor([0.9, 0.1, 0.6, 0.7, 0.2, 0.8]))
        self.register_buffer("keep", MASK)

    def forward(self, x):
        return self.conv(self.choose(self, x).relu_())


@pytest.mark.parametrize(
    "choose",
    [
        lambda own, x: x[:, own.keep],
        lambda own, x: x[:, own.importance > 0.5],
        lambda own, x: x[:, (own.importance > 0.5) & own.keep],
        lambda own, x: x[:, own.keep.nonzero().squeeze(1)],
        lambda own, x: x[:, torch.where(own.keep)[0]],
        lambda own, x: x.index_select(1, own.keep.nonzero().reshape(-1)),
        lambda own, x: x[:, own.keep.split(6)[0]],
        lambda own, x: x[:, [True, False, True, True, False, True]],
        lambda own, x: x[:, torch.tensor([True, False, True, True, False, True])],
        lambda own, x: x[:, : int(own.keep.sum())],
        lambda own, x: x[:, :4] if own.keep[0] else x[:, 2:],
    ],
)
def test_channels_chosen_by_constants(choose):
    assert layers(converted(Pruned(choose), X))[-1] == "Convolution"


def test_cells_chosen_by_a_mask():
    cells = torch.arange(35).reshape(5, 7) % 3 == 1
    converted(Beside(torch.masked_select, cells), X)
    converted(Beside(lambda x, mask: x[:, :, mask], cells), X)
    converted(Beside(lambda x, mask: x[mask], cells.expand(2, 6, 5, 7)), X)


def test_a_program_that_left_the_size_open():
    module = Beside(lambda x, mask: x[:, mask].relu(), MASK).eval()
    for program in (torch.export.export(module, (X,), strict=False), decomposed(module, X)):
        net = lower(convert(program), CAFFE, Options())
        assert agreement(net, [module(X.double())], (X,)) < EXACT


@pytest.mark.parametrize(
    "function",
    [
        lambda x, mask: x[:, x[0, :, 0, 0] > 0],
        lambda x, mask: x[:, mask & (x[0, :, 0, 0] > 0)],
        lambda x, mask: torch.masked_select(x, x > 0),
    ],
)
def test_choices_by_the_input_are_refused(function):
    with pytest.raises(ConversionError, match="decide how large the result"):
        convert(Beside(function, MASK), (X,))


def test_a_branch_by_the_input_is_refused():
    with pytest.raises(ConversionError, match="asks for the numbers in a tensor"):
        convert(Calls(lambda x: x * 2 if x.sum() > 0 else x * 3), (X,))


@pytest.mark.parametrize("draw", [lambda mask: torch.rand(6) > 0.5, lambda mask: torch.rand_like(mask.float()) > 0.5])
def test_a_random_mask_is_refused(draw):
    with pytest.raises(ConversionError, match="gives different numbers at every run"):
        convert(Beside(lambda x, mask: x[:, draw(mask)], MASK), (X,))


def test_noise_is_one_problem_and_not_an_unknown_operation_too():
    with pytest.raises(ConversionError) as caught:
        convert(Calls(lambda x: x + torch.randn(7) + torch.rand(7)), (X,))
    assert [problem.kind for problem in caught.value.problems] == [RANDOM, RANDOM]


@pytest.mark.parametrize("dim", [1, -1, None])
def test_repetitions_by_constants(dim):
    times = torch.arange(420) % 3 if dim is None else torch.arange(X.shape[dim]) % 3
    converted(Beside(lambda x, held: x.repeat_interleave(held, dim), times), X)


def _filled(x, mask):
    own = torch.zeros(6, dtype=torch.bool)
    own[2:5] = True
    own[4] = False
    return x[:, own]


def _kept_from_before(x, mask):
    own = mask.clone()
    opposite, count = ~own, int(own.sum())
    own[:3] = False
    return torch.cat([x[:, own], x[:, opposite], x[:, :count]], 1)


def _in_a_loop(x, mask):
    own = torch.zeros(5, 7)
    for row in range(3):
        own[row, row : row + 2] = row + 1
    own += 1
    return x[:, :, own > 2]


def _joined_with_another(x, mask):
    own = torch.arange(6) % 2 == 0
    own |= mask
    own.logical_not_()
    return x[:, own]


@pytest.mark.parametrize("function", [_filled, _kept_from_before, _in_a_loop, _joined_with_another])
def test_a_mask_that_forward_itself_writes(function):
    converted(Beside(function, MASK), X)


def _written(x, mask):
    own = mask.clone()
    first, _ = own.split(3)
    first[1] = True
    return x[:, own]


def _written_by_the_input(x, mask):
    own = mask.clone()
    own |= x[0, :, 0, 0] > 0
    return x[:, own]


def _seen_through_a_view(x, mask):
    own = mask.clone()
    first = own[:3]
    own[1] = True
    return x[:, :3][:, first]


def _written_at_random(x, mask):
    own = mask.float()
    own.uniform_()
    return x[:, own > 0.5]


@pytest.mark.parametrize("function", [_written, _written_by_the_input, _seen_through_a_view, _written_at_random])
def test_a_mask_that_is_written_to_is_not_known(function):
    with pytest.raises(ConversionError, match=r"decide how large the result|different numbers at every run"):
        convert(Beside(function, MASK), (X,))


def test_the_module_is_left_as_it_was():
    module = Beside(lambda x, mask: x[:, mask], MASK)
    with KnownTensors(module):
        assert module(X).shape == (2, 4, 5, 7)
    assert torch.equal(module.get_buffer("held0"), MASK)
