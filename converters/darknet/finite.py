"""Whether the weights are finite: looked at while they are copied to the caffemodel, and the others afterwards.

Reading them a second time, beside the copying, costs more: both would be at the same pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from caffe_ir.blob import Blob
from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Note, Problem
from converters.darknet.weights import Span, WeightsFile

_CHUNK = 1 << 20


class FiniteCheck:
    """The check of all arrays of a file while they are copied; `watch` is what the writer shows them to."""

    def __init__(self, weights: WeightsFile) -> None:
        self._weights = weights
        self._passed: dict[int, int] = {}
        self._odd = False

    def watch(self, blob: Blob, numbers: memoryview[int]) -> None:
        """Some of the bytes of a blob that lies in a file."""
        if blob.span is not None and blob.span.path == self._weights.path:
            self._passed[blob.span.offset] = max(blob.count, self._passed.get(blob.span.offset, 0))
        self._odd = self._odd or not np.isfinite(np.frombuffer(numbers, "<f4")).all()

    def notes(self) -> list[Note]:
        """A warning for every array with NaN or infinity. Raises ConversionError where the file cannot be read."""
        spans = self._weights.spans
        unseen = [span for span in spans if self._passed.get(span.offset, 0) < span.count]
        return non_finite(self._weights, spans if self._odd else unseen)


def non_finite(weights: WeightsFile, spans: Sequence[Span] | None = None) -> list[Note]:
    """A warning for every array (of all taken so far) that holds NaN or infinity. One pass over the file.

    Raises ConversionError where the file cannot be read.
    """
    chosen = [span for span in (weights.spans if spans is None else spans) if span.count]
    chosen.sort(key=lambda span: span.offset)
    if not chosen:
        return []
    try:
        counts = _count_non_finite(weights.path, chosen)
    except OSError as error:
        raise ConversionError(
            Problem(kind=CANNOT_READ, what=f"cannot be read: {error.strerror}", origin=weights.origin())
        ) from error
    return [
        Note(
            kind="warning",
            text=f"{count} of {span.count} values of the {span.what} of {span.origin.layer} are NaN or infinite",
            origin=span.origin,
        )
        for span, count in zip(chosen, counts, strict=True)
        if count
    ]


def _count_non_finite(path: Path, spans: Sequence[Span]) -> npt.NDArray[np.int64]:
    """How many values of each of these spans (sorted, apart from each other, none empty) are NaN or infinite.

    Reads into one small buffer: a mapping of the file would grow the resident memory by the whole of it.
    """
    counts = np.zeros(len(spans), np.int64)
    starts = np.array([span.offset for span in spans], np.int64)
    ends = starts + 4 * np.array([span.count for span in spans], np.int64)
    raw = memoryview(bytearray(_CHUNK))
    gaps = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    with open(path, "rb") as file:
        for run in np.split(np.arange(len(spans)), gaps):  # arrays without a gap between them
            at, end = file.seek(starts[run[0]]), ends[run[-1]]
            while at < end and (got := file.readinto(raw[: end - at]) // 4):
                finite = np.isfinite(np.frombuffer(raw[: 4 * got], "<f4"))
                if not finite.all():
                    offsets = at + 4 * np.flatnonzero(~finite)
                    which = np.searchsorted(starts, offsets, side="right") - 1
                    counts += np.bincount(which, minlength=len(spans))
                at += 4 * got
    return counts
