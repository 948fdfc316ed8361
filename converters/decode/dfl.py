"""Anchor-free heads with the distances of a box's sides as distributions (arXiv:2006.04388), as in YOLOv8.

A side's distance is the mean of the bins 0 ... reg_max - 1, weighted with the softmax of its scores.
"""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.channels import logistic_above, rounded
from converters.decode.heads import DflHead


def boxes_of_dfl(head: DflHead, blob: Array, *rest: Array, threshold: float) -> Boxes:
    """The cells with a class above the threshold, one box each, as parts of the net's input.

    `rest` is the blob of the classes, where they have one of their own.
    """
    rows, columns = head.grid
    own = slice(head.first, head.first + rows * columns)
    sides = blob.reshape(-1, head.cells)[:, own].astype(np.float32, copy=False)
    scores = rest[0].reshape(-1, head.cells)[:, own].astype(np.float32, copy=False) if rest else sides[-head.classes :]
    if "classes" in head.to_do.logistic:
        scores = logistic_above(scores, threshold)
    (cell,) = np.nonzero((scores > np.float32(threshold)).any(axis=0))
    left, top, right, bottom = _distances(sides[: 4 * head.reg_max, cell].reshape(4, head.reg_max, -1))
    height, width = head.network
    half = np.float32(0.5)
    places = np.empty((len(cell), 4), np.float32)
    for axis, (middle, before, behind, size) in enumerate(
        ((cell % columns, left, right, width), (cell // columns, top, bottom, height))
    ):
        at = middle.astype(np.float32) + half
        low, high = at - before, at + behind
        places[:, axis] = (low + high) * half * np.float32(head.stride) / np.float32(size)
        places[:, 2 + axis] = (high - low) * np.float32(head.stride) / np.float32(size)
    return Boxes(places=places, objectness=np.ones(len(cell), np.float32), scores=_above(scores[:, cell].T, threshold))


def _distances(bins: Array) -> Array:
    """The mean of the bins, (4, bins, N) to (4, N); of one bin, what stands there. Summed from the first bin on."""
    if bins.shape[1] == 1:
        return bins[:, 0]
    risen = np.exp(bins.astype(np.float64) - bins.max(axis=1, keepdims=True))
    whole, mean = np.zeros_like(risen[:, 0]), np.zeros_like(risen[:, 0])
    for place in range(bins.shape[1]):
        whole += risen[:, place]
        mean += place * risen[:, place]
    return rounded(mean / whole)


def _above(scores: Array, threshold: float) -> Array:
    found: Array = np.where(scores > np.float32(threshold), scores, np.float32(0))
    return found
