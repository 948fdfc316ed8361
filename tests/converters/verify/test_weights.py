from __future__ import annotations

import time

import numpy as np
import pytest

from caffe_ir.blob import Blob
from converters.verify.weights import changed, other_weights

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) + 1


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (WEIGHTS, ""),
        (np.nextafter(WEIGHTS, np.float32(100)), ""),
        (WEIGHTS * 2, "are 2 times what they should be"),
        (WEIGHTS * 0, "are all zero"),
        (WEIGHTS.T.reshape(3, 4), "are the right numbers in another order (their axes are in another order: (1, 0))"),
        (np.roll(WEIGHTS, 1), "are the right numbers in another order (12 of 12 elsewhere)"),
        (np.where(WEIGHTS == 3, np.nan, WEIGHTS), "hold 1 values that are NaN or infinity"),
        (np.where(WEIGHTS == 3, 3.5, WEIGHTS), "differ in 1 of 12 numbers, by up to 0.5"),
    ],
)
def test_weights_are_told_by_what_was_done_to_them(found, told) -> None:
    assert changed(np.asarray(found, np.float32), WEIGHTS) == told


def test_the_smallest_changes_are_told() -> None:
    assert changed(with_one(WEIGHTS, 1 + 1e-6), WEIGHTS) == "differ in 1 of 12 numbers, by up to 1.14e-05"
    one, tiny = np.ones(1, np.float32), np.array([1e-30], np.float32)
    assert changed(tiny * 2, tiny) == "differ in 1 of 1 numbers, by up to 1e-30"
    assert changed(one * 0, one) == "are all zero"
    assert changed(one, one * 0) == "differ in 1 of 1 numbers, by up to 1"


def test_numbers_that_are_none_on_both_sides_are_equal() -> None:
    nan = np.array([1, np.nan, np.inf], np.float32)
    assert changed(nan, nan, last_bits=0) == ""


def with_one(weights, factor):
    """The weights with the last number times a factor."""
    other = weights.copy()
    other.flat[-1] *= np.float32(factor)
    return other


def test_copied_numbers_are_compared_to_the_bit_and_computed_ones_to_the_last(tmp_path) -> None:
    WEIGHTS.tofile(tmp_path / "w")
    next_up = Blob.of(np.nextafter(WEIGHTS, np.float32(100)))
    copied, computed = Blob.in_file(tmp_path / "w", 0, (3, 4)), Blob.of(WEIGHTS.astype(np.float64))
    assert other_weights(copied, computed) == ""
    assert other_weights(next_up, computed) == ""
    assert other_weights(next_up, copied).startswith("differ in 12 of 12 numbers")


def test_float64_weights_are_those_that_are_written_as_float32() -> None:
    stored = Blob.of(np.array([0.1, 1 / 3], np.float32))
    assert other_weights(stored, Blob.of(np.array([0.1, 1 / 3]))) == ""
    assert other_weights(Blob.of(np.array([0.1, 1 / 3])), stored) == ""


@pytest.mark.slow
def test_many_numbers_are_compared_quickly() -> None:
    """Those of yolov3's largest layer, of which one is off: less than the forward pass of that layer takes."""
    weights = np.random.default_rng(0).standard_normal((1024, 512, 3, 3), np.float32)
    begin = time.process_time()
    assert changed(with_one(weights, 1.001), weights).startswith("differ in 1 of")
    assert time.process_time() - begin < 5
