"""The numbers of AIPP in the formulas of its guide, beside our own preprocessing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.side_files.ascend import ascend
from tests.converters.side_files.subjects import KINDS, picture, subject, wanted


def settings(text: str) -> dict[str, str]:
    """The lines of an aipp_op without their comments, of which none comes twice."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    assert next(line for line in lines if line) == "aipp_op {"
    keys, values = zip(*(line.split(": ") for line in lines if ": " in line), strict=True)
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, values, strict=True))


def computed(aipp: dict[str, str], channels: np.ndarray, kind: type = np.float64) -> np.ndarray:
    """(in - mean_chn - min_chn) * var_reci_chn of channels in the order of the net; numbers of float16 as `kind`."""
    found = []
    for place, channel in enumerate(channels.astype(np.float64)):
        mean = np.uint8(int(aipp[f"mean_chn_{place}"]))
        least, factor = (kind(aipp[f"{key}_chn_{place}"]) for key in ("min", "var_reci"))
        found.append((channel - float(mean) - float(least)) * float(factor))
    return np.array(found)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_in_red_green_blue(kind: str) -> None:
    of = subject(kind)
    aipp, image = settings(ascend(of)[".aipp.cfg"]), picture(of)
    assert aipp["input_format"] == ("YUV400_U8" if of.channels == 1 else "RGB888_U8")
    assert (aipp["src_image_size_h"], aipp["src_image_size_w"], aipp["csc_switch"]) == ("24", "36", "false")
    fed = image[::-1] if aipp.get("rbuv_swap_switch") == "true" else image
    np.testing.assert_allclose(computed(aipp, fed), wanted(of, image), atol=2e-6 * 255 * max(of.scale))


@pytest.mark.parametrize("kind", KINDS)
def test_as_float16_the_mean_is_as_near_as_a_float16_can_be(kind: str) -> None:
    """A mean as min_chn alone would be off by 1/32."""
    of = subject(kind)
    aipp, image = settings(ascend(of)[".aipp.cfg"]), picture(of)
    fed = image[::-1] if aipp.get("rbuv_swap_switch") == "true" else image
    exact = wanted(of, image)
    allowed = 2**-11 * np.abs(exact).max() + 2**-12 * max(of.scale)
    np.testing.assert_allclose(computed(aipp, fed, np.float16), exact, atol=allowed)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "grey"])
def test_pictures_in_yuv(kind: str) -> None:
    """Y, U, V by OpenCV, of JPEG's range, and back by the matrix: its bytes are at most two steps off."""
    of = subject(kind)
    aipp, image = settings(ascend(of)[".aipp-yuv.cfg"]), picture(of)
    y, v, u = cv2.cvtColor(image.transpose(1, 2, 0), cv2.COLOR_RGB2YCrCb).transpose(2, 0, 1).astype(np.int64)
    bias = [int(aipp[f"input_bias_{place}"]) for place in range(3)]
    matrix = np.array([[int(aipp[f"matrix_r{row}c{column}"]) for column in range(3)] for row in range(3)])
    made = np.einsum("rc,chw->rhw", matrix, np.array([y - bias[0], u - bias[1], v - bias[2]])) >> 8
    found = computed(aipp, np.clip(made, 0, 255))
    assert np.abs(found - wanted(of, image)).max() <= 2.01 * max(of.scale)


def test_a_field_of_odd_sides_has_no_yuv() -> None:
    of = subject()
    assert set(ascend(replace(of, shape=(1, 3, 25, 36)))) == {".aipp.cfg"}
    assert set(ascend(of)) == {".aipp.cfg", ".aipp-yuv.cfg"}
    assert set(ascend(subject("grey"))) == {".aipp.cfg"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mean": -1}, "a mean of -1 (AIPP takes means from 0 to 255)"),
        ({"mean": 300}, "a mean of 300"),
        ({"scale": 1e5}, "a scale of 100000 (AIPP keeps it as a float16, which has no such number)"),
        ({"scale": 1e-7}, "a scale of 1e-07"),
    ],
)
def test_numbers_that_aipp_does_not_have_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConversionError) as caught:
        ascend(subject(**changes))
    assert f"--side-files ascend: {told}" in str(caught.value)
    assert "--input-is u8-rgb" in str(caught.value)
