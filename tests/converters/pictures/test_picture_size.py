from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from converters.pictures.picture_size import PictureSize, kind_of, size_of

FORMS: dict[str, list[int]] = {
    ".png": [],
    ".bmp": [],
    ".jpg": [],
    ".jpg progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 50],
    ".webp lossless": [cv2.IMWRITE_WEBP_QUALITY, 101],
}


def encoded(form: str, width: int, height: int, channels: int = 3) -> bytes:
    image = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    whole, data = cv2.imencode(form.partition(" ")[0], image, FORMS[form])
    assert whole
    return bytes(data)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 300), (1025, 2), (640, 480)])
def test_sizes_are_those_that_opencv_decodes(form: str, channels: int, width: int, height: int) -> None:
    if channels == 4 and form.startswith(".jpg"):
        channels = 3
    found = size_of(encoded(form, width, height, channels))
    assert found is not None
    assert (found.width, found.height) == (width, height)
    assert (found.scans > 1) == (form == ".jpg progressive")


def test_old_and_upside_down_bmp() -> None:
    old = b"BM" + bytes(12) + b"\x0c\0\0\0" + b"\x05\0\x07\0"
    assert size_of(old) == PictureSize(width=5, height=7)
    down = bytearray(encoded(".bmp", 5, 7))
    down[22:26] = (-7).to_bytes(4, "little", signed=True)
    assert size_of(bytes(down)) == PictureSize(width=5, height=7)


def test_an_extended_webp_has_the_size_of_its_canvas() -> None:
    head = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8)
    assert size_of(head + b"\xff\xff\xff" + b"\x00\x00\x01") == PictureSize(width=1 << 24, height=(1 << 16) + 1)


@pytest.mark.parametrize("form", FORMS)
def test_heads_that_are_cut_short_have_no_size(form: str) -> None:
    data = encoded(form, 3, 4)
    for length in range(20):
        assert size_of(data[:length]) is None
    assert size_of(b"GIF89a" + data) is None


def test_a_png_has_all_that_its_chunks_claim() -> None:
    data = bytearray(encoded(".png", 11, 9))
    assert size_of(bytes(data)) is not None
    assert size_of(bytes(data[:-1])) is None
    place = data.index(b"IDAT")
    data[place - 4 : place] = b"\x7f\xff\xff\xff"
    assert size_of(bytes(data)) is None
    assert size_of(bytes(data[:8]) + b"\0\0\0\0IEND\0\0\0\0") is None


def test_what_stands_before_the_frame_of_a_jpeg_is_passed_over() -> None:
    data = encoded(".jpg", 30, 20)
    behind = data[2:]
    for before in (b"\xff\xfe\0\x04ab", b"\xff\xff\xff\xfe\0\x02", b"\xff\x01"):
        assert size_of(data[:2] + before + behind) == size_of(data)
    assert size_of(data[:2] + b"x" + behind) is None


@pytest.mark.parametrize("form", [".png", ".webp", ".webp lossless"])
def test_transparency_and_depth_are_seen(form: str) -> None:
    found = [size_of(encoded(form, 7, 5, channels)) for channels in (3, 4)]
    assert [size is not None and size.transparent for size in found] == [False, True]
    whole, deep = cv2.imencode(".png", np.zeros((5, 7, 3), np.uint16))
    assert whole
    size = size_of(bytes(deep))
    assert size is not None
    assert (size.bits, size.transparent) == (16, False)


def test_a_colour_may_be_transparent() -> None:
    data = encoded(".png", 7, 5)
    place = data.index(b"IDAT") - 4
    size = size_of(data[:place] + b"\0\0\0\x06tRNS" + bytes(10) + data[place:])
    assert size is not None
    assert size.transparent


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_pillows_pictures_begin_as_their_kind(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (9, 7)).save(file, kind)
    assert kind_of(file.getvalue()).upper() == kind
