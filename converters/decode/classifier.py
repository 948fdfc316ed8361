"""The best classes of a classifier (classifier.c, predict_classifier)."""

from __future__ import annotations

from caffe_ir.blob import Array
from converters.decode.facts import ClassifierFacts


def best_classes(facts: ClassifierFacts, blob: Array, top: int) -> list[tuple[int, float]]:
    """So many classes with their scores, the best first; of a tree its leaves, each times all its parents."""
    scores = blob.reshape(-1).copy()
    for place, parent in enumerate(facts.parents):
        if parent >= 0:
            scores[place] *= scores[parent]
    leaves = sorted(set(range(len(scores))).difference(facts.parents), key=lambda place: -scores[place])
    return [(place, float(scores[place])) for place in leaves[:top]]
