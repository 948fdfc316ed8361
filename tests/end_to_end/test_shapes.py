"""The net of examples/shapes finds every circle and square of its scene, from the converted Caffe files in OpenCV."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from tests.converters.cli.given import converted

ROOT = Path(__file__).resolve().parents[2]
SHAPES, DOCUMENTS = ROOT / "examples" / "shapes", ROOT / "docs"


def corners(place: list[float], width: int, height: int) -> tuple[float, float, float, float]:
    x, y, w, h = place
    return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0) * max(down, 0)
    areas = [(each[2] - each[0]) * (each[3] - each[1]) for each in (one, other)]
    return shared / (sum(areas) - shared)


def test_every_shape_is_found_and_nothing_else(tmp_path: Path) -> None:
    """The scene was drawn by scripts/train_shapes with a seed that the training does not have.

    An object is found where the boxes share half of their union, as Pascal VOC counts.
    """
    converted("darknet", SHAPES / "shapes.cfg", SHAPES / "shapes.weights", "-o", tmp_path / "shapes", "-q")
    words = (tmp_path / "shapes", SHAPES / "scene.png", "--names", SHAPES / "shapes.names", "--json")
    found = json.loads(converted("run", *words).stdout)
    truth = json.loads((SHAPES / "scene.json").read_text())
    assert len(found["objects"]) == len(truth)
    for one in truth:
        place = corners(one["place"], found["width"], found["height"])
        best = max(found["objects"], key=lambda each: iou(tuple(each["box"]), place))
        assert best["name"] == one["name"]
        assert iou(tuple(best["box"]), place) > 0.5


def test_the_picture_of_the_documents_is_what_is_drawn(tmp_path: Path) -> None:
    """Up to the engine's rounding, which may move an edge or a per cent."""
    converted("darknet", SHAPES / "shapes.cfg", SHAPES / "shapes.weights", "-o", tmp_path / "shapes", "-q")
    words = (tmp_path / "shapes", SHAPES / "scene.png", "--names", SHAPES / "shapes.names")
    converted("run", *words, "-o", tmp_path / "boxes.png")
    drawn, shown = (cv2.imread(str(path)) for path in (tmp_path / "boxes.png", DOCUMENTS / "assets" / "boxes.png"))
    assert drawn is not None
    assert shown is not None
    assert drawn.shape == shown.shape
    assert np.mean(np.abs(drawn.astype(int) - shown) > 2) < 0.01


def test_its_files_are_small() -> None:
    assert sum(path.stat().st_size for path in SHAPES.iterdir()) < 1 << 20
