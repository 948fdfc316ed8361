"""By hand; that these are the classes that Darknet prints is shown end to end."""

from __future__ import annotations

import numpy as np

from converters.decode.classifier import best_classes
from converters.decode.facts import ClassifierFacts


def test_the_best_come_first() -> None:
    facts = ClassifierFacts(blob="s", classes=4)
    blob = np.array([[0.125, 0.5, 0.25, 0.125]], np.float32)
    assert best_classes(facts, blob, 2) == [(1, 0.5), (2, 0.25)]
    assert len(best_classes(facts, blob, 9)) == 4


def test_of_a_tree_only_leaves_are_told_with_all_their_parents() -> None:
    facts = ClassifierFacts(blob="s", classes=5, parents=(-1, -1, 0, 0, 3))
    blob = np.array([0.5, 0.25, 0.25, 0.5, 0.5], np.float32)
    assert best_classes(facts, blob, 5) == [(1, 0.25), (2, 0.125), (4, 0.125)]
    np.testing.assert_array_equal(blob, [0.5, 0.25, 0.25, 0.5, 0.5])
