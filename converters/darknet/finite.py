"""Whether the weights are finite: looked up in a thread of its own, while the files are written."""

from __future__ import annotations

from threading import Thread

from caffe_ir.errors import Note
from converters.darknet.weights import WeightsFile


class FiniteCheck:
    """The check of all arrays of a file, under way from the moment it is made."""

    def __init__(self, weights: WeightsFile) -> None:
        self._weights = weights
        self._notes: list[Note] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def notes(self) -> list[Note]:
        """A warning for every array with NaN or infinity, once all are read. Raises whatever kept it from reading."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._notes

    def _run(self) -> None:
        try:
            self._notes = self._weights.non_finite()
        except BaseException as error:  # a thread that died would pass for one that found nothing
            self._error = error
