from __future__ import annotations

import ctypes
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.verify import pictures
from converters.verify.pictures import MOST_PIXELS, Preparation, cropped, letterboxed, picture, resized
from tests.oracles.darknet import LIBRARY, needs_darknet

SHAPE = (1, 3, 6, 8)
PLAIN = Preparation()


class Image(ctypes.Structure):
    _fields_ = (("w", ctypes.c_int), ("h", ctypes.c_int), ("c", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_float)))


def by_darknet(name, image, height, width):
    """What real Darknet's letterbox_image or resize_image makes of a picture."""
    library = ctypes.CDLL(str(LIBRARY))
    function = getattr(library, name)
    function.restype, function.argtypes = Image, (Image, ctypes.c_int, ctypes.c_int)
    held = np.ascontiguousarray(image, np.float32)
    channels, rows, columns = held.shape
    made = function(Image(columns, rows, channels, held.ctypes.data_as(ctypes.POINTER(ctypes.c_float))), width, height)
    return np.ctypeslib.as_array(made.data, (made.c, made.h, made.w)).copy()


@needs_darknet
@pytest.mark.parametrize("size", [(20, 30), (31, 17), (64, 64), (9, 40)])
@pytest.mark.parametrize(("name", "ours"), [("letterbox_image", letterboxed), ("resize_image", resized)])
def test_pictures_fit_as_darknet_makes_them_fit(size, name, ours) -> None:
    image = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    np.testing.assert_allclose(ours(image, 32, 48), by_darknet(name, image, 32, 48), atol=2e-5)


@needs_darknet
@pytest.mark.parametrize("size", [(20, 30), (31, 17), (64, 64), (9, 40), (40, 41)])
@pytest.mark.parametrize(("height", "width"), [(24, 24), (32, 24), (16, 24)])
def test_the_middle_is_what_darknets_own_functions_make_of_it(size, height, width) -> None:
    """resize_min and crop_image, as AlexeyAB's predict_classifier calls them; the original has both as well."""
    image = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    library = ctypes.CDLL(str(LIBRARY))
    library.resize_min.restype, library.resize_min.argtypes = Image, (Image, ctypes.c_int)
    library.crop_image.restype, library.crop_image.argtypes = Image, (Image, *[ctypes.c_int] * 4)
    held = np.ascontiguousarray(image)
    small = library.resize_min(Image(size[1], size[0], 3, held.ctypes.data_as(ctypes.POINTER(ctypes.c_float))), width)
    made = library.crop_image(small, int((small.w - width) / 2), int((small.h - height) / 2), width, height)
    theirs = np.ctypeslib.as_array(made.data, (made.c, made.h, made.w))
    np.testing.assert_allclose(cropped(image, height, width), theirs, atol=2e-5)


def test_a_picture_is_rgb_from_0_to_1(tmp_path) -> None:
    bgr = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "x.png"), bgr)
    rgb = bgr[:, :, ::-1].transpose(2, 0, 1)[None]
    np.testing.assert_allclose(picture(tmp_path / "x.png", SHAPE, PLAIN), rgb / 255, atol=1e-6)
    caffe = Preparation(mean=(104, 117, 123), scale=(1.0,), bgr=True)
    found = picture(tmp_path / "x.png", SHAPE, caffe)
    np.testing.assert_allclose(found, rgb[:, ::-1] - np.reshape([104, 117, 123], (1, 3, 1, 1)), atol=1e-4)


def test_a_mean_for_other_channels_is_refused(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(ConversionError, match="--mean has 2 numbers"):
        picture(tmp_path / "x.png", SHAPE, Preparation(mean=(1, 2)))


def png(width: int, height: int) -> bytes:
    """A picture whose header claims a size; of its rows there is one, and it is black."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(bytes(1 + 3 * width)), b"IEND": b""}
    whole = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks.items():
        whole += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no picture", "is not a picture that can be read"),
        (b"GIF89a", "none of JPEG, PNG, BMP and WebP"),
        (b"", "is empty"),
        (None, "is not there"),
        (png(1 << 20, 1 << 20), r"is a picture of 1048576 x 1048576 pixels \(at most 50,000,000 are decoded\)"),
        (png(8000, 7000), "is a picture of 8000 x 7000 pixels"),
        (png(11, 9)[:40], "is not a picture that can be read"),
        (png(0, 9), "is not a picture that OpenCV reads"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ConversionError, match=told):
        picture(tmp_path / "x.png", SHAPE, PLAIN)


def test_a_picture_lies_in_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    for path in (tmp_path / "x.png", Path("/dev/zero")):
        with pytest.raises(ConversionError, match="a pipe or a device"):
            picture(path, SHAPE, PLAIN)


def test_a_jpeg_of_many_scans_is_counted_as_the_work_that_it_is(tmp_path: Path) -> None:
    _, data = cv2.imencode(".jpg", np.zeros((4000, 5000, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    (tmp_path / "x.jpg").write_bytes(data.tobytes().replace(b"\xff\xd9", b"\xff\xda" * 30 + b"\xff\xd9"))
    with pytest.raises(ConversionError, match=r"5000 x 4000 pixels, \d\d times over"):
        picture(tmp_path / "x.jpg", SHAPE, PLAIN)


def test_what_opencv_raises_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(1 << 21, 1))
    with pytest.raises(ConversionError, match="is not a picture that OpenCV reads"):
        picture(tmp_path / "x.png", SHAPE, PLAIN)


def test_a_high_picture_is_resized_the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).random((3, 40, 5)).astype(np.float32)
    plain = resized(image, 16, 24)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 40 * 24 - 1)
    np.testing.assert_allclose(resized(image, 16, 24), plain, atol=1e-6)
    assert MOST_PIXELS > 1000 * 1000
