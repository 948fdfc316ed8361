from __future__ import annotations

import numpy as np
from scipy import special

from converters.decode.channels import exponential, logistic, rounded, scaled, softmax

X = np.random.default_rng(0).normal(0, 4, (3, 5, 7)).astype(np.float32)


def test_the_functions_are_scipys() -> None:
    np.testing.assert_allclose(logistic(X), special.expit(X), rtol=2e-7)
    np.testing.assert_allclose(softmax(X, 1), special.softmax(X.astype(np.float64), 1), rtol=2e-7)
    np.testing.assert_allclose(exponential(X), np.exp(X.astype(np.longdouble)).astype(float), rtol=1e-15)
    np.testing.assert_allclose(scaled(X, 1.2), X * 1.2 - 0.1, atol=1e-5)
    assert {each.dtype for each in (logistic(X), softmax(X, 0), scaled(X, 2.0))} == {np.dtype(np.float32)}


def test_large_numbers_are_no_warning() -> None:
    huge = np.array([-1e4, 1e4], np.float32)
    np.testing.assert_array_equal(logistic(huge), [0, 1])
    np.testing.assert_array_equal(rounded(exponential(huge)), [0, np.inf])
