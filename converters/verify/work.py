"""What is compared, and how its parts are called on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from caffe_ir.files.prototxt import written_names
from caffe_ir.node import Node
from converters.verify.blame import Fault
from converters.verify.engine import CaffeFiles
from converters.verify.matching import Makers, Matches
from converters.verify.pair import Pair
from converters.verify.source import Feeds, Source

Progress = Callable[[str, str, int, int], None]
"""Called with what is running, at which value, its number, and how many there are."""


class Work(Struct, frozen=True, kw_only=True):
    """What is compared: a source and two Caffe files, on which inputs, and who is informed.

    `differences` are those of the layers from what the converter writes, by their names and in the order of the net.
    `makers` are the layers of the files, `due` those that the converter writes; `known` are the blobs of which the
    values are known: there the layers that make another blob begin.
    """

    source: Source
    files: CaffeFiles
    pair: Pair
    matched: Matches
    differences: Mapping[str, Sequence[Fault]]
    makers: Makers
    due: Makers
    known: frozenset[str]
    feeds: Sequence[Feeds]
    foreign: bool = False
    """The prototxt is not the converter's."""
    further: Sequence[Feeds] = ()
    """Inputs that only show whether two nets mean the same; in float32 they would cost more than usual."""
    progress: Progress

    def behind(self, blob: str) -> bool:
        """Whether this is an output's last state, made from the blob that holds the output's value already."""
        meant = self.source.expected.values[self.matched.value(self.matched.held[blob])]
        return meant != blob and meant in self.matched.held

    def ours(self, blob: str) -> list[Node]:
        """The layers of the files that make a blob out of values that are known."""
        return self.makers.of(blob, self.known)

    def theirs(self, value: str) -> list[Node]:
        """The layers that the converter writes for a value of the source."""
        return self.due.of(self.source.expected.values[value], self.known)

    def output(self, blob: str) -> str:
        """What the prototxt calls a blob."""
        return written_names(self.files.net)[blob]

    def place(self, value: str) -> str:
        """Where in the user's source a value is computed."""
        origin = self.source.origins.get(value)
        return str(origin) if origin is not None else ""
