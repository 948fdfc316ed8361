"""Whether the weights are finite: looked at while they are copied to the caffemodel, and the others afterwards.

Reading them a second time, beside the copying, costs more: both would be at the same pages.
"""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.errors import Note
from converters.darknet.weights import WeightsFile


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
        return self._weights.non_finite(spans if self._odd else unseen)
