"""SSD and RetinaNet: offsets from prior boxes (arXiv:1512.02325; Caffe's SSD fork, bbox_util.cpp, CENTER_SIZE)."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.boxes import Boxes
from converters.decode.channels import exponential, logistic, may_exceed, rounded, softmax
from converters.decode.heads import SsdHead


def boxes_of_ssd(head: SsdHead, offsets: Array, classes: Array, *, threshold: float) -> Boxes:
    """The priors with a class above the threshold that is not the background, as boxes in parts of the net's input."""
    scores = classes.reshape(head.count, head.classes).astype(np.float32, copy=False)
    chosen = np.flatnonzero(_likely(head, scores, threshold))
    scores = scores[chosen]
    if head.to_do.softmax:
        scores = softmax(scores, 1)
    elif "classes" in head.to_do.logistic:
        scores = logistic(scores)
    scores = np.where(scores > np.float32(threshold), scores, np.float32(0))
    if head.background:
        scores[:, 0] = 0
    if head.levels:
        _only_best_of_levels(head, chosen, scores)
    some = scores.any(axis=1)
    chosen, scores = chosen[some], scores[some]
    priors = np.reshape(head.priors, (-1, 4)).astype(np.float32)[chosen]
    moved = offsets.reshape(-1, 4)[chosen].astype(np.float64) * head.variances
    if head.exponent_limit is not None:
        moved[:, 2:] = np.minimum(moved[:, 2:], head.exponent_limit)
    places = np.concatenate(
        [
            rounded(moved[:, :2] * priors[:, 2:] + priors[:, :2]),
            rounded(exponential(moved[:, 2:]) * priors[:, 2:]),
        ],
        axis=1,
    )
    if head.clip:
        places = _clipped(places)
    return Boxes(places=places, objectness=np.ones(len(places), np.float32), scores=scores)


def _only_best_of_levels(head: SsdHead, chosen: Array, scores: Array) -> None:
    """Set the scores of each level, of all classes, to 0 but for the highest; of equal ones the first class stays."""
    for level in np.split(scores, np.searchsorted(chosen, np.cumsum(head.levels)[:-1])):
        place, category = np.nonzero(level)
        order = np.lexsort((place, category, -level[place, category]))[head.level_candidates :]
        level[place[order], category[order]] = 0


def _likely(head: SsdHead, scores: Array, threshold: float) -> Array:
    """The priors of which a class may be above the threshold: most are all background.

    A softmax is at most the exponential of the distance from the largest score.
    """
    best = scores[:, int(head.background) :].max(axis=1)
    if head.to_do.softmax:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = ~(best - scores.max(axis=1) < np.float32(np.log(threshold) - 1e-3))
        return found
    return may_exceed(best, threshold) if "classes" in head.to_do.logistic else ~(best <= np.float32(threshold))


def _clipped(places: Array) -> Array:
    """The part of each box that lies within the input."""
    half = places[:, 2:] / 2
    low, high = (np.clip(side, np.float32(0), np.float32(1)) for side in (places[:, :2] - half, places[:, :2] + half))
    return np.concatenate([(low + high) / 2, high - low], axis=1)
