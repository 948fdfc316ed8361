"""STEM.input.json of a PyTorch model, against Pillow and torch, as torchvision's transforms put them together."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.converters.cli.given import contents, converted, tool
from tests.converters.run.nets import edited

torch = pytest.importorskip("torch")

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(3, 8, 3, stride=2)
        self.last = torch.nn.Linear(8, 5)

    def forward(self, x):
        return self.last(torch.relu(self.conv(x)).mean((2, 3))).softmax(1)
"""
IMAGENET = ("--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225")


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "nets.py").write_text(NET)
    return f"{tmp_path / 'nets.py'}:Net"


def by_torchvision(path: Path, side: int, size: tuple[int, int]) -> np.ndarray:
    """Resize(side), CenterCrop(size), ToTensor, Normalize; of transforms.functional's own arithmetic."""
    image = Image.open(path).convert("RGB")
    short, long = sorted(image.size)
    longer = int(side * long / short)
    whole = (side, longer) if image.size[0] == short else (longer, side)
    image = image.resize(whole, Image.Resampling.BILINEAR)
    top, left = round((image.size[1] - size[0]) / 2.0), round((image.size[0] - size[1]) / 2.0)
    image = image.crop((left, top, left + size[1], top + size[0]))
    x = torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy()).float().div(255)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    made: np.ndarray = ((x - mean) / std)[None].numpy()
    return made


