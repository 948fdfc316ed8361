"""A decoder that knows nothing of a net but its heads.json finds the boxes that OpenCV finds in the Darknet files.

OpenCV gives a row for each box, cell by cell: x, y, width and height as parts of the picture, objectness, and the
classes' probabilities, those under its threshold as 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.special import expit, softmax

from caffe_ir import reference
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reader import read
from caffe_ir.targets import CAFFE
from caffe_ir.writer import write
from converters.darknet import convert, heads_json
from tests.oracles.seeded_weights import write_weights

BODY = """[net]
width=96
height=64
channels=3
[convolutional]
filters=12
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=12
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=21
size=1
pad=1
activation={activation}
"""
ANCHORS = "num=4\nclasses=2\nanchors=10,14, 23,27, 37,58, 81,82\nmask=0,2,3\n"
SMALL_ANCHORS = "num=3\nclasses=2\ncoords=4\nanchors=.57,.67, 1.87,2.06, 3.33,5.47\nsoftmax=1\n"
CFGS = {
    "yolo": (BODY.format(activation="linear") + f"[yolo]\n{ANCHORS}", (0, 2, 0)),
    "scale_x_y": (BODY.format(activation="linear") + f"[yolo]\n{ANCHORS}scale_x_y=1.2\n", (0, 2, 5)),
    "new_coords": (BODY.format(activation="logistic") + f"[yolo]\n{ANCHORS}scale_x_y=2\nnew_coords=1\n", (0, 2, 5)),
    "region": (BODY.format(activation="linear") + f"[region]\n{SMALL_ANCHORS}", (0, 2, 0)),
    "alexeyabs_region": (BODY.format(activation="linear") + f"[region]\n{SMALL_ANCHORS}", (0, 2, 5)),
}


def boxes(head: dict[str, Any], blob: np.ndarray) -> np.ndarray:
    """The rows of a head, from its facts and the blob that they name."""
    (rows, columns), (height, width), to_do = head["grid"], head["network"], head["to_do"]
    value = blob.astype(np.float64)
    if head["transposed"]:
        value = value.reshape(rows * columns, -1).T
    value = value.reshape(head["num"], 5 + head["classes"], rows, columns).copy()
    parts = {"x": value[:, :1], "y": value[:, 1:2], "objectness": value[:, 4:5], "classes": value[:, 5:]}
    for name in to_do["logistic"]:
        parts[name][:] = expit(parts[name])
    if to_do["softmax"]:
        assert to_do["softmax"] == ["classes"]
        parts["classes"][:] = softmax(parts["classes"], axis=1)
    centre, size, objectness, classes = np.split(value, (2, 4, 5), axis=1)
    if to_do["scale_x_y"]:
        centre = centre * head["scale_x_y"] - (head["scale_x_y"] - 1) / 2
    places = np.stack([np.broadcast_to(np.arange(columns), (rows, columns)), np.indices((rows, columns))[0]])
    centre = (centre + places) / np.array([columns, rows])[:, None, None]
    anchors = np.reshape(head["anchors"], (-1, 2))[head["mask"]][:, :, None, None]
    unit = (columns, rows) if head["anchor_unit"] == "cells" else (width, height)
    size = (4 * size**2 if head["new_coords"] else np.exp(size)) * anchors / np.array(unit)[:, None, None]
    found = np.concatenate([centre, size, objectness, objectness * classes], axis=1)
    return found.transpose(2, 3, 0, 1).reshape(-1, 5 + head["classes"])


@pytest.mark.parametrize("head", ["raw", "activated"])
@pytest.mark.parametrize("name", CFGS)
def test_the_boxes_are_those_of_opencv(name, head, tmp_path: Path) -> None:
    text, header = CFGS[name]
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=1, header=header)
    model = convert(cfg, weights)
    made = lower(model.net, CAFFE, Options(head=head))
    written = write(made, tmp_path / "net", CAFFE)
    (facts,) = json.loads(heads_json(model, made))["heads"]
    x = np.random.default_rng(2).random((1, 3, 64, 96), np.float32)
    values = reference.run(read(written.prototxt, written.caffemodel), {"data": x})
    ours = boxes(facts, values[facts["blob"]])
    darknet = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    darknet.setInput(x)
    theirs = darknet.forward().reshape(ours.shape)
    assert facts["activated"] == (head == "activated")
    assert np.abs(ours[:, :4] - theirs[:, :4]).max() <= 2e-5 * np.abs(theirs[:, :4]).max()
    assert np.abs(ours[:, 4] - theirs[:, 4]).max() <= 2e-5
    told = theirs[:, 5:] > 0
    assert told.mean() > 0.1
    assert np.abs(ours[:, 5:] - theirs[:, 5:])[told].max() <= 2e-5
