"""The judges: OpenCV's NMSBoxes for the greedy kind, and for the others AlexeyAB's rule, box by box."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.decode.boxes import Boxes, distance_overlaps
from converters.decode.heads import Suppression
from converters.decode.nms import suppressed


def crowd(seed: int, count: int = 60, classes: int = 3) -> Boxes:
    rng = np.random.default_rng(seed)
    places = np.concatenate([rng.uniform(0.2, 0.8, (count, 2)), rng.uniform(0.1, 0.4, (count, 2))], 1)
    scores = rng.random((count, classes)) * (rng.random((count, classes)) < 0.7)
    return Boxes(places=places.astype(np.float32), objectness=np.ones(count), scores=scores.astype(np.float32))


def kept(boxes: Boxes, kind: str, threshold: float, beta: float | None = None) -> list[list[float]]:
    """The scores that stay, by class, the best first."""
    found = suppressed(boxes, Suppression(kind=kind, threshold=threshold, beta=beta))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    return [[one.score for one in found if one.category == each] for each in range(boxes.scores.shape[1])]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.2, 0.45, 0.7])
def test_greedy_suppression_is_opencvs(seed: int, threshold: float) -> None:
    boxes = crowd(seed)
    corners = np.concatenate([boxes.places[:, :2] - boxes.places[:, 2:] / 2, boxes.places[:, 2:]], 1).astype(float)
    for category, ours in enumerate(kept(boxes, "default", threshold)):
        scores = boxes.scores[:, category]
        stay = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), 1e-9, threshold)
        assert ours == sorted((float(scores[one]) for one in np.ravel(stay)), reverse=True)


@pytest.mark.parametrize(
    ("kind", "beta", "used"), [("diounms", 0.8, 0.8), ("diounms", None, 0.6), ("greedynms", 2, 0.6)]
)
def test_the_distance_counts_where_alexeyab_counts_it(kind: str, beta: float | None, used: float) -> None:
    boxes = crowd(7)
    for category, ours in enumerate(kept(boxes, kind, 0.3, beta)):
        scores = boxes.scores[:, category].copy()
        order = np.argsort(-scores)
        for place, best in enumerate(order):
            for other in order[place + 1 :]:
                near = distance_overlaps(boxes.places[best], boxes.places[[other]], used)[0]
                if scores[best] > 0 and near > 0.3:
                    scores[other] = 0
        assert ours == sorted(map(float, scores[scores > 0]), reverse=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_the_candidates_of_a_class_are_opencvs_top_k(seed: int, limit: int) -> None:
    boxes = crowd(seed)
    corners = np.concatenate([boxes.places[:, :2] - boxes.places[:, 2:] / 2, boxes.places[:, 2:]], 1).astype(float)
    found = suppressed(boxes, Suppression(kind="default", threshold=0.45, candidates=limit))
    for category in range(3):
        scores = boxes.scores[:, category].tolist()
        stay = cv2.dnn.NMSBoxes(corners.tolist(), scores, 1e-9, 0.45, 1.0, limit)
        wanted = sorted((scores[one] for one in np.ravel(stay)), reverse=True)
        assert [one.score for one in found if one.category == category] == wanted


def test_of_a_box_the_best_class_alone_is_compared() -> None:
    """As if each box had its best score and no other; of two equal ones the first, as torch.max has it."""
    boxes = crowd(2)
    boxes.scores[:5] = 0.5
    best = np.zeros_like(boxes.scores)
    for row, scores in zip(best, boxes.scores.tolist(), strict=True):
        row[scores.index(max(scores))] = max(scores)
    alone = Suppression(kind="default", threshold=0.45)
    wanted = suppressed(replace(boxes, scores=best), alone)
    assert suppressed(boxes, replace(alone, best_class=True)) == wanted
    assert len(wanted) < len(suppressed(boxes, alone))


def test_no_more_than_wanted_are_kept() -> None:
    alone = Suppression(kind="default", threshold=0.45)
    assert suppressed(crowd(2), replace(alone, most=4)) == suppressed(crowd(2), alone)[:4]


def test_the_kinds_differ() -> None:
    boxes = crowd(7)
    assert len({str(kept(boxes, kind, 0.3, 0.3)) for kind in ("default", "greedynms", "diounms")}) == 3
    assert kept(boxes, "cornersnms", 0.3) == kept(boxes, "default", 0.3)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConversionError, match="nms kind 'soft' is not known"):
        kept(crowd(0), "soft", 0.5)
