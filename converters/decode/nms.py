"""Which of overlapping boxes stay: class by class, the best first (box.c, do_nms_sort; AlexeyAB's diounms_sort)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.error_kinds.running import NO_DECODER
from caffe_ir.errors import ConversionError, Problem
from converters.decode.boxes import Boxes, Detection, distance_overlaps, overlaps
from converters.decode.heads import Suppression

Measure = Callable[[Array, Array], Array]
GREEDY_BETA = 0.6
"""AlexeyAB's greedynms takes the distance of the centres too, with this exponent whatever beta_nms says."""


def suppressed(boxes: Boxes, nms: Suppression) -> list[Detection]:
    """Each class of each box that stays, the best score first. Raises ConversionError for a kind that is not known."""
    measure = measure_of(nms)
    if nms.best_class:
        boxes = _of_best_class(boxes)
    seen = np.flatnonzero((boxes.scores > 0).any(axis=0))
    found = [one for category in seen.tolist() for one in _of_class(boxes, category, measure, nms)]
    return sorted(found, key=lambda one: -one.score)[: nms.most]


def measure_of(nms: Suppression) -> Measure:
    """What is compared with the threshold. Raises ConversionError for a kind that is not known."""
    if nms.kind in ("default", "cornersnms"):  # AlexeyAB's cornersnms moves no corners: that code is commented out
        return overlaps
    if nms.kind == "greedynms":
        return partial(distance_overlaps, beta=GREEDY_BETA)
    if nms.kind == "diounms":
        return partial(distance_overlaps, beta=GREEDY_BETA if nms.beta is None else nms.beta)
    known = "default, greedynms, diounms and cornersnms"
    raise ConversionError(
        Problem(kind=NO_DECODER, what=f"nms kind {nms.kind!r} is not known", why=f"Darknet's are {known}")
    )


def _of_best_class(boxes: Boxes) -> Boxes:
    """The boxes with one score each, the highest, and of equal ones the first."""
    best = np.arange(boxes.scores.shape[1]) == boxes.scores.argmax(axis=1)[:, None]
    return replace(boxes, scores=np.where(best, boxes.scores, np.float32(0)))


def _of_class(boxes: Boxes, category: int, measure: Measure, nms: Suppression) -> Iterator[Detection]:
    scores = boxes.scores[:, category]
    rest = np.flatnonzero((scores > 0) & (boxes.objectness != 0))
    rest = rest[np.argsort(-scores[rest], kind="stable")][: nms.candidates]
    while len(rest):
        best, rest = rest[0], rest[1:]
        place = boxes.places[best]
        x, y, w, h = map(float, place)
        yield Detection(category=category, score=float(scores[best]), place=(x, y, w, h))
        if len(rest):
            rest = rest[~(measure(place, boxes.places[rest]) > np.float32(nms.threshold))]
