"""The reference is OpenCV's DetectionOutput at the end of the same net."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converters.pictures.description import InputDescription, description_text
from converters.pictures.preparation import prepared
from converters.pictures.reading import read_picture
from converters.run.answer import answer
from converters.run.cut_ssd import cut_ssd_head
from converters.run.model import Model, read_model
from converters.run.session import session
from tests.converters.caffe.files import CONV, DETECTION_OUTPUT, INPUT, SSD_HEADS, pair
from tests.converters.cli.given import converted, tool
from tests.converters.run.nets import picture

WHOLE = (
    INPUT
    + CONV
    + SSD_HEADS
    + DETECTION_OUTPUT.replace("top_k: 100", "top_k: 400", 1)
    .replace("keep_top_k: 100", "keep_top_k: 200")
    .replace("confidence_threshold: 0.25", "confidence_threshold: 0.01")
)
CUT = INPUT + CONV + SSD_HEADS
RAW = CUT[: CUT.index('layer { name: "conf_reshape"')]
"""Its scores are not probabilities yet."""


def model_of(folder: Path, text: str, name: str) -> Model:
    prototxt, caffemodel = pair(folder, text, name=name)
    described(folder / name)
    return read_model(prototxt, caffemodel)


def described(stem: Path) -> None:
    description = InputDescription(size=(12, 12), order="BGR", fit="stretch", scale=1 / 64, mean=100)
    stem.with_name(stem.name + ".input.json").write_text(description_text(description))


def objects(model: Model, path: Path) -> np.ndarray:
    found = answer(model, session("opencv", model.files, model.wanted), path).objects
    assert found is not None
    rows = [(one.category, one.score, *one.place) for one in found]
    return np.array(sorted(rows, key=lambda row: (row[0], -row[1])))


@pytest.mark.parametrize("text", [CUT, RAW], ids=["probabilities", "scores"])
def test_a_net_without_its_detection_output_has_the_boxes_of_the_whole_one(text: str, tmp_path: Path) -> None:
    path = picture(tmp_path / "x.png")
    wanted = objects(model_of(tmp_path, WHOLE, "whole"), path)
    model = model_of(tmp_path, text, "cut")
    assert "nms_threshold 0.45" in model.assumed
    assert len(wanted) > 50
    np.testing.assert_allclose(objects(model, path), wanted, rtol=0, atol=2e-6)


@pytest.mark.parametrize("target", ["caffe", "caffe-master"])
def test_priors_may_be_numbers_as_they_are_for_caffe(target: str, tmp_path: Path) -> None:
    """A Parameter, or the biases of a layer without weights where the files are for other readers too."""
    pair(tmp_path, CUT, name="cut")
    converted(
        "caffe", tmp_path / "cut.prototxt", tmp_path / "cut.caffemodel", "-o", tmp_path / "out", "--target", target
    )
    described(tmp_path / "out")
    ours = cut_ssd_head(read_model(tmp_path / "out.prototxt", tmp_path / "out.caffemodel").files.net, (12, 12))
    assert ours is not None
    assert "PriorBox" not in (tmp_path / "out.prototxt").read_text()
    theirs = model_of(tmp_path, CUT, "cut").facts
    assert theirs is not None
    assert (ours.priors, ours.variances) == (theirs.heads[0].priors, theirs.heads[0].variances)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("variance: 0.2 variance: 0.2", "variance: 0.2 variance: 0.3", 1),
        lambda text: text.replace('type: "Concat" bottom: "box1" bottom: "box2"', 'type: "Concat" bottom: "box1"'),
        lambda text: text.replace("num_output: 9", "num_output: 10"),
        lambda text: text[: text.index('layer { name: "box" type')],
    ],
    ids=["variances of several kinds", "priors of one map", "scores of no whole classes", "four outputs"],
)
def test_other_nets_are_none(change: Callable[[str], str], tmp_path: Path) -> None:
    model = model_of(tmp_path, change(RAW), "other")
    assert (model.facts, model.assumed) == (None, "")


def test_its_decoder_gives_the_same_boxes_and_says_what_is_assumed(tmp_path: Path) -> None:
    model = model_of(tmp_path, CUT, "cut")
    path = picture(tmp_path / "x.png")
    wanted = objects(model, path)
    run = converted("decoder", tmp_path / "cut")
    assert "assumed: the net ends before a DetectionOutput" in run.stderr
    image = read_picture(path, 3)
    feeds = {model.input: prepared(image, model.shape, model.description.preparation())}
    blobs = session("opencv", model.files, model.wanted)(feeds)
    height, width = image.shape[:2]
    boxes = runpy.run_path(str(tmp_path / "cut.decoder.py"))["decode"](blobs, height, width, 0.01)
    assert len(boxes) == len(wanted) > 50
    rows = np.array(sorted((one[0], -one[1]) for one in boxes))
    np.testing.assert_allclose(rows * [1, -1], wanted[:, :2], rtol=0, atol=2e-6)


def test_a_net_of_other_outputs_has_no_decoder(tmp_path: Path) -> None:
    pair(tmp_path, INPUT + CONV, name="plain")
    described(tmp_path / "plain")
    run = tool("decoder", tmp_path / "plain")
    assert run.exit_code == 1
    assert "nor is the net an SSD" in run.stderr
    assert not (tmp_path / "plain.decoder.py").exists()
