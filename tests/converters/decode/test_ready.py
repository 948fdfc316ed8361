"""By hand: boxes in pixels of an input of 32 x 48, as channels and box by box, with an objectness and without."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from converters.decode.ready import boxes_of_boxes
from tests.converters.decode.torch_heads import boxes

PLACES = np.array([[12, 8, 24, 16], [1, 2, 3, 4], [48, 32, 48, 32], [24, 16, 6, 4]], np.float32)
SURE = np.array([[1], [1], [0.5], [0.25]], np.float32)
SCORES = np.array([[0.5, 0.1, 0, 0.75], [0.1, 0.2, 0.25, 0.1], [0, 1, 0, 0], [1, 1, 1, 1]], np.float32)


@pytest.mark.parametrize("objectness", [True, False])
@pytest.mark.parametrize("rows", [True, False])
def test_each_number_is_at_its_place(rows: bool, objectness: bool) -> None:
    values = np.concatenate([PLACES, *([SURE] if objectness else []), SCORES], 1)
    head = replace(boxes(rows=rows, objectness=objectness), count=4)
    found = boxes_of_boxes(head, (values if rows else values.T)[None], threshold=0.3)
    kept = [0, 2] if objectness else [0, 2, 3]
    wanted = SCORES * SURE if objectness else SCORES
    np.testing.assert_array_equal(found.places[:2], [[0.25, 0.25, 0.5, 0.5], [1, 1, 1, 1]])
    np.testing.assert_array_equal(found.scores, np.where(wanted > 0.3, wanted, 0)[kept])


def test_an_objectness_under_the_threshold_ends_it() -> None:
    """As in ultralytics' suppression: a score cannot be larger than its objectness, but may be set so."""
    values = np.array([[1, 1, 1, 1, 0.25, 8, 8, 8, 8]], np.float32)
    head = replace(boxes(rows=True, objectness=True), count=1)
    assert len(boxes_of_boxes(head, values, threshold=0.3).places) == 0
