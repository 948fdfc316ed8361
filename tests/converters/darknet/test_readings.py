"""The numbers of a file behind headers of several lengths."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from converters.darknet.readings import Reading, counted, read_behind, size_of_weights
from tests.converters.darknet.weights_files import header, origin, weights_file

VALUES = [0.5, -0.25, 1, 1, -2, -3, 4, 9, -0.125, 0.125, 0.125]  # biases, scales, means, variances of 2; 3 weights


def a_file(folder, dtype="<f4", values=VALUES):
    file = weights_file(folder, header() + np.array(values, dtype).tobytes())
    for what in ("biases", "scales", "means", "variances"):
        file.read((2,), origin=origin(), what=what)
    file.read((3,), origin=origin(), what="weights")
    return file


def test_a_shift_by_one_number_makes_variances_of_means_and_of_weights(tmp_path):
    file = a_file(tmp_path)
    found = {size: read_behind(file, size, 44) for size in (12, 16, 20, 24)}
    assert [one.negative for one in found.values()] == [2, 1, 0, 1]
    assert [one.left for one in found.values()] == [8, 4, 0, -4]
    assert {one.variances for one in found.values()} == {2}


def test_rounding_below_zero_is_no_negative_variance(tmp_path):
    file = a_file(tmp_path, values=[*VALUES[:6], -1e-7, 9, *VALUES[8:]])
    assert read_behind(file, 20, 44).odd == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_weight_is_broken(tmp_path, value):
    file = a_file(tmp_path, values=[value, *VALUES[1:]])
    assert read_behind(file, 20, 44).broken == 1


@pytest.mark.parametrize("dtype", ["<f2", "<f8"])
def test_other_numbers(tmp_path, dtype):
    file = a_file(tmp_path, dtype)
    assert read_behind(file, 20, 44, dtype).odd == 0
    assert size_of_weights(file, 20, dtype) == 0.125


def test_the_upper_half_of_the_images_seen_is_zero_and_the_first_number_is_not(tmp_path):
    def spoken_against(data):
        file = weights_file(tmp_path, data)
        file.read((2,), origin=origin(), what="biases")
        return {size: read_behind(file, size, 8).seen for size in (12, 16, 20)}

    numbers = np.array([0.5, -0.25], "<f4").tobytes()
    cut = spoken_against(header(seen=32_013_312) + numbers[:4])
    assert [size for size, text in cut.items() if text] == [16]
    short = spoken_against(header(seen=32_013_312, seen_format="<i") + numbers)
    assert [size for size, text in short.items() if text] == [20]
    assert short[20] == "4.5e+18 images would have been seen"  # 0x3F000000, which is 0.5, times 2**32
    many = spoken_against(header(seen=5_000_000_000) + numbers)
    assert not many[20]


def test_a_reading_in_words():
    def told(**found):
        return str(Reading(**{"header": 20, "left": 0, "variances": 0, "negative": 0, "broken": 0, **found}))

    assert told() == "the file ends with an array"
    assert told(variances=5) == "the file ends with an array and no variance is negative"
    assert told(left=-4, variances=5, negative=1) == "4 bytes are missing and 1 of 5 variances is negative"
    assert told(left=4, variances=5, negative=2, broken=3) == (
        "4 bytes are left, 2 of 5 variances are negative and 3 numbers are NaN, infinite or huge"
    )
    assert told(left=-4, variances=5, seen="4e+18 images would have been seen") == (
        "4 bytes are missing, no variance is negative and 4e+18 images would have been seen"
    )
    assert [counted(1), counted(-1)] == ["1 byte is left", "1 byte is missing"]
    assert struct.calcsize("<3iQ") == 20
