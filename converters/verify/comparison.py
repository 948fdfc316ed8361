"""Two arrays that ought to be one: how far apart they are, and where."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, Shape

# Decades of |difference| / largest value of the source: 1e-16 and less, ..., 1 and more.
DECADES = tuple(range(-16, 1))
_BLOCK = 1 << 18


class Row(Struct, frozen=True, kw_only=True):
    """One value of the source beside the blob that holds it.

    `error` is the largest difference and `place` where it stands, `largest` the largest absolute value of the source's;
    `cosine` is that of the angle between the two; `spread` counts the differences by DECADES, relative to `largest`.
    `compared` counts the places where both sides hold a number; what is NaN or infinite on both says nothing.
    `constant` says that the source's numbers are all the same one, so that no order of them shows.
    """

    value: str
    shape: Shape
    other_shape: Shape
    largest: float
    error: float
    cosine: float
    place: Shape
    spread: tuple[int, ...] = ()
    compared: int = 0
    constant: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing was compared: no number on both sides at any place, and nowhere a number on one alone."""
        return self.error == 0 and self.compared == 0 and int(np.prod(self.shape)) > 0

    @property
    def relative(self) -> float:
        """The largest difference over the largest absolute value of the source's."""
        if self.error == 0:
            return 0.0
        return self.error / self.largest if self.largest else float("inf")

    @property
    def same_size(self) -> bool:
        """Shapes that differ only in axes of size 1, or in how they are flattened, are the same."""
        return int(np.prod(self.shape)) == int(np.prod(self.other_shape))


def row(value: str, source: Array, other: Array) -> Row:
    """Compare one value. NaN or infinity on one side alone is an infinite error, on both at once none."""
    if source.size != other.size:
        return _without_common_size(value, source, other)
    left, right = source.reshape(-1), other.reshape(-1)
    low, high = _range(left)
    largest, worst, error, compared = max(-low, high, 0.0), 0, 0.0, 0
    spread = np.zeros(len(DECADES), np.int64)
    product = left_square = right_square = 0.0
    for begin in range(0, left.size, _BLOCK):  # by blocks: the arrays are large and their differences would be too
        ours, theirs = (side[begin : begin + _BLOCK].astype(np.float64) for side in (left, right))
        difference = _difference(ours, theirs)
        place = int(np.argmax(difference))
        if difference[place] > error:
            worst, error = begin + place, float(difference[place])
        spread += _counted(difference, largest)
        compared += int((np.isfinite(ours) & np.isfinite(theirs)).sum())
        product += float(ours @ theirs)
        left_square += float(ours @ ours)
        right_square += float(theirs @ theirs)
    norms = np.sqrt(left_square) * np.sqrt(right_square)
    return Row(
        value=value,
        shape=source.shape,
        other_shape=other.shape,
        largest=largest,
        error=error,
        cosine=product / float(norms) if norms else float(left_square == right_square),
        place=tuple(int(index) for index in np.unravel_index(worst, source.shape)) if left.size else (),
        spread=tuple(int(count) for count in spread),
        compared=compared,
        constant=left.size > 1 and low == high,
    )


def worse(first: Row, second: Row) -> Row:
    """The row of two that shows the larger error: for several inputs."""
    worst = second if second.relative > first.relative else first
    both = first.constant and second.constant and first.largest == second.largest
    return replace(worst, compared=max(first.compared, second.compared), constant=both)


def off(seen: Row) -> str:
    """How far a value is off, in words."""
    if not seen.same_size:
        return f"of the shape {seen.other_shape} where {seen.shape} belongs"
    if seen.error == float("inf"):
        return f"no number (NaN or infinity) at {seen.place} on one side alone"
    return f"off by {seen.relative:.2g} of the largest value at {seen.place}"


def _without_common_size(value: str, source: Array, other: Array) -> Row:
    low, high = _range(source.reshape(-1))
    return Row(
        value=value,
        shape=source.shape,
        other_shape=other.shape,
        largest=max(-low, high, 0.0),
        error=float("inf"),
        cosine=0.0,
        place=(),
    )


def _range(values: Array) -> tuple[float, float]:
    """The smallest and the largest finite value; infinity and its opposite where there is none."""
    low, high = float("inf"), float("-inf")
    for begin in range(0, values.size, _BLOCK):
        block = values[begin : begin + _BLOCK]
        finite = block[np.isfinite(block)]
        low, high = min(low, float(finite.min(initial=low))), max(high, float(finite.max(initial=high)))
    return low, high


def _difference(left: Array, right: Array) -> Array:
    with np.errstate(invalid="ignore"):
        difference: Array = np.abs(left - right)
    difference[(left == right) | (np.isnan(left) & np.isnan(right))] = 0.0
    difference[np.isnan(difference)] = np.inf
    return difference


def _counted(difference: Array, largest: float) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        decade = np.ceil(np.log10(difference / (largest or 1.0)))
    clipped = np.clip(np.nan_to_num(decade, nan=DECADES[-1], neginf=DECADES[0]), DECADES[0], DECADES[-1])
    return np.bincount(clipped.astype(np.int64) - DECADES[0], minlength=len(DECADES))
