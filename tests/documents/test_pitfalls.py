"""The numbers of the page about pitfalls: computed by torch, numpy and the formulas of the programs that it names."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pitfalls.md"


def section(title: str) -> str:
    """The text under one heading of the page."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    assert found, title
    return rest.partition("\n## ")[0]


def floor_and_ceil() -> tuple[object, ...]:
    x = torch.zeros(1, 1, 112, 112)
    return tuple(F.max_pool2d(x, 3, 2, 1, ceil_mode=up).shape[2] for up in (False, True))


def epsilons() -> tuple[object, ...]:
    return (round(sqrt(1e-5) / 1e-6),)


def training() -> tuple[object, ...]:
    norm, fives = nn.BatchNorm2d(1), torch.full((1, 1, 2, 2), 5.0)
    with torch.no_grad():
        return round(norm.eval()(fives).max().item()), round(norm.train()(fives).max().item())


def bilinear_filler() -> tuple[object, ...]:
    """filler.hpp, BilinearFiller, for a kernel of 4: 1 - |x / 2 - 0.75| on both axes."""
    row = 1 - np.abs(np.arange(4) / 2 - 0.75)
    kernel = torch.from_numpy(np.outer(row, row))[None, None]
    ones = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    assert F.interpolate(ones, scale_factor=2, mode="bilinear")[0, 0, 0, 0] == 1
    return (F.conv_transpose2d(ones, kernel, stride=2, padding=1)[0, 0, 0, 0].item(),)


def gate() -> tuple[object, ...]:
    x, factors = torch.ones(1, 3, 3, 3), torch.tensor([1.0, 2, 3])
    right, last = x * factors[:, None, None].expand_as(x), x * factors
    assert (right[0, 0] == 1).all()
    return int(right[0, 0].max()), " ".join(f"{value:.0f}" for value in last[0, 0, 0])


def instance_norm() -> tuple[object, ...]:
    x = torch.tensor([1.0, 3]).reshape(1, 1, 1, 2)
    assert torch.equal(F.batch_norm(x, torch.zeros(1), torch.ones(1), eps=0), x)
    return tuple(round(value) for value in F.instance_norm(x).flatten().tolist())


def hard_swish() -> tuple[object, ...]:
    one = torch.ones(1)
    return tuple(f"{value.item():.4f}" for value in (F.hardswish(one), one * F.relu6(one) / 6))


def output_padding() -> tuple[object, ...]:
    x, kernel = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 3, 3)
    return tuple(F.conv_transpose2d(x, kernel, None, 2, 1, extra).shape[2] for extra in (0, 1))


def one_sided() -> tuple[object, ...]:
    ramp, window = torch.arange(8.0).expand(1, 1, 8, 8), torch.full((1, 1, 3, 3), 1 / 9)
    late, early = F.conv2d(F.pad(ramp, (0, 1, 0, 1)), window, stride=2), F.conv2d(ramp, window, stride=2, padding=1)
    return (round((late - early)[0, 0, 1, 1].item(), 6),)


def padded_means() -> tuple[object, ...]:
    ones = torch.ones(1, 1, 5, 5)
    whole, inside = (F.avg_pool2d(ones, 3, 1, 1, count_include_pad=each)[0, 0, 0, 0].item() for each in (True, False))
    return round(whole, 4), int(inside)


def darknets_maxpool() -> tuple[object, ...]:
    row = torch.tensor([1.0, 2, 3, 2, 1])[None, None]
    two, three = F.max_pool1d(F.pad(row, (0, 1), value=-9), 2, 1), F.max_pool1d(row, 3, 1, 1)
    return tuple(" ".join(f"{value:.0f}" for value in each.flatten()) for each in (two, three))


def letterbox() -> tuple[object, ...]:
    return ((416 - 480 * 416 // 640) // 2,)


CASES: dict[str, Callable[[], tuple[object, ...]]] = {
    "Poolings round up": floor_and_ceil,
    "BatchNorm's epsilon": epsilons,
    "x * y.expand_as(x)": gate,
    "Training mode": training,
    "Bilinear, with and without aligned corners": bilinear_filler,
    "output_padding": output_padding,
    "InstanceNorm": instance_norm,
    "x + 6": hard_swish,
    "Padding on one side": lambda: tuple(int(value) for value in one_sided()),  # type: ignore[call-overload]
    "a - b": lambda: (3 - 1, 3 + 1),
    "Means over padded windows": padded_means,
    "maxpool size=2 stride=1": darknets_maxpool,
    "Letterbox": letterbox,
    "BGR and 1/255": lambda: (f"{(1 - 255 / 256) * 100:.2f} %",),
}


@pytest.mark.parametrize("title", CASES)
def test_the_numbers_are_right(title: str) -> None:
    text = section(title)
    for value in CASES[title]():
        assert f"**{value}**" in text.replace("\n", " ")


def test_every_number_is_computed() -> None:
    """Bold numbers stand in no section but those above; two say "every" and "no filler"."""
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert all("**" in part for part in parts), "a pitfall without a number"
    bold = {part.partition("\n")[0] for part in parts}
    assert bold - CASES.keys() == {"Fillers", "The header of the weights"}
