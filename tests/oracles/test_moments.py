from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special, stats

from tests.oracles.moments import activated


def test_relu_of_a_normal_has_its_textbook_moments() -> None:
    moments = activated(0.0, 1.0, "relu")
    assert moments.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-3)
    assert moments.square == pytest.approx(0.5, rel=1e-3)


CURVES: dict[str, Callable[[float], float]] = {
    "logistic": special.expit,
    "mish": lambda x: x * math.tanh(np.logaddexp(0, x)),
    "swish": lambda x: x * special.expit(x),
}


@pytest.mark.parametrize("activation", CURVES)
@pytest.mark.parametrize(("mean", "square"), [(0.0, 1.0), (0.0, 36.0), (0.7, 1.3)])
def test_curves_agree_with_scipy(activation: str, mean: float, square: float) -> None:
    spread, curve = math.sqrt(square - mean**2), CURVES[activation]
    density = stats.norm(mean, spread).pdf
    limits = (mean - 9 * spread, mean + 9 * spread)
    expected = [integrate.quad(lambda x, p=p: curve(x) ** p * density(x), *limits)[0] for p in (1, 2)]
    moments = activated(mean, square, activation)
    assert [moments.mean, moments.square] == pytest.approx(expected, rel=1e-3)
