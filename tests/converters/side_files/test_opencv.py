"""The program is run: its input is that of `convert run`, which is compared with Darknet's and Pillow's elsewhere.

Where Darknet rounds the place of the last row below the border it loses that share: 2e-6, which the program does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from converters.pictures.preparation import picture as prepared_picture
from converters.side_files.opencv import opencv
from converters.side_files.subject import Subject
from tests.converters.side_files.subjects import KINDS, subject

SIZES = [(31, 77), (90, 41), (24, 36), (1, 5)]
PILLOWS = [(31, 77), (61, 90), (24, 36)]
"""Where Pillow 13 begins with the rows, as its forerunners and `convert run` do."""


def program(of: Subject) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "deploy"}
    exec(compile(opencv(of)[".opencv.py"], "deploy.opencv.py", "exec"), names)
    return names


@pytest.mark.parametrize("fit", ["as it is", "letterbox", "stretch", "crop"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_makes_the_input_of_convert_run(kind: str, fit: str, tmp_path: Path) -> None:
    of = subject(kind)
    if fit != "as it is":
        changed = replace(of.description, fit=fit, resize="bilinear, corners aligned", shorter_side=None)
        of = replace(of, description=changed)
    names, path = program(of), tmp_path / "x.png"
    for seed, size in enumerate(PILLOWS if of.description.shorter_side else SIZES):
        image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        cv2.imwrite(str(path), image)
        read = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if of.channels == 1 else cv2.IMREAD_COLOR)
        found, exact = names["prepared"](read), prepared_picture(path, of.shape, of.description.preparation())
        assert (found.shape, found.dtype) == (exact.shape, exact.dtype)
        np.testing.assert_allclose(found, exact, atol=3e-6 * 255 * max(of.scale))


def test_the_whole_picture_as_torchvision_resizes_it(tmp_path: Path) -> None:
    of = subject("torchvision's", fit="stretch", shorter_side=None)
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (91, 50, 3), np.uint8))
    found = program(of)["prepared"](cv2.imread(str(path)))
    # where the proportions change Pillow may begin with the columns, which is a step of 255 (resampling.py)
    exact = prepared_picture(path, of.shape, of.description.preparation())
    np.testing.assert_allclose(found, exact, atol=1.01 * max(of.scale))


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
def test_a_picture_in_a_field_as_pillow_resizes_it(kernel: str, tmp_path: Path) -> None:
    of, path = subject("ultralytics'", resize=f"{kernel}, antialiased"), tmp_path / "x.png"
    for seed, size in enumerate(SIZES):
        cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8))
        found = program(of)["prepared"](cv2.imread(str(path)))
        exact = prepared_picture(path, of.shape, of.description.preparation())
        np.testing.assert_allclose(found, exact, atol=1.01 * max(of.scale))


def test_several_pictures_in_one_input_are_the_same_one() -> None:
    of = subject()
    made = program(replace(of, shape=(3, *of.shape[1:])))["prepared"](np.zeros((10, 20, 3), np.uint8))
    assert made.shape == (3, 3, 24, 36)
    assert np.array_equal(made[0], made[2])
