from __future__ import annotations

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from converters.cli.verify_answers import LARGEST, pictures_shown
from converters.cli.verify_opened import Asked
from converters.cli.verify_source import opened, pair_of
from converters.options import VerifyOptions
from converters.verify.report import Shown
from tests.converters.cli.given import TINY, converted, darknet_model, tool
from tests.converters.run.nets import CLASSIFIER, picture
from tests.oracles.darknet import needs_darknet


def shown(folder: Path, text: str, *pictures: Path) -> list[Shown]:
    model = darknet_model(folder, text)
    converted("darknet", *model, "-o", folder / "net", "-q")
    heads = folder / "net.heads.json"
    heads.write_text(re.sub(r'("score_threshold": )[\d.]+', r"\g<1>0.2", heads.read_text()))
    pair = pair_of(str(folder / "net"))
    found = opened(model, pair, Asked(reference="embedded"))
    return pictures_shown(found, pair, VerifyOptions(inputs=tuple(map(str, pictures))))


def pixels(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def pixels_of(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None
    return image


def test_source_and_caffe_net_find_the_same_boxes(tmp_path: Path) -> None:
    (one,) = shown(tmp_path, TINY, picture(tmp_path / "x.png"))
    (source, theirs), (caffe, ours) = one.sides
    assert re.fullmatch(r"source, .*: [1-9]\d* objects?", source)
    assert re.fullmatch(r"Caffe net, opencv: [1-9]\d* objects?", caffe)
    assert not np.array_equal(pixels(theirs), pixels_of(tmp_path / "x.png"))
    assert (pixels(theirs) != pixels(ours)).mean() < 0.01


def test_the_best_class_is_drawn(tmp_path: Path) -> None:
    (one,) = shown(tmp_path, CLASSIFIER, picture(tmp_path / "x.png"))
    assert len(one.sides) == 2
    first, second = (pixels(image) for _, image in one.sides)
    assert np.array_equal(first, second)


def test_where_nothing_says_what_outputs_mean_the_picture_stands_alone(tmp_path: Path) -> None:
    model = darknet_model(tmp_path, TINY)
    converted("darknet", *model, "-o", tmp_path / "net", "-q")
    (tmp_path / "net.heads.json").unlink()
    (tmp_path / "net.input.json").unlink()
    path, pair = picture(tmp_path / "x.png"), pair_of(str(tmp_path / "net"))
    found = opened(model, pair, Asked(reference="embedded"))
    (one,) = pictures_shown(found, pair, VerifyOptions(inputs=(str(path),)))
    ((title, image),) = one.sides
    assert title == "the input"
    assert np.array_equal(pixels(image), pixels_of(path))


def test_a_large_picture_is_made_smaller_and_arrays_are_none(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 24, 32), np.float32))
    grey = np.full((700, 1300, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "large.png"), grey)
    (one,) = shown(tmp_path, CLASSIFIER, tmp_path / "x.npy", tmp_path / "large.png")
    image = pixels(one.sides[0][1])
    assert image.shape == (345, LARGEST, 3)
    assert np.median(image) == 90


@needs_darknet
@pytest.mark.parametrize("words", [(), ("--fit", "stretch")])
def test_the_report_has_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    model, path = darknet_model(tmp_path, TINY), picture(tmp_path / "x.png")
    converted("darknet", *model, "-o", tmp_path / "net", "-q")
    result = tool("verify", *model, tmp_path / "net", "--input", path, "--report", tmp_path / "r.html", *words)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count('<img src="data:image/png;base64,') == 2
    assert re.search(r"<figcaption>source, Darknet itself .*: \d+ objects?</figcaption>", text)
