"""Whether the weights are finite: looked up in a thread of its own, while the files are written."""

from __future__ import annotations

from threading import Thread

from caffe_ir.errors import ConversionError, Note
from converters.darknet.weights import WeightsFile


class FiniteCheck:
    """The check of all arrays of a file, under way from the moment it is made."""

    def __init__(self, weights: WeightsFile) -> None:
        self._weights = weights
        self._notes: list[Note] = []
        self._error: ConversionError | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def notes(self) -> list[Note]:
        """A warning for every array with NaN or infinity, once all are read. Raises ConversionError as `non_finite`."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._notes

    def _run(self) -> None:
        try:
            self._notes = self._weights.non_finite()
        except ConversionError as error:
            self._error = error
