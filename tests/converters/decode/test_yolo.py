"""The judges: OpenCV's own reading of the Darknet files, and for the Gaussian head its source, box by box."""

from __future__ import annotations

from math import exp
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import special

from caffe_ir import reference
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert, heads_json
from converters.decode.boxes import Boxes
from converters.decode.decode import _DECODERS
from converters.decode.facts import facts_of
from converters.decode.heads import AnchorHead, GaussianHead, Suppression, ToDo, YoloHead
from converters.decode.yolo import boxes_of_yolo
from tests.end_to_end.test_heads_json import BODY, CFGS
from tests.oracles.seeded_weights import write_weights


def decoded(folder: Path, name: str, head: str) -> tuple[AnchorHead, Boxes, np.ndarray]:
    """A head's facts, all its boxes, and the rows of OpenCV: x, y, w, h, objectness, scores, cell by cell."""
    text, header = CFGS[name]
    cfg, weights = folder / "net.cfg", folder / "net.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=1, header=header)
    model = convert(cfg, weights)
    made = lower(model.net, CAFFE, Options(head=head))  # type: ignore[arg-type]
    (facts,) = facts_of(heads_json(model, made).encode(), folder).heads
    assert isinstance(facts, AnchorHead)
    x = np.random.default_rng(2).random((1, 3, 64, 96), np.float32)
    values = reference.run(made, {"data": x})
    darknet = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    darknet.setInput(x)
    rows = darknet.forward().reshape(-1, 5 + facts.classes)
    return facts, _DECODERS[facts.type](facts, values[str(facts.blob)], threshold=0.0), rows


@pytest.mark.parametrize("head", ["raw", "activated"])
@pytest.mark.parametrize("name", CFGS)
def test_the_boxes_are_opencvs(name: str, head: str, tmp_path: Path) -> None:
    facts, boxes, rows = decoded(tmp_path, name, head)
    cells, num = facts.grid[0] * facts.grid[1], facts.num
    # [region] lists its boxes box by box
    order = np.arange(cells * num).reshape(num, cells).T.ravel() if facts.type == "region" else slice(None)
    assert np.abs(boxes.places[order] - rows[:, :4]).max() <= 2e-5 * np.abs(rows[:, :4]).max()
    assert np.abs(boxes.objectness[order] - rows[:, 4]).max() <= 2e-5
    told = rows[:, 5:] > 0
    assert told.mean() > 0.1
    assert np.abs(boxes.scores[order] - rows[:, 5:])[told].max() <= 2e-5


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.55, 0.9])
def test_no_box_is_left_out_whose_score_is_above_the_threshold(threshold: float) -> None:
    """By scipy's logistic of every channel, rounded to float32 behind each step; many scores lie near the threshold."""
    rng = np.random.default_rng(4)
    limit = special.logit(max(threshold, 0.01))
    blob = rng.normal(limit, 1, (3, 5 + 7, 6, 8)).astype(np.float32)
    blob[:, 4] = rng.normal(4, 4, (3, 6, 8))  # the product is near it where the objectness is near 1
    head = YoloHead(
        name="yolo", blob="b", classes=7, network=(48, 64), nms=Suppression(kind="default", threshold=0.5), num=3,
        coords=4, anchors=(1, 2, 3, 4, 5, 6), anchor_unit="pixels", mask=(0, 1, 2), grid=(6, 8),
        to_do=ToDo(logistic=("x", "y", "objectness", "classes")),
    )  # fmt: skip
    sure = special.expit(blob.astype(np.float64)).astype(np.float32)
    scores = (sure[:, 4:5] * sure[:, 5:]).transpose(2, 3, 0, 1).reshape(-1, 7)
    scores = np.where(scores > np.float32(threshold), scores, np.float32(0))
    boxes = boxes_of_yolo(head, blob, threshold=threshold)
    some = boxes.scores.any(1)
    np.testing.assert_allclose(boxes.scores[some], scores[scores.any(1)], rtol=3e-7)
    assert some.sum() > 10
    assert some.mean() > 0.9  # and those that have no class are hardly among them


GAUSSIAN = BODY.replace("filters=21", "filters=33").format(activation="linear")


@pytest.mark.parametrize("point", ["center", "left_top", "right_bottom", "middle"])
def test_gaussian_boxes_follow_their_source(point: str, tmp_path: Path) -> None:
    """gaussian_yolo_layer.c: the mean of the four sigmas takes from the score; the point may be a corner."""
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    anchors = "num=4\nclasses=2\nanchors=10,14, 23,27, 37,58, 81,82\nmask=0,2,3\nscale_x_y=1.1\n"
    cfg.write_text(f"{GAUSSIAN}[Gaussian_yolo]\n{anchors}yolo_point={point}\n")
    write_weights(cfg, weights, seed=1, header=(0, 2, 5))
    model = convert(cfg, weights)
    made = lower(model.net, CAFFE, Options())
    (facts,) = facts_of(heads_json(model, made).encode(), tmp_path).heads
    assert isinstance(facts, GaussianHead)
    blob = reference.run(made, {"data": np.random.default_rng(2).random((1, 3, 64, 96), np.float32)})[str(facts.blob)]
    boxes = boxes_of_yolo(facts, blob, threshold=0.4)
    grid, place = blob.reshape(3, 11, *facts.grid).astype(float), 0
    for row, column, n in np.ndindex(*facts.grid, 3):
        channels = [float(one) for one in grid[n, :, row, column]]
        x, y = (1.1 / (1 + exp(-channels[each])) - 0.05 for each in (0, 2))
        sigmas = [1 / (1 + exp(-channels[each])) for each in (1, 3, 5, 7)]
        objectness, *classes = (1 / (1 + exp(-channel)) for channel in channels[8:])
        if objectness <= 0.4:
            continue
        width, height = (exp(channels[4 + 2 * axis]) * (10, 14, 37, 58, 81, 82)[2 * n + axis] for axis in (0, 1))
        side = {"left_top": 0.5, "right_bottom": -0.5}.get(point, 0)
        left, top = (column + x) / facts.grid[1] + side * width / 96, (row + y) / facts.grid[0] + side * height / 64
        np.testing.assert_allclose(boxes.places[place], [left, top, width / 96, height / 64], rtol=1e-5, atol=1e-6)
        for category, one in enumerate(classes):
            score = objectness * one * (1 - sum(sigmas) / 4)
            assert boxes.scores[place, category] == pytest.approx(score if score > 0.4 else 0, rel=1e-5)
        place += 1
    assert place == len(boxes.places) > 10
