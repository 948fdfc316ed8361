"""The small arrays of a weights file as they are if its header has so many bytes: do the numbers make sense?

Behind a header of another length every array begins with a number of its neighbour: means among variances, a count of
images among biases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from converters.darknet.weights import Span, WeightsFile

_WEIGHED = ("biases", "scales", "means", "variances")
_NEGATIVE = -1e-5
"""A variance of rounding errors alone is not less than this."""
_HUGE = 1e10
_UPPER = slice(16, 20)
"""Where a header has the upper half of the count of images that were seen, if it counts them in 64 bits."""
_MOST_SEEN = 10**13
"""More images than anybody trains with: a million a second for four months."""


class Reading(Struct, frozen=True, kw_only=True):
    """What the arrays of a file are like if its header has so many bytes."""

    header: int
    left: int
    """Bytes behind the last array; negative where they are missing."""
    variances: int
    negative: int
    broken: int
    """Numbers that are NaN, infinite or beyond all measure."""
    seen: str = ""
    """What is wrong with the count of images that were seen, of which one half would be a number of the net."""

    @property
    def odd(self) -> int:
        return self.negative + self.broken + bool(self.seen)

    def __str__(self) -> str:
        parts = ["the file ends with an array" if self.left == 0 else counted(self.left)]
        if self.variances:
            negative = f"{self.negative} of {self.variances} variances" if self.negative else "no variance"
            parts.append(f"{negative} {'are' if self.negative > 1 else 'is'} negative")
        if self.broken:
            parts.append(f"{self.broken} numbers are NaN, infinite or huge")
        if self.seen:
            parts.append(self.seen)
        return ", ".join(parts[:-1]) + " and " * bool(parts[1:]) + parts[-1]


def read_behind(weights: WeightsFile, header: int, end: int, dtype: str = "<f4") -> Reading:
    """The arrays behind a header of this length, where the last one ends `end` bytes later (as float32)."""
    variances = negative = broken = 0
    for span, values in _weighed(weights, header, np.dtype(dtype)):
        broken += int(np.count_nonzero(~(np.abs(values.astype(np.float64)) < _HUGE)))
        if span.what == "variances":
            variances += len(values)
            negative += int(np.count_nonzero(values < _NEGATIVE))
    left, seen = weights.size - header - end, _seen(weights, header)
    return Reading(header=header, left=left, variances=variances, negative=negative, broken=broken, seen=seen)


def _seen(weights: WeightsFile, header: int) -> str:
    """What speaks against a header that ends behind, or before, the upper half of the images seen; else ''.

    The upper half is 0 where there is one, and the first number of a net that was trained is not.
    """
    with open(weights.path, "rb") as file:
        stored = file.read(_UPPER.stop)[_UPPER]
    upper = int.from_bytes(stored, "little")
    if header == _UPPER.start and len(stored) == 4 and upper == 0:
        return "the first number is 0, as the upper half of the images seen is"
    if header == _UPPER.stop and upper > _MOST_SEEN >> 32:
        return f"{upper << 32:.1e} images would have been seen"
    return ""


def _weighed(weights: WeightsFile, header: int, dtype: np.dtype[Any]) -> Iterator[tuple[Span, npt.NDArray[Any]]]:
    """The small arrays as they are read behind a header of this length, as far as the file has them."""
    with open(weights.path, "rb") as file:
        for span in weights.spans:
            if span.what in _WEIGHED:
                file.seek(header + (span.offset - weights.header.size) // 4 * dtype.itemsize)
                stored = file.read(dtype.itemsize * span.count)
                yield span, np.frombuffer(stored, dtype, len(stored) // dtype.itemsize)


def size_of_weights(weights: WeightsFile, header: int, dtype: str) -> float:
    """The middle one of the magnitudes in the first array of weights: hundredths, in a net that was trained."""
    span = next((span for span in weights.spans if span.what == "weights" and span.count), None)
    if span is None:
        return 0.0
    offset = header + (span.offset - weights.header.size) // 4 * np.dtype(dtype).itemsize
    return float(np.median(np.abs(np.fromfile(weights.path, dtype, span.count, offset=offset))))


def counted(left: int) -> str:
    """In words: so many bytes are left behind the last array, or are missing where there are less than 0."""
    count, what = abs(left), "left" if left > 0 else "missing"
    return f"{count} bytes are {what}" if count > 1 else f"1 byte is {what}"
