"""[region]: YOLO v2's boxes, also with a tree of classes (region_layer.c, get_region_detections; tree.c).

AlexeyAB's region_layer.c has get_region_boxes for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.channels import exponential, logistic, logistic_above, rounded, softmax
from converters.decode.heads import RegionHead

HIERARCHY_THRESHOLD = np.float32(0.5)
"""detector.c: a class is named more precisely while its probability is above this (-hier)."""


def boxes_of_region(head: RegionHead, blob: Array, *, threshold: float) -> Boxes:
    """All boxes whose objectness is above the threshold, box by box as Darknet lists them, as parts of the input.

    In AlexeyAB's dialect one score above it is enough, and a tree's class has its own probability for a score.
    `blob` is the head's map of one picture: (num * channels, rows, columns), or cell by cell where it is transposed.
    """
    rows, columns = head.grid
    values = blob.astype(np.float32, copy=False)
    if head.transposed:
        values = values.reshape(rows * columns, -1).T
    grid = values.reshape(head.num, -1, rows, columns)
    objectness = grid[:, head.coords]
    if "objectness" in head.to_do.logistic:
        objectness = logistic(objectness) if head.scores_alone else logistic_above(objectness, threshold)
    if head.background:
        objectness = np.ones_like(objectness)
    box, row, column = np.nonzero((objectness > np.float32(threshold)) | head.scores_alone)
    chosen, found = grid[box, :, row, column], objectness[box, row, column]
    x, y = (logistic(chosen[:, n]) if name in head.to_do.logistic else chosen[:, n] for n, name in enumerate("xy"))
    anchors = np.reshape(head.anchors, (-1, 2)).astype(np.float32)[list(head.mask)][box]
    unit = (columns, rows) if head.anchor_unit == "cells" else head.network[::-1]
    places = [
        (x + column.astype(np.float32)) / np.float32(columns),
        (y + row.astype(np.float32)) / np.float32(rows),
        *(rounded(exponential(chosen[:, 2 + n]) * anchors[:, n] / unit[n]) for n in (0, 1)),
    ]
    scores = _by_tree(head, chosen, found) if head.tree else found[:, None] * _classes(head, chosen)
    return Boxes(
        places=np.stack(places, axis=1),
        objectness=found,
        scores=np.where(scores > np.float32(threshold), scores, np.float32(0)),
    )


def _classes(head: RegionHead, chosen: Array) -> Array:
    classes = chosen[:, head.coords + 1 :]
    if head.to_do.softmax:
        with_background = "objectness" in head.to_do.softmax
        return softmax(chosen[:, head.coords :], 1)[:, 1:] if with_background else softmax(classes, 1)
    return logistic(classes) if "classes" in head.to_do.logistic else classes


def _by_tree(head: RegionHead, chosen: Array, objectness: Array) -> Array:
    """The one class of each box: from the root down, as long as it is likely enough."""
    classes = chosen[:, head.coords + 1 :]
    groups = list(_groups(head.tree))
    likely = np.concatenate(
        [softmax(classes[:, group], 1) if head.to_do.softmax else classes[:, group] for group in groups], 1
    )
    for place, parent in enumerate(head.parents):
        if parent >= 0:
            likely[:, place] *= likely[:, parent]
    if head.dialect == "alexeyab":
        return _last_likely(likely)
    below = {head.parents[group.start]: group for group in groups}
    scores = np.zeros_like(likely)
    for row, each in enumerate(likely):
        scores[row, _category(each, below, groups[0], head.parents)] = objectness[row]
    return scores


def _last_likely(likely: Array) -> Array:
    """The score of one class of each box: its own probability, of the last that is likely enough, if any is."""
    enough = likely > HIERARCHY_THRESHOLD
    last = likely.shape[1] - 1 - np.argmax(enough[:, ::-1], axis=1)
    return np.where(enough & (np.arange(likely.shape[1]) == last[:, None]), likely, np.float32(0))


def _category(likely: Array, below: dict[int, slice], root: slice, parents: Sequence[int]) -> int:
    """tree.c, hierarchy_top_prediction, which multiplies probabilities that are products already."""
    p, group = np.float32(1), root
    while True:
        best = int(group.start + np.argmax(likely[group]))
        if not p * likely[best] > HIERARCHY_THRESHOLD:
            return best if group == root else int(parents[group.start])
        p *= likely[best]
        if best not in below:
            return best
        group = below[best]


def _groups(sizes: Sequence[int]) -> Iterator[slice]:
    start = 0
    for size in sizes:
        yield slice(start, start + size)
        start += size
