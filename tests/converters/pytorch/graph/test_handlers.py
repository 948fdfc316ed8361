"""How handlers are called, and what is none."""

from __future__ import annotations

import pytest
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import HANDLERS, convert
from converters.pytorch.graph.handlers import full_name, short_name, wrong_handlers
from tests.converters.pytorch.judge import images


@pytest.mark.parametrize(
    ("told", "full"),
    [
        ("mylib::op", "mylib.op.default"),
        ("aten::add.Tensor", "aten.add.Tensor"),
        ("aten.add.Tensor", "aten.add.Tensor"),
    ],
)
def test_the_graphs_name(told, full):
    assert full_name(told) == full


def test_short_names_are_full_ones_again():
    assert short_name("aten.relu.default") == "aten::relu"
    assert all(full_name(short_name(op)) == op for op in HANDLERS)
    assert list(wrong_handlers({short_name(op): handler for op, handler in HANDLERS.items()}, "")) == []


def test_everything_that_is_none_is_told_before_the_capture():
    with pytest.raises(ConversionError) as refused:
        convert(nn.ReLU(), (images(1),), handlers={3: print, "relu": None})  # type: ignore[dict-item]
    assert [problem.what for problem in refused.value.problems] == [
        "handlers=: 3 is not a name of an operation",
        "handlers=: 'relu' is not a name of an operation",
        "handlers=: 'relu' has None in the place of a function",
    ]
