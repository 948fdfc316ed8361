"""Parts of a resized picture, as real Darknet's resize_image makes the whole one."""

from __future__ import annotations

import numpy as np
import pytest

from converters.pictures.interpolation import resize_into, unit
from tests.converters.pictures.test_fitting import by_darknet, picture
from tests.oracles.darknet import needs_darknet


@needs_darknet
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("size", [(150, 40), (9, 90), (61, 70), (61, 33)])
def test_rows_and_columns_are_those_of_the_whole_picture(size, dtype, channels) -> None:
    """A height of several bands and the rest of one; a picture of the width that is wanted as well."""
    height, width = 61, 70
    image = picture(size, channels=channels)
    theirs = by_darknet("resize_image", image / np.float32(255), height, width)
    for down, across in (
        (np.arange(height), np.arange(width)),
        (np.arange(17, 50), np.arange(3, 60)),
        (np.clip(np.arange(-20, 30), 0, height - 1), np.clip(np.arange(60, 80), 0, width - 1)),
        (np.full(20, 60), np.full(2, 69)),
    ):
        made = np.empty((channels, len(down), len(across)), np.float32)
        resize_into(made, image if dtype == np.uint8 else image / np.float32(255), height, width, down, across)
        np.testing.assert_array_equal(made, theirs[:, down][:, :, across])


def test_bytes_become_their_part_of_255() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_array_equal(unit(image), np.float32(image) / np.float32(255))
    np.testing.assert_array_equal(unit(unit(image)), unit(image))
