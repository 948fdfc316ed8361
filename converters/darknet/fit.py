"""Whether a weights file is as long as its cfg asks for, and with which header; what it may be where it is not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from msgspec import Struct

from caffe_ir.error_kinds.darknet import WEIGHTS_HEADER, WEIGHTS_TOO_LONG, WEIGHTS_TOO_SHORT
from caffe_ir.errors import Note, Problem
from converters.darknet.header import SIZES, header_notes
from converters.darknet.readings import Reading, counted, read_behind, size_of_weights
from converters.darknet.weights import WeightsFile

_WRITERS = {16: " (32-bit builds wrote it)", 20: " (PyTorch-YOLOv3 and its forks write five int32)"}
_ANOTHER_CFG = "is it the file of another cfg? --allow-trailing accepts it anyway"
_ONE_NUMBER = (
    "is it the file of another cfg? one number too many may stand before the others as well as behind them, and then"
    " each is taken for its neighbour: save the file anew with the program that made it"
)
_LARGE = 0.5
"""Weights of which half are larger than this were not written as they are read."""


class Asked(Struct, frozen=True, kw_only=True):
    """Where the arrays that a cfg asks for end, in bytes after the header.

    `ends` are those of each section; the last one to be converted is `last`. A file may hold later sections, too, that
    were not asked for (--until); of these `known` says whether their sizes are in `ends`.
    """

    ends: Sequence[int]
    last: int
    known: bool = True

    @property
    def end(self) -> int:
        return self.ends[self.last]

    def end_in(self, size: int) -> int:
        """The last of the ends that a file with so many bytes after the header may have, from the one asked for on."""
        return max((end for end in self.ends[self.last :] if end <= size), default=self.end)

    def fits(self, size: int) -> bool:
        """Whether a file with so many bytes after the header ends where a section does, from the last asked for on."""
        return size in self.ends[self.last :] or (not self.known and size > self.ends[-1])


class OtherHeader(Struct, frozen=True, kw_only=True):
    """A header of another length than its version has: as read so, and as read by its version."""

    here: Reading
    usual: Reading
    version: str

    @property
    def taken(self) -> bool:
        """Whether the numbers do not speak against it."""
        return self.here.odd <= self.usual.odd

    @property
    def text(self) -> str:
        size, usual = self.here.header, self.usual.header
        text = f"the weights' header has {size} bytes, where version {self.version} has {usual}{_WRITERS.get(size, '')}"
        return f"{text}: read so, {self.here}; read with {usual}, {self.usual}"


def other_header(weights: WeightsFile, asked: Asked) -> OtherHeader | None:
    """The header with which the file fits, where the one that its version has does not."""
    size = weights.size - weights.header.size
    if weights.doubt is not None or asked.fits(size):
        return None
    for other in reversed(SIZES[1:]):
        if other != weights.header.size and asked.fits(weights.size - other):
            return OtherHeader(
                here=read_behind(weights, other, asked.end_in(weights.size - other)),
                usual=read_behind(weights, weights.header.size, asked.end_in(size)),
                version=weights.header.version_text,
            )
    return None


def finish(
    weights: WeightsFile, asked: Asked, *, allow_trailing: bool, classes: str
) -> tuple[list[Problem], list[Note]]:
    """Whether the arrays taken fill the file exactly, and what is worth knowing of the header.

    `classes` says with which other numbers in the cfg the file would fit, where there are such.
    """
    notes = header_notes(weights.header, weights.origin())
    left = weights.size - weights.header.size - asked.end
    if weights.doubt is not None:
        return [_headerless(weights) if left == 0 else weights.doubt], notes
    if left == 0:
        return [], notes
    if left < 0:
        return [_too_short(weights, asked, classes)], notes
    what = f"{counted(left)} in {weights.path.name} after the last layer"
    if allow_trailing:
        return [], [*notes, Note(kind="dropped", text=f"{what}; not used", origin=weights.origin())]
    if asked.fits(asked.end + left):
        text = f"{left} bytes of {weights.path.name}, those of later sections, are not used"
        return [], [*notes, Note(kind="dropped", text=text, origin=weights.origin())]
    hint = _explained(weights, asked, classes) or (_ONE_NUMBER if left == 4 else _ANOTHER_CFG)
    return [
        Problem(kind=WEIGHTS_TOO_LONG, what=what, why=_why(weights, asked), hint=hint, origin=weights.origin())
    ], notes


def _too_short(weights: WeightsFile, asked: Asked, classes: str) -> Problem:
    span = next(span for span in weights.spans if span.offset + 4 * span.count > weights.size)
    missing = asked.end + weights.header.size - weights.size
    there = max(0, weights.size - span.offset)
    where = f"within the {span.what} of" if there else f"before the {span.what} of"
    what = f"{weights.path.name} ends {where} {span.origin.layer}: {counted(-missing)}"
    why = f"{_why(weights, asked)}; Darknet would go on with random weights"
    hint = _explained(weights, asked, classes) or _until(weights, asked) or "is the file complete, and of this cfg?"
    return Problem(kind=WEIGHTS_TOO_SHORT, what=what, why=why, hint=hint, origin=span.origin)


def _why(weights: WeightsFile, asked: Asked) -> str:
    return f"the cfg asks for {asked.end + weights.header.size} bytes, the file has {weights.size}"


def _explained(weights: WeightsFile, asked: Asked, classes: str) -> str:
    """A hint where the size of the file has an explanation, the likeliest first; else ''."""
    if weights.other_header is not None and asked.fits(weights.size - weights.other_header.size):
        return "it would fit as the other Darknet, pjreddie's or AlexeyAB's, reads the header: see --dialect"
    other = other_header(weights, asked)
    if other is not None:
        size = other.here.header
        text = f"with a header of {size} bytes it would fit, but then {other.here}"
        return f"{text}: --header-bytes {size} if that is right"
    if weights.size == asked.end:
        return "it would fit without a header: --header-bytes 0 if it holds nothing but the numbers"
    return _other_numbers(weights, asked) or (classes and f"it would fit with {classes} in the cfg")


def _until(weights: WeightsFile, asked: Asked) -> str:
    """A hint for a file of the first sections, as `darknet partial` writes them (darknet53.conv.74)."""
    for header in (weights.header.size, *reversed(SIZES[1:])):
        last = max((place for place, end in enumerate(asked.ends) if end == weights.size - header), default=-1)
        if last >= 0 and asked.ends[last]:
            text = f"it holds the weights up to section {last}, like a file of pretrained first layers"
            return f"{text}: --until {last} converts so far"
    return ""


def _headerless(weights: WeightsFile) -> Problem:
    why = "its size is exactly that of the numbers that the cfg asks for"
    hint = "--header-bytes 0 reads it so"
    return Problem(
        kind=WEIGHTS_HEADER, what=f"{weights.path.name} has no header", why=why, hint=hint, origin=weights.origin()
    )


def _other_numbers(weights: WeightsFile, asked: Asked) -> str:
    """A hint where the file holds as many numbers as are asked for, in another form than float32."""
    for form, dtype, bytes_ in (("float16", "<f2", 2), ("float64", "<f8", 8)):
        header = next((one for one in reversed(SIZES) if (weights.size - one) * 4 == asked.end * bytes_), None)
        if header is None:
            continue
        if read_behind(weights, header, asked.end, dtype).odd or size_of_weights(weights, header, dtype) > _LARGE:
            return f"it has the size of {bytes_} bytes for each number, where Darknet's float32 has 4"
        command = _rewriting(weights, header, dtype)
        return f"its numbers seem to be {form}, Darknet's are float32; to write them so: {command}"
    return ""


def _rewriting(weights: WeightsFile, header: int, dtype: str) -> str:
    """A command that writes the file anew with float32 numbers."""
    source, target = (json.dumps(str(path)) for path in (weights.path, weights.path.with_suffix(".float32.weights")))
    head = f"b[:{header}]" if header else "bytes(20)"
    numbers = f'np.frombuffer(b[{header}:],"{dtype}").astype("<f4").tobytes()'
    program = f'b=open({source},"rb").read();open({target},"wb").write({head}+{numbers})'
    return f"python3 -c {shlex.quote(f'import numpy as np;{program}')}"
