"""[detection]: YOLO v1's vector (detection_layer.c, get_detection_detections)."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.channels import rounded, softmax
from converters.decode.heads import DetectionHead


def boxes_of_detection(head: DetectionHead, blob: Array, *, threshold: float) -> Boxes:
    """All boxes, cell by cell. `blob` has the classes of all cells, the confidences of all boxes, then the boxes."""
    side, cells, num = head.grid[0], head.grid[0] * head.grid[1], head.num
    vector = blob.reshape(-1).astype(np.float32, copy=False)
    classes, objectness, boxes = np.split(vector, [cells * head.classes, cells * (head.classes + num)])
    classes = classes.reshape(cells, head.classes)
    if head.to_do.softmax:
        classes = softmax(classes, 1)
    cell = np.repeat(np.arange(cells), num)
    x, y, w, h = boxes.reshape(-1, 4).T
    power = 2 if head.square_root else 1
    places = [
        (x + (cell % side).astype(np.float32)) / np.float32(side),
        (y + (cell // side).astype(np.float32)) / np.float32(side),
        *(rounded(each.astype(np.float64) ** power) for each in (w, h)),
    ]
    scores = objectness[:, None] * classes[cell]
    return Boxes(
        places=np.stack(places, axis=1),
        objectness=objectness,
        scores=np.where(scores > np.float32(threshold), scores, np.float32(0)),
    )
