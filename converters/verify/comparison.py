"""Two streams of values, compared as they come: neither net lies in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from caffe_ir.blob import Array, Shape
from converters.verify.values import Values


@dataclass(frozen=True, kw_only=True)
class Row:
    """One value on both sides. `error` is the largest difference, `largest` the largest absolute value of the source's.

    `place` is where the largest difference stands; `cosine` is that of the angle between the two.
    """

    value: str
    shape: Shape
    other_shape: Shape
    largest: float
    error: float
    cosine: float
    place: Shape

    @property
    def relative(self) -> float:
        """The largest difference over the largest absolute value of the source's."""
        if self.error == 0:
            return 0.0
        return self.error / self.largest if self.largest else float("inf")


def compare(source: Values, other: Values) -> Iterator[Row]:
    """A row for every value that both streams give, as soon as both have given it."""
    waiting: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
    streams, ended = (source, other), [False, False]
    while not all(ended):
        # The side that owes more values goes on, so that few of them wait.
        side = 0 if len(waiting[0]) <= len(waiting[1]) else 1
        side = side if not ended[side] else 1 - side
        given = next(streams[side], None)
        if given is None:
            ended[side] = True
            continue
        name, array = given
        partner = waiting[1 - side].pop(name, None)
        if partner is None:
            waiting[side][name] = array
        else:
            yield row(name, *((array, partner) if side == 0 else (partner, array)))


def row(value: str, source: Array, other: Array) -> Row:
    """Compare one value; shapes that differ only in axes of size 1, or in how they are flattened, are the same."""
    if source.size != other.size:
        return Row(
            value=value,
            shape=source.shape,
            other_shape=other.shape,
            largest=float(np.abs(source).max(initial=0)),
            error=float("inf"),
            cosine=0.0,
            place=(),
        )
    left, right = source.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(left - right))
    difference[np.isnan(difference)] = np.inf
    worst = int(np.argmax(difference)) if left.size else 0
    error = float(difference[worst]) if left.size else 0.0
    norms = float(np.linalg.norm(left) * np.linalg.norm(right))
    return Row(
        value=value,
        shape=source.shape,
        other_shape=other.shape,
        largest=float(np.abs(left[np.isfinite(left)]).max(initial=0)),
        error=error,
        cosine=float(left @ right) / norms if norms else 1.0,
        place=tuple(int(index) for index in np.unravel_index(worst, source.shape)) if left.size else (),
    )
