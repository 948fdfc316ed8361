"""Sums of products over named axes, with everything that may be missing on either side."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.converters.pytorch.judge import Beside, Calls, converted, images

SIZES = {"a": 2, "b": 3, "c": 1, "d": 4}


@settings(max_examples=25)
@given(st.data())
def test_any_equation_of_two(data):
    first, second = (
        data.draw(st.lists(st.sampled_from(sorted(SIZES)), min_size=1, max_size=4, unique=True)) for _ in range(2)
    )
    told = sorted({*first, *second})
    out = data.draw(st.lists(st.sampled_from(told), max_size=4, unique=True))
    equation = f"{''.join(first)},{''.join(second)}->{''.join(out)}"
    left, right = (
        images(*(SIZES[letter] for letter in labels), seed=seed) for seed, labels in enumerate((first, second))
    )
    constant = data.draw(st.booleans())
    if constant:
        converted(Beside(lambda x, held: torch.einsum(equation, x * 2, held), right), left)
    else:
        converted(Calls(lambda x, y: torch.einsum(equation, x * 2, y)), left, right)


def test_diagonals():
    for equation in ("bii->bi", "bii->ib", "bii->b"):
        converted(Calls(lambda x, equation=equation: torch.einsum(equation, x)), images(2, 3, 3))
    converted(Beside(lambda x, held: torch.einsum("bij,ijj->bi", x, held), images(3, 4, 4)), images(2, 3, 4))
