"""The judge is OpenCV, which has both layers; what it does otherwise than the SSD fork is among its target's limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.files.prototxt import prototxt
from caffe_ir.layer import Layer
from caffe_ir.layers import DetectionOutput, Input, PriorBox
from caffe_ir.layers.forks.detection import overlaps
from caffe_ir.net import Net
from caffe_ir.targets.opencv import OPENCV
from caffe_ir.targets.ssd import SSD
from converters.verify.engine import CaffeFiles
from converters.verify.opencv_engine import OPENCV as ENGINE
from tests.caffe_ir.build import add

CELLS, IMAGE = (1, 3, 4, 5), (1, 3, 30, 48)
CLASSES = 4
USUAL: dict[str, Any] = {
    "nms_threshold": 0.45,
    "top_k": 100,
    "code_type": "CENTER_SIZE",
    "keep_top_k": 50,
    "confidence_threshold": 0.3,
}


def by_opencv(folder: Path, layer: Layer, *bottoms: np.ndarray) -> np.ndarray:
    net = Net(name="one")
    names = [f"in{place}" for place in range(len(bottoms))]
    for name, array in zip(names, bottoms, strict=True):
        add(net, name, Input(shape=array.shape), bottoms=[])
    add(net, "y", layer, bottoms=names)
    net.outputs = ["y"]
    (folder / "one.prototxt").write_text(prototxt(net, OPENCV), encoding="utf-8")
    (folder / "one.caffemodel").touch()
    files = CaffeFiles(net=net, prototxt=folder / "one.prototxt", caffemodel=folder / "one.caffemodel")
    (found,) = ENGINE.blobs(files, ["y"], dict(zip(names, bottoms, strict=True)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"max_size": (11.0,)},
        {"aspect_ratio": (2.0, 3.0)},
        {"aspect_ratio": (2.0,), "flip": False},
        {"min_size": (7.0, 9.0), "max_size": (11.0, 13.0), "aspect_ratio": (2.0,)},
        {"min_size": (20.0,), "clip": True},
        {"variance": (0.1, 0.1, 0.2, 0.2)},
        {"variance": (0.3,)},
        {"step": 8.0},
        {"step_h": 8.0, "step_w": 9.0},
        {"offset": 0.0},
        {"aspect_ratio": (1.0, 2.0, 2.0, 0.5)},
    ],
    ids=str,
)
def test_boxes_of_a_grid_are_opencvs(fields, tmp_path: Path) -> None:
    layer = PriorBox(**{"min_size": (7.0,), **fields})
    (found,) = layer.forward([np.zeros(CELLS), np.zeros(IMAGE)], [])
    assert layer.infer((CELLS, IMAGE)) == (found.shape,)
    np.testing.assert_allclose(found, by_opencv(tmp_path, layer, np.zeros(CELLS), np.zeros(IMAGE)), atol=1e-6)


def test_boxes_are_spelled_as_every_reader_takes_them() -> None:
    odd = PriorBox(min_size=(7.9,), max_size=(11.5,), aspect_ratio=(1.0, 2.0, 0.5, 2.0), variance=(0.3,))
    spelled = odd.spelled()
    plain = {"min_size": (7.0,), "max_size": (11.0,), "aspect_ratio": (2.0,), "variance": (0.3,) * 4}
    assert {name: spelled[name] for name in plain} == plain
    assert np.array_equal(PriorBox.parsed(spelled).values((CELLS, IMAGE)), odd.values((CELLS, IMAGE)))
    assert PriorBox(min_size=(7.0,)).spelled()["aspect_ratio"] == (1.0,)
    assert PriorBox(min_size=(0.5,), max_size=(0.7,)).spelled()["min_size"] == (0.5,)  # none would be left of it


@pytest.mark.parametrize("field", ["img_h", "img_w", "step_h", "step_w"])
def test_of_two_axes_one_alone_is_refused(field: str) -> None:
    with pytest.raises(ShapeError, match=f"of {field[:-1]}h and {field[:-1]}w one is given"):
        PriorBox.parsed({"min_size": (7.0,), field: 8}).infer((CELLS, IMAGE))


def test_sizes_lose_their_fraction_and_an_image_may_be_of_another_size() -> None:
    """Run in the fork: 7.9 gives the boxes of 7; `img_size` takes the place of the second bottom's."""

    def boxes(image: tuple[int, ...] = IMAGE, **fields: Any) -> np.ndarray:
        return PriorBox(**{"min_size": (7.0,), **fields}).values((CELLS, image))

    assert np.array_equal(boxes(min_size=(7.9,)), boxes())
    assert np.array_equal(boxes(img_size=100), boxes((1, 3, 100, 100)))
    assert np.array_equal(boxes(img_h=100, img_w=90), boxes((1, 3, 100, 90)))


