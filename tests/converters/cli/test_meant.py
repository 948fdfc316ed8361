from __future__ import annotations

from pathlib import Path

import pytest

from converters.cli.main import COMMANDS
from converters.cli.meant import meant


def said(*words: str) -> str:
    return meant(words, list(COMMANDS), "convert")


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("yolov3.cfg yolov3.weights", "convert darknet yolov3.cfg yolov3.weights"),
        ("yolov3.weights yolov3.cfg -o x", "convert darknet yolov3.cfg yolov3.weights -o x"),
        ("yolov3.cfg", "convert darknet yolov3.cfg yolov3.weights"),
        ("a/yolov3.weights --fold-bn", "convert darknet a/yolov3.cfg a/yolov3.weights --fold-bn"),
        ("model.pt2", "convert pytorch model.pt2"),
        ("model.pt --input 1x3x8x8", "convert pytorch model.pt --input 1x3x8x8"),
        ("Model.PTH", "convert pytorch Model.PTH"),
        ("nets.py:resnet", "convert pytorch nets.py:resnet"),
        ("torchvision.models:resnet18", "convert pytorch torchvision.models:resnet18"),
        ("zoo.toml", "convert batch zoo.toml"),
        ("net.caffemodel", "convert dump net.caffemodel"),
        ("net.caffemodel.h5", "convert dump net.caffemodel.h5"),
        ("net.prototxt", "convert init net.prototxt"),
        ("net.prototxt net.caffemodel", "convert verify SOURCE net.prototxt net.caffemodel"),
        ("a.cfg a.weights net.prototxt", "convert verify a.cfg a.weights net.prototxt"),
        ("a.pt2 net.prototxt net.caffemodel", "convert verify a.pt2 net.prototxt net.caffemodel"),
        ("net.prototxt w.pth", "convert pytorch w.pth --prototxt net.prototxt"),
    ],
)
def test_files_without_a_command(typed: str, line: str) -> None:
    told = said(*typed.split())
    assert told.endswith(f"not a command. Type:\n\n  {line}")


def test_a_folder_is_a_batch(tmp_path: Path) -> None:
    assert said(str(tmp_path)).endswith(f"is a folder, not a command. Type:\n\n  convert batch {tmp_path}")


def test_the_line_can_be_typed_as_it_stands() -> None:
    assert said("my net.cfg", "my net.weights").endswith("convert darknet 'my net.cfg' 'my net.weights'")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("drknet", "`convert darknet`"),
        ("torch", "`convert pytorch`"),
        ("Verify", "`convert verify`"),
        ("help", "`convert --help`"),
        ("version", "`convert --version`"),
    ],
)
def test_a_mistyped_command(word: str, near: str) -> None:
    assert said(word) == f"there is no command {word}; did you mean {near}?"


def test_what_is_like_no_command() -> None:
    assert said("xyz") == f"there is no command xyz; the commands are {', '.join(COMMANDS)}"


@pytest.mark.parametrize("name", ["resnet.onnx", "model.h5", "frozen.pb", "net.TFLITE"])
def test_models_of_other_programs(name: str) -> None:
    assert said(name) == (
        f"{name}: tocaffe converts Darknet's and PyTorch's models, not {Path(name).suffix.lower()} files."
    )


def test_pictures_are_for_the_other_convert() -> None:
    assert "ImageMagick" in said("photo.jpg", "photo.png")
