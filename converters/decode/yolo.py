"""[yolo] and [Gaussian_yolo]: boxes at anchors (yolo_layer.c, get_yolo_detections; gaussian_yolo_layer.c)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.channels import exponential, logistic, logistic_above, may_exceed, rounded, scaled
from converters.decode.heads import GaussianHead, YoloHead

_PLACES: dict[str, dict[str, int]] = {
    "yolo": {"x": 0, "y": 1, "w": 2, "h": 3, "objectness": 4},
    "Gaussian_yolo": {
        "x": 0, "x_sigma": 1, "y": 2, "y_sigma": 3, "w": 4, "w_sigma": 5, "h": 6, "h_sigma": 7, "objectness": 8,
    },
}  # fmt: skip
"""The channels of a box; its classes follow."""
SIDES = {"left_top": 0.5, "right_bottom": -0.5}
"""So many widths and heights lie from the predicted point to the centre; any other yolo_point is the centre."""


def boxes_of_yolo(head: YoloHead | GaussianHead, blob: Array, *, threshold: float) -> Boxes:
    """The boxes whose objectness is above the threshold, cell by cell, as parts of the net's input.

    Of [yolo] only those with a class that may be above it too: few are left of what there is to compute.
    `blob` is the head's map (num * channels, rows, columns) of one picture.
    """
    rows, columns = head.grid
    channel = _PLACES[head.type]
    grid = blob.reshape(head.num, -1, rows, columns).astype(np.float32, copy=False)
    objectness = grid[:, channel["objectness"]]
    if "objectness" in head.to_do.logistic:
        objectness = logistic_above(objectness, threshold)
    row, column, box = np.nonzero((objectness > np.float32(threshold)).transpose(1, 2, 0))
    if head.type == "yolo" and "classes" in head.to_do.logistic:
        best = grid[:, len(channel) :].max(axis=1)[box, row, column]
        likely = may_exceed(best, threshold / objectness[box, row, column].astype(np.float64))
        row, column, box = row[likely], column[likely], box[likely]
    values = grid[box, :, row, column]
    parts = {part: _part(head, part, values[:, place]) for part, place in channel.items() if part != "objectness"}
    classes = _part(head, "classes", values[:, len(channel) :])
    found = objectness[box, row, column]
    scores = found[:, None] * classes
    if head.type == "Gaussian_yolo":
        doubt = (parts["x_sigma"] + parts["y_sigma"] + parts["w_sigma"] + parts["h_sigma"]) / np.float32(4)
        scores = rounded(scores * (1 - doubt.astype(np.float64))[:, None])
    anchors = np.reshape(head.anchors, (-1, 2)).astype(np.float32)[list(head.mask)][box]
    size = _sizes(head, parts, anchors)
    centre = [
        (part + cell.astype(np.float32)) / np.float32(cells)
        for part, cell, cells in ((parts["x"], column, columns), (parts["y"], row, rows))
    ]
    side = np.float32(SIDES.get(head.point, 0))
    places = [centre[0] + side * size[0], centre[1] + side * size[1], *size] if side else [*centre, *size]
    return Boxes(
        places=np.stack(places, axis=1),
        objectness=found,
        scores=np.where(scores > np.float32(threshold), scores, np.float32(0)),
    )


def _part(head: YoloHead | GaussianHead, part: str, values: Array) -> Array:
    if part in head.to_do.logistic:
        values = logistic(values)
    return scaled(values, head.scale_x_y) if part in ("x", "y") and head.to_do.scale_x_y else values


def _sizes(head: YoloHead | GaussianHead, parts: Mapping[str, Array], anchors: Array) -> list[Array]:
    """Widths and heights as parts of the net's input."""
    height, width = head.network
    if head.new_coords:
        return [
            parts[part] * parts[part] * np.float32(4) * anchors[:, place] / np.float32(whole)
            for place, (part, whole) in enumerate((("w", width), ("h", height)))
        ]
    return [
        rounded(exponential(parts[part]) * anchors[:, place] / whole)
        for place, (part, whole) in enumerate((("w", width), ("h", height)))
    ]
