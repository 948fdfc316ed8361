"""Linear layers against torch."""

from __future__ import annotations

import pytest
from torch import nn

from tests.converters.pytorch.judge import converted, images, layers


@pytest.mark.parametrize("bias", [True, False])
def test_linear_of_rows(bias):
    assert layers(converted(nn.Linear(5, 7, bias=bias), images(4, 5))) == ["InnerProduct"]


def test_linear_of_one_row():
    converted(nn.Linear(5, 7), images(5))