@pytest.mark.parametrize("size", [(61, 90), (90, 47), (33, 33)])
def test_a_picture_goes_through_what_torchvision_does(model: str, size: tuple[int, int], tmp_path: Path) -> None:
    words = ("--input", "1x3x24x28", *IMAGENET, "--resize", "32", "--crop", "24x28", "-o", tmp_path / "net", "-q")
    converted("pytorch", model, *words)
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
    names: dict[str, type] = {}
    exec(NET, names)
    x = by_torchvision(path, 32, (24, 28))
    from converters.run.model import read_model

    read = read_model(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
    from converters.pictures.preparation import picture

    np.testing.assert_allclose(picture(path, read.shape, read.description.preparation()), x, atol=2e-6)
    scores = names["Net"]()(torch.from_numpy(x)).detach().numpy()[0]
    found = json.loads(converted("run", tmp_path / "net", path, "--json").stdout)["classes"]
    assert [one["class"] for one in found] == list(np.argsort(-scores))
    np.testing.assert_allclose([one["score"] for one in found], np.sort(scores)[::-1], atol=1e-5)


def written(model: str, folder: Path, *words: str, shape: str = "1x3x24x28") -> dict[str, object]:
    converted("pytorch", model, "--input", shape, *words, "-o", folder / "net", "-q", "--force")
    found: dict[str, object] = json.loads((folder / "net.input.json").read_text())
    return found


def test_the_numbers_are_of_bytes(model: str, tmp_path: Path) -> None:
    found = written(model, tmp_path, "--mean", "0.5", "--std", "0.25", "--bgr")
    assert (found["mean"], found["scale"], found["order"]) == ([127.5], [1 / 63.75], "BGR")
    assert (found["size"], found["fit"]) == ([24, 28], "stretch")
    found = written(model, tmp_path, "--mean", "104,117,123", "--scale", "1")
    assert (found["mean"], found["scale"]) == ([104, 117, 123], [1])
    assert written(model, tmp_path, "--resize", "24x28")["scale"] == "1/255"


def test_without_a_word_there_is_no_file(model: str, tmp_path: Path) -> None:
    converted("pytorch", model, "--input", "1x3x24x28", "-o", tmp_path / "net", "-q")
    assert not (tmp_path / "net.input.json").exists()
    assert (
        "it is not known how a picture becomes the input" in tool("run", tmp_path / "net", tmp_path / "nets.py").stderr
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--mean", "a"), "--mean a is not a number"),
        (("--mean", "1,2"), "--mean 1,2 is not for an input of 3 channels"),
        (("--mean", "nan"), "--mean nan is not for an input"),
        (("--std", "0"), "--std is 0"),
        (("--std", "1", "--scale", "1"), "--std and --scale are given both"),
        (("--crop", "24x28"), "--crop without --resize"),
        (("--resize", "32", "--crop", "30"), "--crop 30 gives 30x30, the input is 24x28"),
        (("--resize", "20x20"), "--resize 20x20, but the input is 24x28"),
        (("--resize", "26"), "--resize 26 is shorter than the input, 24x28"),
        (("--resize", "wide"), "--resize wide is neither a number of pixels nor HxW"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    model: str, words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    before = contents(tmp_path)
    result = tool("pytorch", model, "--input", "1x3x24x28", *words, "-o", tmp_path / "net")
    assert result.exit_code == 1
    assert told in result.stderr
    assert contents(tmp_path).keys() == before.keys()


def test_inputs_that_are_no_picture_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text("import torch\nNet = torch.nn.Linear(3, 2)\n")
    result = tool("pytorch", f"{tmp_path / 'nets.py'}:Net", "--input", "1x3", "--bgr", "-o", tmp_path / "net")
    assert "--bgr: the inputs are 1x3 (a picture becomes one input of 1 or 3 channels)" in result.stderr


def test_verify_compares_it(model: str, tmp_path: Path) -> None:
    written(model, tmp_path, *IMAGENET)
    path = tmp_path / "net.input.json"
    assert "input.json" not in converted("verify", model, tmp_path / "net").output
    path.write_text(path.read_text().replace("RGB", "BGR"))
    result = tool("verify", model, tmp_path / "net")
    assert result.exit_code == 1
    assert 'order is "BGR" where "RGB" belongs' in result.output


def test_a_caffe_net_has_what_lies_beside_its_prototxt(model: str, tmp_path: Path) -> None:
    """The net of bytes gives for bytes what the other gives for what they are prepared to; verify knows of it."""
    written(model, tmp_path, *IMAGENET)
    source = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    converted("caffe", *source, "-o", tmp_path / "same", "-q")
    assert json.loads((tmp_path / "same.input.json").read_text()) == json.loads(
        (tmp_path / "net.input.json").read_text()
    )
    converted("caffe", *source, "-o", tmp_path / "bytes", "-q", "--input-is", "u8-bgr")
    said = json.loads((tmp_path / "bytes.input.json").read_text())
    assert (said["order"], said["mean"], said["scale"]) == ("BGR", 0, 1)
    converted("verify", *source, tmp_path / "bytes")
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8))
    one, other = (json.loads(converted("run", tmp_path / stem, path, "--json").stdout) for stem in ("net", "bytes"))
    assert [found["class"] for found in one["classes"]] == [found["class"] for found in other["classes"]]
    np.testing.assert_allclose(
        [found["score"] for found in one["classes"]], [found["score"] for found in other["classes"]], rtol=1e-5
    )


def test_what_lies_beside_must_be_of_that_net(model: str, tmp_path: Path) -> None:
    written(model, tmp_path, *IMAGENET)
    path = tmp_path / "net.input.json"
    source = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    text = path.read_text()
    edited(path, order="grey")
    assert "mean and scale are not for 1 channels" in tool("caffe", *source, "-o", tmp_path / "other").stderr
    edited(path, order="grey", mean=0, scale=1)
    told = tool("caffe", *source, "-o", tmp_path / "other").stderr
    assert "net.input.json is not of this net: its pictures are 1x24x28, the inputs 1x3x24x28" in told
    path.write_text(text)
    converted("caffe", *source, "--input", "x=1x3x32x40", "-o", tmp_path / "wide", "-q")
    assert json.loads((tmp_path / "wide.input.json").read_text())["size"] == [32, 40]
    path.unlink()
    told = tool("caffe", *source, "-o", tmp_path / "other", "--input-is", "u8-bgr").stderr
    assert "it is not known how a picture becomes the input" in told
    assert not (tmp_path / "other.prototxt").exists()
