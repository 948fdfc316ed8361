"""A map of the classes' scores as one class for each pixel of the picture."""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Array
from converters.decode.facts import SegmentationFacts
from converters.pictures.description import InputDescription
from converters.pictures.fitting import inner_size

NOTHING = -1
"""The class of a pixel that has none: where the one class is not, and where the net did not see the picture."""


def pixel_classes(facts: SegmentationFacts, blob: Array, taken: InputDescription, picture: tuple[int, int]) -> Array:
    """The class of each pixel, (height, width) of the picture: that of the cell of the map in which its middle lies.

    Of equal scores the first class has it, as argmax of numpy and torch.
    """
    scores = blob.reshape(facts.classes, *blob.shape[-2:])
    best = scores.argmax(axis=0) if facts.classes > 1 else np.where(scores[0] > facts.threshold, 0, NOTHING)
    rows, columns = best.shape
    (down, above), (across, before) = _placed(taken, picture)
    row = _cells(picture[0], down, above, rows / taken.size[0])
    column = _cells(picture[1], across, before, columns / taken.size[1])
    seen = ((row >= 0) & (row < rows))[:, None] & ((column >= 0) & (column < columns))
    found: Array = best[np.clip(row, 0, rows - 1)[:, None], np.clip(column, 0, columns - 1)]
    return np.where(seen, found, NOTHING)


def shares(classes: Array) -> list[tuple[int, float]]:
    """The classes that are there with their parts of the picture, the largest first."""
    there, counts = np.unique(classes[classes != NOTHING], return_counts=True)
    found = [(int(one), int(count) / classes.size) for one, count in zip(there, counts, strict=True)]
    return sorted(found, key=lambda one: -one[1])


def _cells(pixels: int, factor: float, cut: float, cells: float) -> Array:
    """The cell of each pixel of a row or column; `factor` leads to the input, of which `cut` pixels lie before 0."""
    found: Array = np.floor(((np.arange(pixels) + 0.5) * factor - cut) * cells).astype(np.int64)
    return found


def _placed(taken: InputDescription, picture: tuple[int, int]) -> list[tuple[float, float]]:
    """Down and across: by how much the picture was resized on its way to the input, and how much was cut off then.

    What is cut off is negative where a border was added. torchvision rounds it, Darknet leaves the half pixel out.
    """
    whole = round if taken.shorter_side is not None else int
    return [
        (new / old, whole((new - size) / 2))
        for new, old, size in zip(_resized(taken, picture), picture, taken.size, strict=True)
    ]


def _resized(taken: InputDescription, picture: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the picture in the input's scale, before its middle is taken or it is set into a field."""
    if taken.fit == "stretch":
        return taken.size
    if taken.fit == "letterbox":
        return inner_size(*picture, *taken.size)
    side, short = taken.shorter_side or taken.size[1], min(picture)
    return side * picture[0] // short, side * picture[1] // short
