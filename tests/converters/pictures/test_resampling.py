"""The judge is Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from converters.pictures.resampling import Kernel, antialiased, at_most, middle_of


def picture(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(rows * 1000 + columns).integers(0, 256, (channels, rows, columns), np.uint8)


def by_pillow(image: np.ndarray, height: int, width: int, kernel: Kernel = "bilinear") -> np.ndarray:
    made = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return np.asarray(made.resize((width, height), Image.Resampling[kernel.upper()])).transpose(2, 0, 1)


@pytest.mark.parametrize(("rows", "columns"), [(33, 57), (300, 200), (7, 9), (64, 48), (1, 1), (1, 90), (500, 3)])
@pytest.mark.parametrize(("height", "width"), [(32, 48), (64, 64), (1, 1), (100, 7)])
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_a_picture_is_resized_as_pillow_does_it(
    rows: int, columns: int, height: int, width: int, kernel: Kernel
) -> None:
    """To the bit, first along the rows. Pillow 13 begins with the columns where there is less to do: one step apart,
    or with the bicubic kernel, which goes beyond what bytes hold, more where the sides change very differently.
    """
    image = picture(rows, columns)
    ours = antialiased(image, height, width, kernel).astype(int)
    theirs = by_pillow(image, height, width, kernel).astype(int)
    along = by_pillow(image, rows, width, kernel)
    np.testing.assert_array_equal(ours, by_pillow(along, height, width, kernel))
    assert kernel == "bicubic" or np.abs(ours - theirs).max() <= 1
    if rows == height or columns == width or (rows < height and columns < width):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("part", [3, 7, 11, 16, 23, 29])
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_in_its_own_proportions_it_is_the_same_to_the_bit(part: int, kernel: Kernel) -> None:
    image = picture(12 * part, 16 * part)
    for size in (1, 5, 13, 40):
        ours = antialiased(image, 3 * size, 4 * size, kernel)
        np.testing.assert_array_equal(ours, by_pillow(image, 3 * size, 4 * size, kernel))


@pytest.mark.parametrize(("rows", "columns"), [(90, 61), (61, 90), (50, 50), (33, 200)])
def test_the_middle_is_that_of_torchvision(rows: int, columns: int) -> None:
    """transforms.functional: _compute_resized_output_size and center_crop."""
    image, short = picture(rows, columns), min(rows, columns)
    height, width = int(36 * rows / short), int(36 * columns / short)
    whole = by_pillow(image, height, width)
    top, left = round((height - 32) / 2.0), round((width - 30) / 2.0)
    np.testing.assert_array_equal(middle_of(image, 36, 32, 30), whole[:, top : top + 32, left : left + 30])


@pytest.mark.parametrize(("size", "wanted"), [((30, 20), (30, 20)), ((700, 1300), (345, 640)), ((5000, 3), (640, 1))])
def test_a_picture_is_made_smaller_and_never_larger(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    made = at_most(np.full((3, *size), 77, np.uint8), 640)
    assert made.shape[1:] == wanted
    assert (made == 77).all()
