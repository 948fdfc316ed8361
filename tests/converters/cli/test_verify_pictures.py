"""What becomes of a picture that `convert verify` is given: for a PyTorch net the reference is Pillow with torch."""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
import pytest

from converters.cli.verify_opened import Asked, Opened, Pair
from converters.cli.verify_pictures import picture_remarks, preparation_of
from converters.cli.verify_source import opened, pair_of
from converters.cli.verify_work import given
from converters.options import VerifyOptions
from converters.pictures.fitting import letterboxed
from tests.converters.cli.given import TINY, converted, darknet_model

SAID = "pictures are prepared as net.input.json says: "


@pytest.fixture
def x(tmp_path: Path) -> Path:
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (61, 90, 3), np.uint8))
    return path


def red_green_blue(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None
    return image[:, :, ::-1].transpose(2, 0, 1)


def fed(found: Opened, pair: Pair, path: Path, **options: object) -> tuple[np.ndarray, str]:
    """The input that the picture becomes, and what is said of it."""
    wanted = VerifyOptions(inputs=(str(path),), **options)  # type: ignore[arg-type]
    ((array,),) = [feeds.values() for feeds in given(wanted, found, pair)]
    (remark,) = picture_remarks(found, pair, wanted)
    return array, remark


def of_darknet(folder: Path, *words: object) -> tuple[Opened, Pair]:
    model = darknet_model(folder, TINY)
    converted("darknet", *model, "-o", folder / "net", "-q", *words)
    pair = pair_of(str(folder / "net"))
    return opened(model, pair, Asked(reference="embedded")), pair


def test_of_darknet(tmp_path: Path, x: Path) -> None:
    found, pair = of_darknet(tmp_path)
    array, remark = fed(found, pair, x)
    np.testing.assert_array_equal(array[0], letterboxed(red_green_blue(x), 32, 32))
    assert remark == f"{SAID}RGB, letterbox, bilinear, corners aligned"


def test_of_a_net_that_takes_bytes(tmp_path: Path, x: Path) -> None:
    """What the options for values say has no meaning there."""
    found, pair = of_darknet(tmp_path, "--input-is", "u8-bgr")
    array, remark = fed(found, pair, x)
    np.testing.assert_allclose(array[0], 255 * letterboxed(red_green_blue(x), 32, 32)[::-1], rtol=1e-6)
    assert remark.startswith(f"{SAID}BGR, letterbox")


def test_the_command_line_says_otherwise(tmp_path: Path, x: Path) -> None:
    found, pair = of_darknet(tmp_path)
    array, remark = fed(found, pair, x, mean="104,117,123", scale="0.5", bgr=True)
    mean = np.reshape((104, 117, 123), (3, 1, 1))
    np.testing.assert_allclose(array[0], (255 * letterboxed(red_green_blue(x), 32, 32)[::-1] - mean) / 2, atol=1e-4)
    assert remark.endswith(", but for --mean, --scale, --bgr")
    assert preparation_of(found, pair, VerifyOptions(fit="stretch")).fit == "stretch"
    with pytest.raises(click.BadParameter, match="not one number"):
        preparation_of(found, pair, VerifyOptions(mean="grey"))


def test_of_a_pytorch_net(tmp_path: Path, x: Path) -> None:
    pytest.importorskip("torch")
    from tests.converters.cli.test_picture_input import IMAGENET, NET, by_torchvision

    (tmp_path / "nets.py").write_text(NET)
    model = f"{tmp_path / 'nets.py'}:Net"
    words = ("--input", "1x3x24x28", *IMAGENET, "--resize", "32", "--crop", "24x28", "-o", tmp_path / "net")
    converted("pytorch", model, *words, "-q")
    pair = pair_of(str(tmp_path / "net"))
    array, remark = fed(opened((model,), pair, Asked()), pair, x)
    np.testing.assert_allclose(array, by_torchvision(x, 32, (24, 28)), atol=2e-6)
    assert remark == f"{SAID}RGB, crop, bilinear, antialiased"
    told = converted("verify", model, tmp_path / "net", "--input", x).output
    assert f"note: {remark}" in told


def test_of_another_caffe_net_as_the_file_beside_it_says(tmp_path: Path, x: Path) -> None:
    _, pair = of_darknet(tmp_path, "--input-is", "u8-rgb")
    found = opened((str(pair.prototxt),), pair, Asked())
    array, remark = fed(found, pair, x)
    np.testing.assert_allclose(array[0], 255 * letterboxed(red_green_blue(x), 32, 32), rtol=1e-6)
    assert remark.startswith(SAID)
    (tmp_path / "net.input.json").unlink()
    array, remark = fed(found, pair, x)
    assert array.max() <= 1
    assert remark.startswith("no file says what pictures go through")


def test_without_a_picture_nothing_is_said(tmp_path: Path) -> None:
    found, pair = of_darknet(tmp_path)
    assert picture_remarks(found, pair, VerifyOptions()) == ()
    assert picture_remarks(found, pair, VerifyOptions(inputs=("x.npy",))) == ()
