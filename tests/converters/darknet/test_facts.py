"""The contents of NAME.heads.json as a whole."""

from __future__ import annotations

import json

import pytest

from converters.darknet import files_beside, heads_json
from tests.converters.darknet.judged import ALEXEYAB, converted, net
from tests.converters.darknet.test_heads import YOLO, facts


def test_how_a_picture_comes_to_the_input(tmp_path):
    original, alexeyab = facts(tmp_path, YOLO), facts(tmp_path, YOLO, header=ALEXEYAB)
    assert original["input"]["letterbox"]
    assert not alexeyab["input"]["letterbox"]
    assert original["input"]["scale"] == "1/255"
    assert original["input"]["layout"] == "planar (N, C, H, W)"
    boxed = facts(tmp_path, f"letter_box=1\n{YOLO}", header=ALEXEYAB)
    assert boxed["input"]["letterbox"]
    assert original["input"]["size"] == [64, 96]
    assert [each["input"]["fit"] for each in (original, alexeyab, boxed)] == ["letterbox", "stretch", "letterbox"]


def test_a_classifiers_picture(tmp_path):
    """classifier.c, predict_classifier: the original's keeps the proportions, AlexeyAB's takes the middle."""
    sections = "[convolutional];filters=5\n[avgpool]\n[softmax]"
    original, alexeyab = facts(tmp_path, sections), facts(tmp_path, sections, header=ALEXEYAB)
    assert (original["input"]["fit"], original["input"]["letterbox"]) == ("letterbox", True)
    assert (alexeyab["input"]["fit"], alexeyab["input"]["letterbox"]) == ("crop", False)
    assert facts(tmp_path, f"letter_box=1\n{sections}", header=ALEXEYAB)["input"]["fit"] == "crop"


def test_lists_of_numbers_take_one_line_each(tmp_path):
    text = heads_json(converted(tmp_path, net(YOLO, height=64, width=96)))
    assert '   "anchors": [10.0, 14.0, 23.5, 27.0, 37.0, 58.0],\n' in text
    assert '   "mask": [1, 2],\n' in text
    assert text.endswith("}\n")


@pytest.mark.parametrize(("sections", "there"), [("[maxpool]", False), ("[softmax]", True), (YOLO, True)])
def test_there_are_facts_where_there_is_something_to_decode(tmp_path, sections, there):
    model = converted(tmp_path, net(sections))
    assert bool(model.facts) is there
    assert json.loads(heads_json(model))["heads"] == [] or sections == YOLO


def test_pictures_for_yolo_v1_are_stretched(tmp_path):
    """yolo.c, test_yolo, with resize_image: get_detection_detections knows of no border."""
    sections = "[connected];output=80\n[detection];side=2;num=2;classes=10;coords=4".replace(";", "\n")
    assert facts(tmp_path, sections)["input"]["fit"] == "stretch"


def test_the_input_has_a_file_of_its_own_where_a_picture_becomes_it(tmp_path):
    plain, of_four = (converted(tmp_path, net("[maxpool]", channels=channels)) for channels in (3, 4))
    files = files_beside(plain)
    assert files.keys() == {".input.json"}
    assert json.loads(files[".input.json"]) == json.loads(heads_json(plain))["input"]
    assert files_beside(of_four) == {}
    assert files_beside(converted(tmp_path, net(YOLO, channels=3))).keys() == {".heads.json", ".input.json"}
