"""Boxes that the net has decoded itself: they are sorted out and brought to parts of its input."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.heads import BoxesHead


def boxes_of_boxes(head: BoxesHead, blob: Array, *, threshold: float) -> Boxes:
    """The boxes with a score above the threshold; with objectness, that too must be above it."""
    values = blob.reshape(head.count, -1) if head.transposed else blob.reshape(-1, head.count).T
    values = values.astype(np.float32, copy=False)
    scores = values[:, 4 + head.objectness :]
    if head.objectness:
        sure = values[:, 4:5]
        scores = np.where(sure > np.float32(threshold), sure * scores, np.float32(0))
    chosen = (scores > np.float32(threshold)).any(axis=1)
    height, width = head.network
    scores = scores[chosen]
    return Boxes(
        places=values[chosen, :4] / np.array([width, height, width, height], np.float32),
        objectness=np.ones(len(scores), np.float32),
        scores=np.where(scores > np.float32(threshold), scores, np.float32(0)),
    )
