"""What is refused for good is refused with what to do instead."""

from __future__ import annotations

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch import HANDLERS, convert
from converters.pytorch.aten.hints import HINTS
from tests.converters.pytorch.judge import Calls, images


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.mode()[0],
        lambda x: x.quantile(0.5, 1),
        lambda x: x.logcumsumexp(1),
        torch.special.i0,
        torch.special.entr,
    ],
)
def test_the_hint_is_told(function):
    with pytest.raises(ConversionError) as refused:
        convert(Calls(function), (images(2, 6),))
    (problem,) = refused.value.problems
    assert (problem.why, problem.hint) in HINTS.values()


def test_no_operation_is_both_refused_and_handled():
    handled = {op.rpartition(".")[0] for op in HANDLERS}
    assert not handled & HINTS.keys()


def test_every_hint_names_an_operation_of_torch():
    for op in HINTS:
        library, _, name = op.partition(".")
        assert library != "aten" or hasattr(torch.ops.aten, name.partition(".")[0])
