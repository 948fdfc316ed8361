"""Where each output of a net stands among its outputs, so that a rewrite need not search for it."""

from __future__ import annotations


class OutputPlaces:
    """The places of each output among the outputs."""

    def __init__(self, outputs: list[str]) -> None:
        self.outputs, self.count = outputs, len(outputs)
        self.places: dict[str, list[int]] = {}
        for place, blob in enumerate(outputs):
            self.places.setdefault(blob, []).append(place)

    def move(self, blob: str, to: str) -> None:
        """Give another blob in the place of one."""
        moved = self.places.pop(blob, [])
        for place in moved:
            self.outputs[place] = to
        if moved:
            self.places.setdefault(to, []).extend(moved)
