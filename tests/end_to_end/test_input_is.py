"""--input-is: files that take the bytes of a picture, from the command line to the same boxes and classes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from converters.run.answer import answer
from converters.run.model import read_model
from converters.run.session import session
from tests.converters.cli.given import converted, darknet_model, tool
from tests.converters.cli.test_picture_input import IMAGENET, NET


def jpeg(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8)
    cv2.imwrite(str(folder / "x.jpg"), cv2.resize(noise, (130, 90), interpolation=cv2.INTER_CUBIC))
    return folder / "x.jpg"


def blobs(stem: Path, picture: Path) -> np.ndarray:
    """What the last blob holds of a picture, as OpenCV computes it from the files."""
    model = read_model(Path(f"{stem}.prototxt"), Path(f"{stem}.caffemodel"))
    found: dict[str, np.ndarray] = {}
    run = session("opencv", model.files, model.wanted)
    answer(model, lambda feeds: found.update(run(feeds)) or found, picture)
    return found[model.wanted[-1]]


@pytest.mark.parametrize("input_is", ["u8-rgb", "u8-bgr"])
def test_a_darknet_net(input_is: str, tmp_path: Path) -> None:
    files = darknet_model(tmp_path)
    converted("darknet", *files, "-o", tmp_path / "plain", "-q")
    converted("darknet", *files, "-o", tmp_path / "bytes", "-q", "--input-is", input_is)
    facts = json.loads((tmp_path / "bytes.input.json").read_text())
    assert (facts["order"], facts["scale"], facts["mean"]) == (input_is[3:].upper(), 1, 0)
    assert json.loads((tmp_path / "bytes.heads.json").read_text())["input"] == facts
    picture = jpeg(tmp_path)
    plain, of_bytes = (blobs(tmp_path / name, picture) for name in ("plain", "bytes"))
    assert np.abs(plain - of_bytes).max() <= 1e-5 * np.abs(plain).max()
    assert "agree" in converted("verify", *files, tmp_path / "bytes").output
    assert "agree" in converted("verify", *files, tmp_path / "bytes", "--input", picture).output


def test_a_pytorch_net(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "nets.py").write_text(NET)
    model, words = f"{tmp_path / 'nets.py'}:Net", ("--input", "1x3x24x28", *IMAGENET, "-q")
    converted("pytorch", model, *words, "-o", tmp_path / "plain")
    converted("pytorch", model, *words, "-o", tmp_path / "bytes", "--input-is", "u8-bgr")
    facts = json.loads((tmp_path / "bytes.input.json").read_text())
    assert (facts["order"], facts["scale"], facts["mean"]) == ("BGR", 1, 0)
    picture = jpeg(tmp_path)
    plain, of_bytes = (blobs(tmp_path / name, picture) for name in ("plain", "bytes"))
    assert np.abs(plain - of_bytes).max() <= 1e-5 * np.abs(plain).max()
    assert "agree" in converted("verify", model, tmp_path / "bytes").output


def test_a_fault_in_the_folded_weights_is_found(tmp_path: Path) -> None:
    files = darknet_model(tmp_path)
    converted("darknet", *files, "-o", tmp_path / "rgb", "-q", "--input-is", "u8-rgb")
    converted("darknet", *files, "-o", tmp_path / "bgr", "-q", "--input-is", "u8-bgr")
    (tmp_path / "rgb.caffemodel").write_bytes((tmp_path / "bgr.caffemodel").read_bytes())
    result = tool("verify", *files, tmp_path / "rgb")
    assert result.exit_code == 1
    assert "conv_0" in result.output


def test_for_a_pytorch_net_it_must_be_said_what_pictures_go_through(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "nets.py").write_text(NET)
    words = ("--input", "1x3x24x28", "--input-is", "u8-bgr", "-o", tmp_path / "net")
    result = tool("pytorch", f"{tmp_path / 'nets.py'}:Net", *words)
    assert result.exit_code == 1
    assert "it is not known how a picture becomes the input" in result.stderr
    assert not (tmp_path / "net.prototxt").exists()
