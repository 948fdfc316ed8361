from __future__ import annotations

import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.pictures.preparation import Preparation, picture

SHAPE = (1, 3, 6, 8)
PLAIN = Preparation()


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
