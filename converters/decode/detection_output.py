"""The rows of a DetectionOutput layer, in which SSD's nets of Caffe find boxes themselves, as objects in a picture."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Detection, unboxed
from converters.pictures.description import InputDescription
from converters.pictures.fitting import inner_size


def objects_of(
    rows: Array, taken: InputDescription, picture: tuple[int, int], threshold: float | None = None
) -> list[Detection]:
    """The objects of the first image, the best first.

    `rows` (1, 1, K, 7) are image, class, score, and left, top, right, bottom in parts of the input; -1 for the image or
    the class where there are none (detection_output_layer.cpp). `picture` is its height and width.
    """
    rows = rows.reshape(-1, 7)
    rows = rows[(rows[:, 0] == 0) & (rows[:, 1] >= 0)]
    if threshold is not None:
        rows = rows[rows[:, 2] > np.float32(threshold)]
    rows = rows[np.argsort(-rows[:, 2], kind="stable")]
    corners = rows[:, 3:].astype(np.float32, copy=False)
    places = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)
    if taken.fit == "letterbox":
        places = unboxed(places, inner_size(*picture, *taken.size), taken.size)
    return [
        Detection(category=int(row[1]), score=float(row[2]), place=(float(x), float(y), float(w), float(h)))
        for row, (x, y, w, h) in zip(rows, places, strict=True)
    ]
