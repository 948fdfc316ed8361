"""A model that carries timm's pretrained_cfg; the reference is Pillow, as timm's transform for evaluation calls it.

Where timm is installed its own transform is asked, in test_transforms.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from converters.pictures.description import read_description
from converters.pictures.preparation import picture
from tests.converters.cli.given import contents, converted, tool

torch = pytest.importorskip("torch")

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self, channels=3, **changes):
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(channels, 8, 3, stride=2)
        self.pretrained_cfg = dict(
            architecture="small", input_size=(3, 28, 28), crop_pct=0.9, interpolation="bicubic",
            mean=(0.5, 0.4, 0.3), std=(0.25, 0.5, 0.2),
        ) | changes

    def forward(self, x):
        return self.conv(x).mean((2, 3)).softmax(1)
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "nets.py").write_text(NET)
    return f"{tmp_path / 'nets.py'}:Net"


def written(model: str, folder: Path, *words: object, shape: str = "1x3x28x28") -> tuple[dict[str, Any], str]:
    """STEM.input.json, and what the conversion says, in one line."""
    said = converted("pytorch", model, "--input", shape, "-o", folder / "net", "--force", *words).stdout
    path = folder / "net.input.json"
    return json.loads(path.read_text()) if path.exists() else {}, " ".join(said.split())


def by_timm(path: Path, side: int, size: int) -> np.ndarray:
    """Resize(side, bicubic), CenterCrop(size), ToTensor, Normalize."""
    image = Image.open(path).convert("RGB")
    short, long = sorted(image.size)
    longer = int(side * long / short)
    whole = (side, longer) if image.size[0] == short else (longer, side)
    image = image.resize(whole, Image.Resampling.BICUBIC)
    top, left = round((image.size[1] - size) / 2.0), round((image.size[0] - size) / 2.0)
    image = image.crop((left, top, left + size, top + size))
    x = torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy()).float().div(255)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in ((0.5, 0.4, 0.3), (0.25, 0.5, 0.2)))
    made: np.ndarray = ((x - mean) / std)[None].numpy()
    return made


@pytest.mark.parametrize("size", [(61, 90), (33, 33), (40, 200)])
def test_a_picture_goes_through_what_the_model_carries(model: str, size: tuple[int, int], tmp_path: Path) -> None:
    _, said = written(model, tmp_path)
    words = "--mean 0.5,0.4,0.3 --std 0.25,0.5,0.2 --resize 31 --crop 28x28 --interpolation bicubic"
    assert f"pictures go through timm's pretrained_cfg of small: {words}" in said
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
    described = read_description(tmp_path / "net.input.json")
    np.testing.assert_allclose(picture(path, (1, 3, 28, 28), described.preparation()), by_timm(path, 31, 28), atol=2e-6)


def test_the_net_takes_bytes_and_verify_knows_it(model: str, tmp_path: Path) -> None:
    said, _ = written(model, tmp_path, "--input-is", "u8-bgr", "--side-files", "nnie")
    assert (said["order"], said["mean"], said["scale"], said["resize"]) == ("BGR", 0, 1, "bicubic, antialiased")
    assert "input.json" not in converted("verify", model, tmp_path / "net").output
    lines = (tmp_path / "net.prototxt").read_text().splitlines()
    (tmp_path / "net.prototxt").write_text("\n".join(line for line in lines if not line.startswith("#")))
    words = ("--input", "1x3x28x28", "--input-is", "u8-bgr")
    assert "input.json" not in converted("verify", model, tmp_path / "net", *words).output


def test_what_the_user_says_is_said(model: str, tmp_path: Path) -> None:
    """All of it: the rest is not taken of the model."""
    said, told = written(model, tmp_path, "--scale", "1", "--bgr")
    assert (said["scale"], said["mean"], said["order"], said["resize"]) == ([1], 0, "BGR", "bilinear, antialiased")
    assert "pretrained_cfg" not in told
    assert written(model, tmp_path, "--resize", "28x28", "--interpolation", "bicubic")[0]["fit"] == "stretch"


def test_of_a_size_of_which_nothing_is_said_pictures_are_stretched(model: str, tmp_path: Path) -> None:
    said, told = written(model, tmp_path, shape="1x3x28x40")
    assert (said["fit"], said["size"], said["mean"]) == ("stretch", [28, 40], [127.5, 102.0, 76.5])
    assert "it says nothing of inputs of 28x40, and they are stretched; --resize and --crop say more" in told


@pytest.mark.parametrize(
    ("words", "shape", "told"),
    [
        (("--arg", "interpolation=lanczos"), "1x3x28x28", "is for lanczos resizing: what a picture goes through"),
        (("--arg", "channels=1"), "1x1x28x28", "is for 3 channels: what a picture goes through is left to you"),
        (("--arg", "channels=4"), "1x4x28x28", ""),
    ],
)
def test_what_cannot_be_said_is_not_guessed(
    model: str, words: tuple[str, ...], shape: str, told: str, tmp_path: Path
) -> None:
    said, text = written(model, tmp_path, *words, shape=shape)
    assert said == {}
    assert told in text
    assert ("pretrained_cfg" in text) == bool(told)


def test_a_batch_has_it_too(model: str, tmp_path: Path) -> None:
    from tests.converters.cli.test_batch_work import do, torch_job

    result = do(torch_job(tmp_path, factory=model, input="1x3x28x28", verify=True))
    assert result.problems == ()
    assert json.loads((tmp_path / "out/t.input.json").read_text())["shorter_side"] == 31
    assert '# resize = "31"' in (tmp_path / "out/t.prototxt").read_text()


def test_an_interpolation_that_is_none_is_refused(model: str, tmp_path: Path) -> None:
    before = contents(tmp_path)
    result = tool("pytorch", model, "--input", "1x3x28x28", "--interpolation", "cubic", "-o", tmp_path / "net")
    assert result.exit_code == 2
    assert "'cubic' is not one of 'bilinear', 'bicubic'" in result.stderr
    assert contents(tmp_path) == before
