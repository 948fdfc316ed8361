"""The vector of YOLO v1, by hand: two cells a side, one class, two boxes. Darknet itself judges it end to end."""

from __future__ import annotations

import numpy as np
import pytest

from converters.decode.detection import boxes_of_detection
from converters.decode.heads import DetectionHead, Suppression, ToDo

NMS = Suppression(kind="default", threshold=0.45)


@pytest.mark.parametrize("square_root", [True, False])
def test_each_part_of_the_vector_is_at_its_place(square_root: bool) -> None:
    head = DetectionHead(
        name="h", blob="h", classes=1, num=2, coords=4, anchors=(), anchor_unit="", mask=(),
        grid=(2, 2), network=(64, 64), to_do=ToDo(), nms=NMS, square_root=square_root,
    )  # fmt: skip
    classes, confidences = np.array([0.5, 1, 0.25, 0.5]), np.array([0.5, 0.75, 0, 1, 0.5, 0.5, 1, 0.5])
    places = np.zeros((8, 4))
    places[3] = 0.5, 0.25, 0.5, 0.25  # the second box of the upper right cell
    vector = np.concatenate([classes, confidences, places.ravel()]).astype(np.float32)
    boxes = boxes_of_detection(head, vector[None], threshold=0.3)
    wanted = [0.75, 0.125, *((0.25, 0.0625) if square_root else (0.5, 0.25))]
    np.testing.assert_array_equal(boxes.places[3], wanted)
    np.testing.assert_array_equal(boxes.scores[:, 0], [0, 0.375, 0, 1, 0, 0, 0.5, 0])
    np.testing.assert_array_equal(boxes.objectness, confidences)
