"""A decoder that knows nothing of a net but its heads.json finds the boxes that OpenCV finds in the Darknet files,
and the classes that Darknet itself prints for a picture.

OpenCV gives a row for each box, cell by cell: x, y, width and height as parts of the picture, objectness, and the
classes' probabilities, those under its threshold as 0.
"""

from __future__ import annotations

import json
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from caffe_ir import reference
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert, heads_json
from tests.oracles.darknet import needs_darknet
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


# ---- classifiers -----------------------------------------------------------------------------------------------------

SCORES = "[convolutional]\nfilters=9\nsize=1\nactivation=linear\n[avgpool]\n"
CLASSIFIERS = {
    "flat": f"{SCORES}[softmax]\n",
    "with a cost": f"{SCORES}[softmax]\ntemperature=2\n[cost]\n",
    "connected": "[connected]\noutput=9\nactivation=linear\n[dropout]\n[softmax]\n",
    "with a tree": f"{SCORES}[softmax]\ntree=some.tree\n",
}
NAMES = tuple("abcdefghi")
PARENTS = (-1, -1, -1, 0, 0, 2, 2, 3, 3)
PICTURES = {"wide": (37, 80), "high": (90, 41), "small": (11, 17)}


def as_darknet_says(folder: Path, picture: Path) -> list[tuple[str, float]]:
    """`darknet classifier predict`: the names and percentages that it prints, in its order."""
    words = ["darknet", "classifier", "predict", "my.data", "net.cfg", "net.weights", str(picture)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return [(name, float(score)) for score, name in re.findall(r"([0-9.]+)%: (.+)", done.stdout)]


def prepared(facts: dict[str, Any], picture: Path) -> np.ndarray:
    """A picture as the facts say: here only a letterbox, of which OpenCV knows no resizing with aligned corners."""
    assert (facts["order"], facts["scale"], facts["mean"]) == ("RGB", "1/255", 0)
    assert facts["rule"] == "keep the proportions, centre, fill with 0.5"
    assert facts["resize"] == "bilinear, corners aligned"
    height, width = facts["size"]
    decoded = np.asarray(cv2.imread(str(picture)), np.float32)[:, :, ::-1].transpose(2, 0, 1)
    image = torch.from_numpy(decoded.copy())[None] / 255
    rows, columns = image.shape[2:]
    fit = min(Fraction(width, columns), Fraction(height, rows))
    size = int(rows * fit), int(columns * fit)
    resized = torch.nn.functional.interpolate(image, size, mode="bilinear", align_corners=True).numpy()
    field = np.full((1, 3, height, width), 0.5, np.float32)
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    field[:, :, top : top + size[0], left : left + size[1]] = resized
    return field


def ranked(facts: dict[str, Any], blob: np.ndarray) -> list[tuple[str, float]]:
    """The classes from the best down, as the facts say."""
    scores, parents = blob.astype(np.float64).ravel(), facts["parents"]
    assert len(scores) == facts["classes"]
    for place, parent in enumerate(parents):
        scores[place] *= scores[parent] if parent >= 0 else 1
    leaves = [place for place in range(len(scores)) if place not in parents]
    return [(NAMES[place], 100 * scores[place]) for place in sorted(leaves, key=lambda place: -scores[place])]


@needs_darknet
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_classes_are_those_of_darknet_itself(name, tmp_path: Path) -> None:
    layer = "filters=8\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
    text = f"[net]\nwidth=36\nheight=28\nchannels=3\n[convolutional]\n{layer}{CLASSIFIERS[name]}"
    (tmp_path / "some.tree").write_text(
        "".join(f"{one} {parent}\n" for one, parent in zip(NAMES, PARENTS, strict=True))
    )
    (tmp_path / "names").write_text("\n".join(NAMES) + "\n")
    (tmp_path / "my.data").write_text("names=names\ntop=5\n")
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=4)
    model = convert(cfg, weights)
    made = lower(model.net, CAFFE, Options())
    written = write(made, tmp_path / "net", CAFFE)
    facts = json.loads(heads_json(model, made))
    net = read(written.prototxt, written.caffemodel)
    for place, (picture, (rows, columns)) in enumerate(PICTURES.items()):
        path = tmp_path / f"{picture}.png"
        noise = np.random.default_rng(place).integers(0, 256, (rows // 5 + 1, columns // 5 + 1, 3), np.uint8)
        cv2.imwrite(str(path), cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC))
        x = prepared(facts["input"], path)
        ours = ranked(facts["classifier"], reference.run(net, {"data": x})[facts["classifier"]["blob"]])
        theirs = as_darknet_says(tmp_path, path)
        assert len(theirs) == 5
        assert [one for one, _ in ours[:5]] == [one for one, _ in theirs]
        for (_, mine), (_, score) in zip(ours, theirs, strict=False):
            assert abs(mine - score) < 0.0051 + 1e-4 * score  # it prints two places
