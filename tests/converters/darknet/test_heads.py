"""The facts of NAME.heads.json."""

from __future__ import annotations

import json

import pytest

from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import heads_json
from tests.converters.darknet.judged import ALEXEYAB, converted, net

CONV = "size=3;pad=1;activation=linear\n"
YOLO = f"""[convolutional];filters=8;stride=2;{CONV}[convolutional];filters=14;stride=2;{CONV}
[yolo];mask=1,2;num=3;anchors=10,14,23.5,27,37,58;classes=2
[route];layers=0
[convolutional];filters=7;{CONV}
[yolo];mask=0;num=3;anchors=10,14,23.5,27,37,58;classes=2"""


def facts(folder, sections: str, *, lowered: str = "", height: int = 64, width: int = 96, **options):
    model = converted(folder, net(sections, height=height, width=width), **options)
    made: Net | None = None
    if lowered:
        made = lower(model.net, CAFFE, Options(head="raw" if lowered == "raw" else "activated"))
    return json.loads(heads_json(model, made))


def test_yolo(tmp_path):
    found = facts(tmp_path, YOLO, lowered="raw")
    assert found["dialect"] == "darknet"
    assert [head["name"] for head in found["heads"]] == ["yolo_2", "yolo_5"]
    first = found["heads"][0]
    assert {
        key: first[key] for key in ("type", "raw", "classes", "num", "coords", "mask", "grid", "network", "stride")
    } == {
        "type": "yolo",
        "raw": "conv_1",
        "classes": 2,
        "num": 2,
        "coords": 4,
        "mask": [1, 2],
        "grid": [16, 24],
        "network": [64, 96],
        "stride": 4.0,
    }
    assert first["anchors"] == [10, 14, 23.5, 27, 37, 58]
    assert first["anchor_unit"] == "pixels"
    assert first["layout"] == "2 boxes, each of the channels x, y, w, h, objectness, then the classes"
    assert first["to_do"] == {
        "logistic": ["x", "y", "objectness", "classes"],
        "softmax": [],
        "scale_x_y": False,
    }


@pytest.mark.parametrize("head", ["raw", "activated"])
def test_blobs_of_the_finished_net(tmp_path, head):
    model = converted(tmp_path, net(YOLO, height=64, width=96))
    made = lower(model.net, CAFFE, Options(head=head))
    found = json.loads(heads_json(model, made))["heads"]
    assert [one["activated"] for one in found] == [head == "activated"] * 2
    assert [one["blob"] for one in found] == made.outputs
    assert all(one["raw_blob"] in made.shapes for one in found)


def test_alexeyabs_yolo(tmp_path):
    sections = YOLO.replace("classes=2", "classes=2;scale_x_y=1.05;new_coords=1;nms_kind=greedynms;beta_nms=0.7")
    first = facts(tmp_path, sections, lowered="raw", header=ALEXEYAB)["heads"][0]
    assert first["scale_x_y"] == pytest.approx(1.05)
    assert first["new_coords"] is True
    assert first["nms"]["kind"] == "greedynms"
    assert first["nms"]["beta"] == pytest.approx(0.7)
    assert first["nms"]["score_threshold"] == 0.25
    assert first["to_do"] == {"logistic": [], "softmax": [], "scale_x_y": True}


def test_gaussian_yolo(tmp_path):
    sections = f"[convolutional];filters=11;{CONV}[Gaussian_yolo];num=1;anchors=1,2;classes=2;yolo_point=left_top"
    (head,) = facts(tmp_path, sections, lowered="raw", header=ALEXEYAB)["heads"]
    assert head["type"] == "Gaussian_yolo"
    assert head["point"] == "left_top"
    assert "x, x_sigma, y, y_sigma" in head["layout"]
    sigmas = ["x", "x_sigma", "y", "y_sigma", "w_sigma", "h_sigma"]
    assert head["to_do"]["logistic"] == [*sigmas, "objectness", "classes"]


def test_region(tmp_path):
    sections = f"[convolutional];filters=20;stride=4;{CONV}[region];num=2;classes=5;softmax=1;anchors=1.5,2,3,4"
    (head,) = facts(tmp_path, sections, lowered="raw")["heads"]
    assert (head["type"], head["anchor_unit"], head["softmax"], head["stride"]) == ("region", "cells", True, 4.0)
    assert head["anchors"] == [1.5, 2, 3, 4]
    assert head["to_do"] == {"logistic": ["x", "y", "objectness"], "softmax": ["classes"], "scale_x_y": False}


@pytest.mark.parametrize(
    ("more", "header", "raw", "activated"),
    [
        ("", (0, 2, 0), (["x", "y", "objectness", "classes"], []), ([], [])),
        ("softmax=1;background=1", (0, 2, 0), (["x", "y"], ["objectness", "classes"]), ([], [])),
        ("", ALEXEYAB, (["objectness", "x", "y"], []), (["x", "y"], [])),
        ("softmax=1", ALEXEYAB, (["objectness", "x", "y"], ["classes"]), (["x", "y"], [])),
    ],
)
def test_what_a_decoder_of_a_region_has_to_do(tmp_path, more, header, raw, activated):
    """region_layer.c, forward_region_layer and get_region_box: AlexeyAB's leaves x and y to the second."""
    sections = f"[convolutional];filters=20;{CONV}[region];num=2;classes=5;anchors=1.5,2,3,4;{more}"
    for lowered, (logistic, softmax) in (("raw", raw), ("activated", activated)):
        (head,) = facts(tmp_path, sections, lowered=lowered, header=header)["heads"]
        assert (head["to_do"]["logistic"], head["to_do"]["softmax"]) == (logistic, softmax)
        turned = header == ALEXEYAB and lowered == "activated"
        assert head["transposed"] == turned
        assert head["layout"].startswith("cell by cell, in each 2 boxes" if turned else "2 boxes")


def test_detection(tmp_path):
    sections = "[connected];output=80\n[detection];side=2;num=2;classes=10;coords=4;sqrt=1"
    (head,) = facts(tmp_path, sections)["heads"]
    assert (head["type"], head["grid"], head["square_root"]) == ("detection", [2, 2], True)
    assert head["stride"] == [32.0, 48.0]
    assert head["layout"].startswith("class scores of all cells")


def test_a_tree(tmp_path):
    (tmp_path / "some.tree").write_text("a -1\nb -1\nc 0\n")
    sections = f"[convolutional];filters=8;{CONV}[region];num=1;classes=3;tree=some.tree;anchors=1,2"
    (head,) = facts(tmp_path, sections)["heads"]
    assert head["tree"] == [2, 1]
    assert head["parents"] == [-1, -1, 0]
    assert head["to_do"]["softmax"] == ["classes"]
    assert "classes" not in head["to_do"]["logistic"]
    assert head["blob"] == head["raw_blob"] == "conv_0"
    assert not head["activated"]


def test_an_unknown_head_stands_apart_with_what_can_be_read(tmp_path):
    sections = f"[convolutional];filters=32;stride=4;{CONV}[yolo];mask=1,3;num=4;classes=1;anchors=1,2,3,4,5,6,7,8"
    found = facts(tmp_path, sections, lowered="raw")
    assert found["heads"] == []
    (head,) = found["unknown_heads"]
    assert head == {
        "name": "yolo_1",
        "section": "[yolo]",
        "raw": "conv_0",
        "num": 2,
        "values": 16,
        "anchors": [1, 2, 3, 4, 5, 6, 7, 8],
        "mask": [1, 3],
        "grid": [16, 24],
        "network": [64, 96],
        "raw_blob": "conv_0",
        "layout": "2 boxes, each of 16 values",
    }
