"""The judge is Darknet's own image.c, in the library that Debian builds of it."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from converters.pictures.fitting import cropped, inner_size, letterboxed, resized
from tests.oracles.darknet import LIBRARY, needs_darknet


class Image(ctypes.Structure):
    _fields_ = (("w", ctypes.c_int), ("h", ctypes.c_int), ("c", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_float)))


def of_array(image):
    channels, rows, columns = image.shape
    return Image(columns, rows, channels, image.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))


def by_darknet(name, image, height, width):
    """What real Darknet's letterbox_image or resize_image makes of a picture."""
    library = ctypes.CDLL(str(LIBRARY))
    function = getattr(library, name)
    function.restype, function.argtypes = Image, (Image, ctypes.c_int, ctypes.c_int)
    held = np.ascontiguousarray(image, np.float32)
    made = function(of_array(held), width, height)
    return np.ctypeslib.as_array(made.data, (made.c, made.h, made.w)).copy()


def picture(size, seed=0, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (channels, *size), np.uint8)


SIZES = [(20, 30), (31, 17), (64, 64), (9, 40), (2, 2), (32, 48), (32, 100), (90, 48)]


@needs_darknet
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("height", "width"), [(32, 48), (48, 32), (37, 37)])
@pytest.mark.parametrize(("name", "ours"), [("letterbox_image", letterboxed), ("resize_image", resized)])
def test_pictures_fit_as_darknet_makes_them_fit_to_the_bit(size, height, width, name, ours) -> None:
    image = picture(size)
    theirs = by_darknet(name, image / np.float32(255), height, width)
    np.testing.assert_array_equal(ours(image, height, width), theirs)
    np.testing.assert_array_equal(ours(image / np.float32(255), height, width), theirs)


@needs_darknet
def test_so_do_pictures_of_random_sizes() -> None:
    rng, last_rows = np.random.default_rng(3), 0
    for seed in range(60):
        rows, columns, height, width = (int(size) for size in rng.integers(2, 260, 4))
        image = picture((rows, columns), seed)
        theirs = by_darknet("resize_image", image / np.float32(255), height, width)
        np.testing.assert_array_equal(resized(image, height, width), theirs)
        last_rows += bool(np.abs(theirs[:, -1]).max() < 0.01 < image[:, -1].max() / 255)
    assert last_rows  # where the place of the last row is rounded down, Darknet leaves it black


@needs_darknet
@pytest.mark.parametrize("size", [(20, 30), (31, 17), (64, 64), (9, 40), (40, 41)])
@pytest.mark.parametrize(("height", "width"), [(24, 24), (32, 24), (16, 24)])
def test_the_middle_is_what_darknets_own_functions_make_of_it(size, height, width) -> None:
    """resize_min and crop_image, as AlexeyAB's predict_classifier calls them; the original has both as well."""
    image = picture(size)
    library = ctypes.CDLL(str(LIBRARY))
    library.resize_min.restype, library.resize_min.argtypes = Image, (Image, ctypes.c_int)
    library.crop_image.restype, library.crop_image.argtypes = Image, (Image, *[ctypes.c_int] * 4)
    held = image / np.float32(255)
    small = library.resize_min(of_array(held), width)
    made = library.crop_image(small, int((small.w - width) / 2), int((small.h - height) / 2), width, height)
    theirs = np.ctypeslib.as_array(made.data, (made.c, made.h, made.w))
    np.testing.assert_array_equal(cropped(image, height, width), theirs)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 7), (5, 1), (3000, 2), (2, 3000)])
@pytest.mark.parametrize("fit", [letterboxed, resized, cropped])
def test_pictures_of_which_darknet_makes_nothing_still_fit(rows, columns, fit) -> None:
    image = np.full((3, rows, columns), 255, np.uint8)
    made = fit(image, 16, 24)
    assert made.shape == (3, 16, 24)
    assert made.dtype == np.float32
    assert set(np.unique(made)) <= {np.float32(0.5), np.float32(1)}


def test_a_picture_of_great_length_takes_no_great_memory() -> None:
    assert cropped(np.zeros((3, 1_000_000, 1), np.uint8), 224, 224).shape == (3, 224, 224)


def test_the_inner_size_is_darknets() -> None:
    assert inner_size(576, 768, 416, 416) == (312, 416)
    assert inner_size(768, 576, 416, 416) == (416, 312)
    assert inner_size(1, 5000, 416, 416) == (1, 416)
