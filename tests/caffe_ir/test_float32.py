from __future__ import annotations

import pickle

import numpy as np
import pytest

from caffe_ir.float32 import Float32, in_float32


@pytest.mark.parametrize(("number", "text"), [(0.1, "0.1"), (1e-5, "1e-05"), (3.0, "3.0"), (16777217.0, "16777216.0")])
def test_it_is_the_float32_and_is_shown_as_its_shortest_decimals(number: float, text: str) -> None:
    value = Float32(number)
    assert float(value) == np.frombuffer(np.array(number, "<f4").tobytes(), "<f4").astype(np.float64)[0]
    assert (str(value), repr(value), f"{value}") == (text, text, text)
    assert np.float32(text) == value


def test_what_is_too_large_is_infinite_without_a_warning() -> None:
    assert Float32(1e39) == float("inf")


def test_it_is_a_float_to_everybody_else() -> None:
    value = Float32(0.1)
    assert pickle.loads(pickle.dumps(value)) == value
    assert np.float64(1) * value == float(value)
    assert type(value * 2) is float


def test_fields_that_mean_the_same_to_caffe_are_equal() -> None:
    assert in_float32(0.1) == in_float32(Float32(0.1)) != 0.1
    assert in_float32((0.1, 1)) == (Float32(0.1), 1)
    assert in_float32("AVE") == "AVE"
