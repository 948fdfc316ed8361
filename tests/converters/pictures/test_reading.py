from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.pictures.reading import read_picture


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
        (b"no picture", r"can be read \(it begins as no picture; JPEG, PNG, BMP and WebP are read\)"),
        (b"GIF89a", "it begins as a GIF; JPEG, PNG, BMP and WebP are read"),
        (b"\0\0\0\x1cftypheic\0\0\0\0", "it begins as a HEIC"),
        (b"\xff\xd8\xff\xe0", "is a JPEG that is damaged or cut short"),
        (b"", "is empty"),
        (None, "is not there"),
        (png(1 << 20, 1 << 20), r"is a picture of 1048576 x 1048576 pixels \(at most 50,000,000 are decoded\)"),
        (png(8000, 7000), "is a picture of 8000 x 7000 pixels"),
        (png(11, 9)[:40], "is a PNG that is damaged or cut short"),
        (png(0, 9), r"is a picture of 0 x 9 pixels \(it has none\)"),
        (png(9, 0), r"is a picture of 9 x 0 pixels"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ConversionError, match=told):
        read_picture(tmp_path / "x.png", 3)


def test_a_picture_lies_in_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    for path in (tmp_path / "x.png", Path("/dev/zero")):
        with pytest.raises(ConversionError, match="a pipe or a device"):
            read_picture(path, 3)


def test_a_jpeg_of_many_scans_is_counted_as_the_work_that_it_is(tmp_path: Path) -> None:
    _, data = cv2.imencode(".jpg", np.zeros((4000, 5000, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    (tmp_path / "x.jpg").write_bytes(data.tobytes().replace(b"\xff\xd9", b"\xff\xda" * 30 + b"\xff\xd9"))
    with pytest.raises(ConversionError, match=r"5000 x 4000 pixels, \d\d times over"):
        read_picture(tmp_path / "x.jpg", 3)


def test_what_opencv_raises_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(1 << 21, 1))
    with pytest.raises(ConversionError, match="is not a picture that OpenCV reads"):
        read_picture(tmp_path / "x.png", 3)


@pytest.mark.parametrize("ending", [".png", ".webp"])
@pytest.mark.skipif(not hasattr(cv2, "imencodeanimation"), reason="this OpenCV writes no animations")
def test_of_an_animation_the_first_picture_is_taken(ending: str, tmp_path: Path) -> None:
    frames = [np.full((16, 24, 3), value, np.uint8) for value in (10, 100, 250)]
    for count in (1, 3):
        animation = cv2.Animation()
        animation.frames, animation.durations = frames[:count], [40] * count
        done, data = cv2.imencodeanimation(ending, animation)
        assert done
        (tmp_path / f"x{ending}").write_bytes(data.tobytes())
        said: list[str] = []
        image = read_picture(tmp_path / f"x{ending}", 3, said.append)
        assert image.shape == (3, 16, 24)
        assert abs(image.astype(int) - 10).max() < 4
        assert [text for text in said if "animation" in text] == [
            "it is an animation, of which all pictures but the first are left out"
        ] * (count > 1)


def test_every_kind_of_picture_has_three_channels_in_red_green_blue(tmp_path: Path) -> None:
    bgr = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    rgb = bgr[:, :, ::-1].transpose(2, 0, 1)
    kinds = {
        "plain": bgr,
        "alpha": np.concatenate([bgr, np.full((6, 8, 1), 7, np.uint8)], axis=2),
        "deep": bgr.astype(np.uint16) * 256 + 200,
    }
    told = {
        "plain": [],
        "alpha": ["its transparency is left out"],
        "deep": ["its 16 bits a channel become the upper 8"],
    }
    for name, image in kinds.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        said: list[str] = []
        np.testing.assert_array_equal(read_picture(tmp_path / f"{name}.png", 3, said.append), rgb)
        assert said == told[name]
    cv2.imwrite(str(tmp_path / "grey.png"), bgr[:, :, 0])
    np.testing.assert_array_equal(read_picture(tmp_path / "grey.png", 3), np.stack([bgr[:, :, 0]] * 3))
    np.testing.assert_array_equal(read_picture(tmp_path / "grey.png", 1), bgr[None, :, :, 0])
