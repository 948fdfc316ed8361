from __future__ import annotations

import numpy as np

from converters.decode.detection_output import objects_of
from converters.pictures.description import InputDescription

ROWS = [
    [0, 2, 0.5, 0.25, 0.5, 0.75, 1.0],
    [0, 1, 0.75, 0.0, 0.25, 0.5, 0.5],
    [1, 1, 0.875, 0.0, 0.0, 1.0, 1.0],
]
STRETCHED = InputDescription(size=(100, 100), order="BGR", fit="stretch")


def test_the_rows_of_the_first_image_are_objects_the_best_first() -> None:
    found = objects_of(np.array([[ROWS]], np.float32), STRETCHED, (30, 60))
    assert [(one.category, one.score, one.place) for one in found] == [
        (1, 0.75, (0.25, 0.375, 0.5, 0.25)),
        (2, 0.5, (0.5, 0.75, 0.5, 0.5)),
    ]
    assert [one.category for one in objects_of(np.array([[ROWS]], np.float32), STRETCHED, (30, 60), 0.6)] == [1]


def test_a_row_of_minus_one_is_nothing() -> None:
    for row in ([0, -1, -1, -1, -1, -1, -1], [-1] * 7):
        assert objects_of(np.array([[[row]]], np.float32), STRETCHED, (30, 60)) == []


def test_in_a_letterbox_the_picture_is_the_middle() -> None:
    """A picture twice as wide as high fills the rows from 25 to 75 of the 100."""
    boxed = InputDescription(size=(100, 100), order="RGB", fit="letterbox")
    (found,) = objects_of(np.array([[[[0, 1, 1, 0.5, 0.25, 1.0, 0.5]]]], np.float32), boxed, (30, 60))
    np.testing.assert_allclose(found.place, (0.75, 0.25, 0.5, 0.5), atol=1e-6)
