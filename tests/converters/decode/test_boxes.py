from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from converters.decode.boxes import Boxes, distance_overlaps, joined, overlaps, unboxed

BOX = np.array([0.5, 0.5, 0.25, 0.5], np.float32)
OTHERS = np.array(
    [[0.5, 0.5, 0.25, 0.5], [0.625, 0.5, 0.25, 0.5], [0.5, 0.25, 0.125, 0.25], [0.875, 0.875, 0.25, 0.25]], np.float32
)


def exact(other: np.ndarray) -> tuple[Fraction, Fraction]:
    """IoU, and the square of the distance of the centres over that of the hull's diagonal."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = ([Fraction(float(one)) for one in each] for each in (BOX, other))
    edges = [((a - s / 2, a + s / 2), (b - t / 2, b + t / 2)) for a, s, b, t in ((ax, aw, bx, bw), (ay, ah, by, bh))]
    shared = Fraction(1)
    for (low, high), (other_low, other_high) in edges:
        shared *= max(min(high, other_high) - max(low, other_low), Fraction(0))
    hull = sum((max(high, other_high) - min(low, other_low)) ** 2 for (low, high), (other_low, other_high) in edges)
    return shared / (aw * ah + bw * bh - shared), ((ax - bx) ** 2 + (ay - by) ** 2) / hull


def test_overlaps_are_those_of_fractions() -> None:
    np.testing.assert_allclose(overlaps(BOX, OTHERS), [float(exact(other)[0]) for other in OTHERS], rtol=1e-6)


@pytest.mark.parametrize("beta", [0.6, 1.0])
def test_the_distance_counts_as_in_the_paper(beta: float) -> None:
    wanted = [float(iou) - float(apart) ** beta for iou, apart in map(exact, OTHERS)]
    np.testing.assert_allclose(distance_overlaps(BOX, OTHERS, beta), wanted, rtol=1e-6)


def test_boxes_of_no_area_are_no_warning() -> None:
    nothing = np.zeros((1, 4), np.float32)
    assert np.isnan(overlaps(nothing[0], nothing)[0])
    assert np.isnan(distance_overlaps(nothing[0], nothing, 0.6)[0])


def test_a_letterbox_is_taken_off() -> None:
    """A picture twice as wide as high, in a square input: its upper border lies at 1/4, its right one at 1."""
    places = np.array([[0.5, 0.25, 1, 0.5], [1, 0.75, 0.5, 0.25]], np.float32)
    np.testing.assert_allclose(unboxed(places, (32, 64), (64, 64)), [[0.5, 0, 1, 1], [1, 1, 0.5, 0.5]])


def test_heads_of_different_classes_are_joined() -> None:
    one, other = (
        Boxes(places=np.zeros((1, 4)), objectness=np.ones(1), scores=np.full((1, classes), 0.5, np.float32))
        for classes in (2, 3)
    )
    np.testing.assert_array_equal(joined([one, other]).scores, [[0.5, 0.5, 0], [0.5, 0.5, 0.5]])
