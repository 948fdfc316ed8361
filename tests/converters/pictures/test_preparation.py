from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from caffe_ir.errors import ConversionError
from converters.pictures.described import described
from converters.pictures.preparation import Preparation, picture, prepared

SHAPE = (1, 3, 6, 8)
PLAIN = Preparation()


@pytest.mark.parametrize("size", [(30, 90), (90, 31), (48, 64)])
def test_a_letterbox_of_pillows_is_its_picture_in_a_grey_field(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    ratio = min(48 / size[0], 64 / size[1])
    inner = (int(size[0] * ratio + 1e-9), int(size[1] * ratio + 1e-9))
    wanted = Image.new("RGB", (64, 48), (114, 114, 114))
    resized = Image.fromarray(image).resize(inner[::-1], Image.Resampling.BILINEAR)
    wanted.paste(resized, ((64 - inner[1]) // 2, (48 - inner[0]) // 2))
    description = described((48, 64), 3, resize="letterbox")
    found = prepared(image.transpose(2, 0, 1), (1, 3, 48, 64), description.preparation())
    assert np.abs(found[0] * 255 - np.asarray(wanted).transpose(2, 0, 1)).max() < 1.01


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