def detected(images: int = 2, *, share_location: bool = True) -> list[np.ndarray]:
    """Places, scores and boxes; each class is likely somewhere."""
    rng = np.random.default_rng(0)
    (boxes,) = PriorBox(min_size=(12.0,), aspect_ratio=(2.0,), variance=(0.1, 0.1, 0.2, 0.2), step=8.0).forward(
        [np.zeros(CELLS), np.zeros(IMAGE)], []
    )
    count = boxes.shape[2] // 4
    scores = np.exp(2 * rng.normal(size=(images, count, CLASSES)))
    scores /= scores.sum(axis=-1, keepdims=True)
    places = rng.normal(size=(images, count * 4 * (1 if share_location else CLASSES)))
    return [places, scores.reshape(images, -1), boxes]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"code_type": "CORNER"},
        {"share_location": False},
        {"background_label_id": 2},
        {"top_k": -1},
        {"top_k": 3},
        {"keep_top_k": 5},
        {"confidence_threshold": None},
        {"nms_threshold": 0.3},
        {"confidence_threshold": 2.0},
    ],
    ids=str,
)
def test_detections_are_opencvs(fields, tmp_path: Path) -> None:
    layer = DetectionOutput(**{"num_classes": CLASSES, **USUAL, **fields})
    bottoms = detected(share_location=layer.share_location)
    (found,) = layer.forward(bottoms, [])
    assert layer.infer(tuple(bottom.shape for bottom in bottoms)) == ((1, 1, 1, 7),)
    theirs = by_opencv(tmp_path, layer, *bottoms)
    assert theirs.shape == found.shape
    np.testing.assert_allclose(found, theirs, atol=1e-5)


def test_nothing_found_is_a_row_for_each_image() -> None:
    layer = DetectionOutput(num_classes=CLASSES, **{**USUAL, "confidence_threshold": 2.0})
    (found,) = layer.forward(detected(), [])
    assert found.tolist() == [[[[0, *(-1,) * 6], [1, *(-1,) * 6]]]]


def test_other_codes_of_places_are_the_forks() -> None:
    """bbox_util.cpp, DecodeBBox, by hand: one box of 0.2 x 0.4 whose places are one variance each."""
    boxes = np.array([[[0.1, 0.2, 0.3, 0.6], [0.1, 0.1, 0.2, 0.2]]])
    places, scores = np.ones((1, 4)), np.array([[0.1, 0.9]])

    def corners(**fields: Any) -> list[float]:
        (found,) = DetectionOutput(num_classes=2, **fields).forward([places, scores, boxes], [])
        return found[0, 0, 0, 3:].tolist()

    assert corners(code_type="CORNER_SIZE") == pytest.approx([0.12, 0.24, 0.34, 0.68])
    assert corners(code_type="CORNER", variance_encoded_in_target=True) == pytest.approx([1.1, 1.2, 1.3, 1.6])


def test_a_threshold_that_falls_lets_fewer_boxes_stay() -> None:
    """After the first box 0.9 becomes 0.45: the second, which covers half of it, goes."""
    boxes = np.array([[0, 0, 1, 1, 0, 0, 1, 0.5], [0.1] * 8]).reshape(1, 2, 8)
    bottoms = [np.zeros((1, 8)), np.array([[0.1, 0.9, 0.2, 0.8]]), boxes]
    kept = {
        eta: DetectionOutput(num_classes=2, nms_threshold=0.9, eta=eta).forward(bottoms, [])[0].shape[2]
        for eta in (1.0, 0.5)
    }
    assert kept == {1.0: 2, 0.5: 1}


def test_boxes_without_a_size_overlap_nothing() -> None:
    box = np.array([0.0, 0.0, 1.0, 1.0])
    others = np.array([[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [2.0, 2.0, 3.0, 3.0]])
    assert overlaps(box, others).tolist() == [1.0, 0.5, 0.0, 0.0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"min_size": ()}, "min_size is"),
        ({"max_size": (7.0,)}, "not above its min_size"),
        ({"max_size": (9.0, 10.0)}, "each min_size has a max_size"),
        ({"variance": (0.1, 0.2)}, "2 variances"),
        ({"img_size": 5, "img_h": 5}, "exclude each other"),
        ({"step": 5.0, "step_w": 5.0}, "exclude each other"),
    ],
)
def test_what_the_fork_refuses_of_a_grid(fields, told: str) -> None:
    with pytest.raises(ShapeError, match=told):
        PriorBox(**{"min_size": (7.0,), **fields}).infer((CELLS, IMAGE))


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        (((1, 8), (1, 6), (1, 2, 4)), "places .* do not fit 1 boxes"),
        (((1, 4), (1, 6), (1, 2, 4)), "scores .* do not fit 1 boxes"),
        (((1, 4), (1, 2), (1, 4)), "its priors are"),
        (((1, 4), (2, 2), (1, 2, 4)), "places of 1 images and scores of 2"),
    ],
)
def test_bottoms_that_do_not_fit(shapes, told: str) -> None:
    with pytest.raises(ShapeError, match=told):
        DetectionOutput(num_classes=2).infer(shapes)


@pytest.mark.parametrize(
    "layer",
    [
        DetectionOutput(num_classes=2, keep_top_k=5, code_type="CORNER_SIZE"),
        DetectionOutput(num_classes=2, keep_top_k=5, variance_encoded_in_target=True),
        DetectionOutput(num_classes=2, keep_top_k=5, background_label_id=-1),
        DetectionOutput(num_classes=2),
        DetectionOutput(num_classes=2, keep_top_k=5, eta=0.5),
        PriorBox(min_size=(7.0,), img_size=5),
    ],
    ids=str,
)
def test_what_opencv_does_otherwise_is_known(layer: Layer) -> None:
    assert OPENCV.verdict(layer, ()) is not None
    assert SSD.verdict(layer, ()) is None
