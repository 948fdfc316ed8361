from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.cli.run_shown import as_json, as_text
from converters.run.answer import answer
from converters.run.model import read_model
from converters.run.session import session
from tests.converters.caffe.files import CONV, CROPPED, DETECTION_OUTPUT, INPUT, SSD_HEADS, pair
from tests.converters.cli import given
from tests.converters.run.nets import CLASSIFIER, converted, picture


def test_a_detector_finds_boxes(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path))
    found = answer(model, session("embedded", model.files, model.wanted), picture(tmp_path / "x.png"), threshold=0.2)
    assert found.objects
    assert found.classes is None
    assert found.size == (41, 53)
    assert list(found.seconds) == ["read", "prepare", "net", "decode"]


def test_a_batch_holds_the_picture_in_each_of_its_places(tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    answers = []
    for folder, words in ((one, ()), (many, ("--batch", "3"))):
        folder.mkdir()
        model = read_model(*converted(folder, CLASSIFIER, *words))
        answers.append(answer(model, session("opencv", model.files, model.wanted), picture(folder / "x.png"), top=6))
    assert answers[0].classes is not None
    assert answers[1].classes is not None
    np.testing.assert_allclose(answers[0].classes, answers[1].classes, atol=1e-6)


def test_outputs_that_no_file_explains_are_given_as_they_are(tmp_path: Path) -> None:
    model = replace(read_model(*converted(tmp_path)), facts=None)
    found = answer(model, session("embedded", model.files, model.wanted), picture(tmp_path / "x.png"))
    assert list(found.blobs) == model.wanted
    assert found.objects is None
    assert found.classes is None


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path))
    (tmp_path / "x.png").write_text("no")
    with pytest.raises(ConversionError, match="is not a picture"):
        answer(model, session("embedded", model.files, model.wanted), tmp_path / "x.png")


def test_what_is_not_looked_at_is_said(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path))
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((9, 7, 4), np.uint16))
    found = answer(model, session("opencv", model.files, model.wanted), tmp_path / "x.png")
    assert found.remarks == ["its transparency is left out", "its 16 bits a channel become the upper 8"]
    assert "  note: its transparency is left out\n" in as_text(found, (), None)
    assert json.loads(as_json(found, ()))["remarks"] == found.remarks


@pytest.mark.parametrize("engine", ["opencv", "embedded"])
def test_a_net_of_caffe_that_ends_with_detections_gives_its_boxes(engine: str, tmp_path: Path) -> None:
    """The rows are those of OpenCV, which prepares the picture of the net's own size too."""
    files, path = pair(tmp_path, INPUT + CONV + SSD_HEADS + DETECTION_OUTPUT), picture(tmp_path / "x.png", (12, 12))
    description = {"size": [12, 12], "order": "BGR", "fit": "stretch", "mean": 127.5, "scale": 0.007843}
    (tmp_path / "net.input.json").write_text(json.dumps(description))
    model = read_model(*files)
    found = answer(model, session(engine, model.files, model.wanted), path)
    opened = cv2.dnn.readNetFromCaffe(*map(str, files))
    image = cv2.imread(str(path))
    assert image is not None
    opened.setInput(cv2.dnn.blobFromImage(image, 0.007843, (12, 12), (127.5,) * 3))
    rows = [row for row in opened.forward().reshape(-1, 7) if row[2] > 0]
    theirs = sorted((-score, int(kind), left, top, right, bottom) for _, kind, score, left, top, right, bottom in rows)
    ours = sorted(
        (-one.score, one.category, x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for one in found.objects or ()
        for x, y, w, h in [one.place]
    )
    assert len(rows) > 3
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert model.classes == 3
    assert f"{len(rows)} objects" in as_text(found, (), None)


def test_boxes_in_the_middle_of_a_picture_are_refused(tmp_path: Path) -> None:
    files = pair(tmp_path, INPUT + CONV + SSD_HEADS + DETECTION_OUTPUT)
    how = {"size": [12, 12], "order": "BGR", "fit": "crop", "resize": "bilinear, antialiased", "shorter_side": 14}
    (tmp_path / "net.input.json").write_text(json.dumps(how))
    with pytest.raises(ConversionError, match="in the middle of a picture alone"):
        read_model(*files)


@pytest.mark.parametrize("words", [(), ("--input-is", "u8-bgr"), ("--input-is", "u8-rgb")], ids=" ".join)
@pytest.mark.parametrize("engine", ["embedded", "opencv"])
def test_an_input_that_only_gives_a_size_needs_no_picture(engine: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """OpenCV's own preprocessing in front of the source is the measure."""
    files = pair(tmp_path, CROPPED)
    result = given.converted(
        "caffe", *files, "--mean", "104,117,123", "--scale", "0.5", "--bgr", *words, "-o", tmp_path / "out"
    )
    assert "size" in (tmp_path / "out.prototxt").read_text()
    path = picture(tmp_path / "x.png", (12, 12))
    image = cv2.imread(str(path))
    assert image is not None
    source = cv2.dnn.readNetFromCaffe(*map(str, files))
    source.setInput(cv2.dnn.blobFromImage(image, 0.5, mean=(104, 117, 123)), "data")
    source.setInput(np.zeros((1, 2, 5, 6), np.float32), "size")
    wanted = source.forward()
    model = read_model(tmp_path / "out.prototxt", tmp_path / "out.caffemodel")
    found = answer(model, session(engine, model.files, model.wanted), path)
    np.testing.assert_allclose(found.blobs["crop"], wanted, atol=1e-5 * np.abs(wanted).max())
    verified = given.tool("verify", *files, tmp_path / "out", "--engine", engine, "--input", str(path))
    assert verified.exit_code == 0, (result.output, verified.output)
