from __future__ import annotations

import math

import pytest
from scipy import integrate, stats

from tests.oracles.moments import activated


def test_relu_of_a_normal_has_its_textbook_moments() -> None:
    moments = activated(0.0, 1.0, "relu")
    assert moments.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-3)
    assert moments.square == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(("mean", "square"), [(0.0, 1.0), (0.7, 1.3)])
def test_logistic_agrees_with_scipy(mean: float, square: float) -> None:
    density = stats.norm(mean, math.sqrt(square - mean**2)).pdf
    expected = [integrate.quad(lambda x, p=p: (1 / (1 + math.exp(-x))) ** p * density(x), -8, 9)[0] for p in (1, 2)]
    moments = activated(mean, square, "logistic")
    assert [moments.mean, moments.square] == pytest.approx(expected, rel=1e-3)
