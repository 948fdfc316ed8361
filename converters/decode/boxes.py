"""Boxes as Darknet has them: centre and size as parts of the picture, in float32."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array


class Boxes(Struct, frozen=True, kw_only=True):
    """N boxes that a head has found, before suppression.

    `places` (N, 4) are x, y of the centre, width, height; `scores` (N, classes), 0 where at most the threshold.
    """

    places: Array
    objectness: Array
    scores: Array


class Detection(Struct, frozen=True, kw_only=True):
    """An object: a class, its score, and where it is as x, y of the centre, width, height in parts of the picture."""

    category: int
    score: float
    place: tuple[float, float, float, float]


def joined(found: list[Boxes]) -> Boxes:
    """The boxes of all heads; where they have different numbers of classes, the missing ones are 0."""
    places = np.concatenate([each.places for each in found])
    scores = np.zeros((len(places), max(each.scores.shape[1] for each in found)), np.float32)
    begin = 0
    for each in found:
        count, classes = each.scores.shape
        scores[begin : begin + count, :classes] = each.scores
        begin += count
    return Boxes(places=places, objectness=np.concatenate([each.objectness for each in found]), scores=scores)


def unboxed(places: Array, inner: tuple[int, int], network: tuple[int, int]) -> Array:
    """Parts of the net's input as parts of the picture that lies in its middle (yolo_layer.c, correct_yolo_boxes).

    `inner` are the height and width that the picture has there.
    """
    size = np.array(network[::-1], np.float64)
    new = np.array(inner[::-1], np.float64)
    moved = (places[:, :2].astype(np.float64) - (size - new) / 2 / size) / (new / size).astype(np.float32)
    grown = places[:, 2:] * (size / new).astype(np.float32)
    return np.concatenate([moved.astype(np.float32), grown], axis=1)


def overlaps(box: Array, others: Array) -> Array:
    """Intersection over union of one box with others (box.c, box_iou); NaN for boxes of no area."""
    width, height = (_overlap(box, others, axis) for axis in (0, 1))
    shared = np.where((width < 0) | (height < 0), np.float32(0), width * height)
    joint = box[2] * box[3] + others[:, 2] * others[:, 3] - shared
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = shared / joint
    return found


def distance_overlaps(box: Array, others: Array, beta: float) -> Array:
    """IoU less the distance of the centres over the diagonal of the hull, to the power beta (AlexeyAB, box_diounms)."""
    iou = overlaps(box, others)
    hull = np.zeros(len(others), np.float32)
    for axis in (0, 1):
        half, halves = box[axis + 2] / 2, others[:, axis + 2] / 2
        far = np.maximum(box[axis] + half, others[:, axis] + halves)
        near = np.minimum(box[axis] - half, others[:, axis] - halves)
        hull += (far - near) ** 2
    apart = (box[0] - others[:, 0]) ** 2 + (box[1] - others[:, 1]) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        term = np.power((apart / hull).astype(np.float64), beta).astype(np.float32)
    found: Array = np.where(hull == 0, iou, iou - term)
    return found


def _overlap(box: Array, others: Array, axis: int) -> Array:
    half, halves = box[axis + 2] / 2, others[:, axis + 2] / 2
    left = np.maximum(box[axis] - half, others[:, axis] - halves)
    right = np.minimum(box[axis] + half, others[:, axis] + halves)
    found: Array = right - left
    return found
