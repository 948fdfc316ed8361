from __future__ import annotations

import json
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.run.model import read_model
from tests.converters.run.nets import CLASSIFIER, converted, edited


def test_a_detector(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path))
    assert (model.input, model.shape, model.classes) == ("data", (1, 3, 32, 32), 2)
    assert model.wanted == list(model.files.net.outputs)


def test_a_classifier(tmp_path: Path) -> None:
    model = read_model(*converted(tmp_path, CLASSIFIER))
    assert (model.shape, model.classes) == ((1, 3, 24, 32), 6)


def described(folder: Path, **changes: object) -> None:
    """The input's description alone, as a net of PyTorch has it."""
    text = json.loads((folder / "net.heads.json").read_text())["input"]
    (folder / "net.heads.json").unlink()
    (folder / "net.input.json").write_text(json.dumps({**text, **changes}))


def test_a_net_with_its_inputs_description_alone(tmp_path: Path) -> None:
    files = converted(tmp_path, CLASSIFIER)
    described(tmp_path)
    assert read_model(*files).classes == 6
    (tmp_path / "detector").mkdir()
    detector = converted(tmp_path / "detector")
    described(tmp_path / "detector")
    model = read_model(*detector)
    assert (model.classes, model.scores, model.wanted) == (0, None, list(model.files.net.outputs))


def test_without_a_description_nothing_is_guessed(tmp_path: Path) -> None:
    files = converted(tmp_path)
    (tmp_path / "net.heads.json").unlink()
    (tmp_path / "net.input.json").unlink(missing_ok=True)
    with pytest.raises(ConversionError, match="it is not known how a picture becomes the input") as caught:
        read_model(*files)
    (problem,) = caught.value.problems
    (tmp_path / "net.input.json").write_text(problem.hint[problem.hint.index("{") :])
    description = read_model(*files).description
    assert (description.order, description.fit) == ("BGR", "stretch")


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"a": (1, 3, 8, 8), "b": (1, 3, 8, 8)}, "the net's inputs: a 1x3x8x8, b 1x3x8x8 (a picture becomes one input"),
        ({"tokens": (1, 16)}, "the net's input: tokens 1x16"),
        ({"a": (1, 4, 8, 8)}, "the net's input: a 1x4x8x8"),
    ],
)
def test_what_is_no_picture_is_said_before_what_is_missing(
    inputs: dict[str, tuple[int, ...]], told: str, tmp_path: Path
) -> None:
    lines = [
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ dim: '
        f"{' dim: '.join(map(str, shape))} }} }} }}"
        for name, shape in inputs.items()
    ]
    (tmp_path / "net.prototxt").write_text("\n".join(lines))
    (tmp_path / "net.caffemodel").write_bytes(b"\n\x03net")  # its name alone
    with pytest.raises(ConversionError) as caught:
        read_model(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
    assert told in str(caught.value)


def test_a_segmentations_map_has_a_channel_for_each_class(tmp_path: Path) -> None:
    files = converted(tmp_path)
    whole = json.loads((tmp_path / "net.heads.json").read_text())
    blob = whole["heads"][0]["blob"]
    edited(tmp_path / "net.heads.json", heads=[], segmentation={"blob": blob, "classes": 21})
    model = read_model(*files)
    assert (model.wanted, model.classes) == ([blob], 21)
    for facts, told in (
        ({"blob": blob, "classes": 20}, f"{blob} is not a map of 20 classes: its shape is 1x21x"),
        ({"blob": "out", "classes": 20}, "out is not a map of 20 classes: its shape is not known"),
    ):
        edited(tmp_path / "net.heads.json", segmentation=facts)
        with pytest.raises(ConversionError) as error:
            read_model(*files)
        assert told in str(error.value)


def test_the_facts_of_another_net_are_refused(tmp_path: Path) -> None:
    files = converted(tmp_path)
    whole = json.loads((tmp_path / "net.heads.json").read_text())
    head = whole["heads"][0]
    for changes, told in (
        ({"input": {**whole["input"], "size": [64, 32]}}, "its pictures are 3x64x32, the input data is 3x32x32"),
        ({"input": {**whole["input"], "order": "grey"}}, "its pictures are 1x32x32"),
        ({"heads": [{**head, "blob": "yolo_99"}]}, "it names the blob yolo_99, which the net does not have"),
        ({"heads": [{**head, "classes": 80}]}, "values for a picture, where it says"),
        ({"input": {**whole["input"], "order": "4 channels"}}, "order '4 channels' is that of no picture"),
    ):
        edited(tmp_path / "net.heads.json", **{**whole, **changes})
        with pytest.raises(ConversionError) as error:
            read_model(*files)
        assert told in str(error.value)
