from __future__ import annotations

import numpy as np
from scipy import special

from converters.decode.channels import exponential, logistic, logistic_above, may_exceed, rounded, scaled, softmax

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


def test_what_is_above_a_threshold_is_scipys_logistic_to_the_last_neighbour() -> None:
    """Around each threshold, also where float32 has few numbers between it and 1, all neighbours are tried."""
    for threshold in (1e-38, 1e-20, 1e-7, 0.001, 0.25, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 2**-24, 1.0, 0.0, 2.0):
        middle = np.float32(special.logit(min(max(threshold, 1e-38), 1 - 2**-25)))
        x = (middle + np.linspace(-3, 3, 20001)).astype(np.float32)
        whole = logistic(x)
        np.testing.assert_array_equal(
            np.flatnonzero(logistic_above(x, threshold) > np.float32(threshold)),
            np.flatnonzero(whole > np.float32(threshold)),
        )
        above = whole > np.float32(threshold)
        np.testing.assert_array_equal(logistic_above(x, threshold)[above], whole[above])
    few = logistic_above(np.array([np.nan, np.inf, -np.inf, 0], np.float32), 0.6)
    np.testing.assert_array_equal(few, [np.nan, 1, 0, 0])


def test_each_number_may_have_a_threshold_of_its_own() -> None:
    """None is left out whose logistic, scipy's in float32, is above; of the others nearly all are."""
    rng = np.random.default_rng(1)
    thresholds = np.concatenate([rng.random(100_000), [0, 1e-38, 1 - 2**-24, 1, 1.5, np.inf]])
    middle = special.logit(np.clip(thresholds, 1e-38, 1 - 2**-25))
    x = (middle + rng.normal(0, 1e-4, middle.shape) * rng.choice([0.01, 1, 1e4], middle.shape)).astype(np.float32)
    above = special.expit(x.astype(np.float64)).astype(np.float32) > thresholds.astype(np.float32)
    kept = may_exceed(x, thresholds)
    assert kept[above].all()
    assert 0.2 < above.mean() < 0.8
    assert kept[~above].mean() < 0.7  # a third of them is nearer than the margin
    assert may_exceed(np.array([np.nan], np.float32), np.array([0.5])).all()
