"""Darknet's .weights files: a header, then float32 arrays in the layers' order (src/parser.c load_weights_upto)."""

from __future__ import annotations

import math
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Blob, Shape
from caffe_ir.error_kinds.darknet import NOT_DARKNET_WEIGHTS, SECTION_OPTION
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.given_files import check_regular
from converters.darknet.header import NO_HEADER, VERSION_BYTES, Dialect, Header, parse_header, plausible
from converters.darknet.signatures import looks_like, what_to_do

_HEAD = 512


class Span(Struct, frozen=True, kw_only=True):
    """An array that was asked for, and where it lies in the file."""

    origin: Origin
    what: str
    offset: int
    count: int


class WeightsFile(Struct, kw_only=True, eq=False):
    """A cursor over the arrays of a file. Arrays are taken in the file's order; none is read before it is used."""

    path: Path
    header: Header
    size: int
    """Bytes of the file."""
    other_header: Header | None
    """As the other Darknet reads it."""
    doubt: Problem | None = None
    """Why the file is not one of Darknet's, unless it turns out to be its numbers without a header."""
    spans: list[Span] = field(default_factory=list)

    @staticmethod
    def open(path: str | Path, dialect: Dialect, header_bytes: int | None = None) -> WeightsFile:
        """Read the header, of `header_bytes` or as long as its version says.

        Raises ConversionError where the file cannot be read or is not a Darknet weights file.
        """
        try:
            check_regular(path)
            with open(path, "rb") as file:
                head = file.read(_HEAD)
                size = file.seek(0, 2)
        except OSError as error:
            raise _refusal(path, f"cannot be read: {error.strerror or error}") from error
        if kind := looks_like(head):
            raise _refusal(path, f"is {kind}", why="it is not a Darknet weights file", hint=what_to_do(kind))
        header = parse_header(head, dialect, header_bytes)
        if header is None or size < VERSION_BYTES:
            what = "is empty" if size == 0 else f"is shorter than the header of a Darknet weights file ({size} bytes)"
            raise _refusal(path, what)
        file_ = WeightsFile(path=Path(path), header=header, size=size, other_header=None)
        if header_bytes is not None:
            return file_
        if not plausible(head):
            return replace(file_, header=NO_HEADER, doubt=_doubt(path))
        file_.other_header = parse_header(head, "darknet" if dialect == "alexeyab" else "alexeyab")
        return file_

    @property
    def position(self) -> int:
        """Where the next array begins; beyond `size` once the file was too short."""
        return self.spans[-1].offset + 4 * self.spans[-1].count if self.spans else self.header.size

    def read(self, shape: Shape, *, origin: Origin, what: str) -> Blob:
        """The next array. What the file lacks is reported by the fit of the file (fit.py).

        Raises ConversionError for a shape with a negative size alone."""
        span = Span(origin=origin, what=what, offset=self.position, count=math.prod(shape))
        if min(shape, default=0) < 0:
            raise ConversionError(
                Problem(kind=SECTION_OPTION, what=f"{what} cannot have the shape {shape}", origin=origin)
            )
        self.spans.append(span)
        return Blob.in_file(self.path, span.offset, shape)

    def origin(self) -> Origin:
        return Origin(layer="", file=str(self.path))


def _doubt(path: str | Path) -> Problem:
    return Problem(
        kind=NOT_DARKNET_WEIGHTS,
        what="begins with numbers that no Darknet version has written",
        why="it is not a Darknet weights file",
        hint=what_to_do(""),
        origin=Origin(layer="", file=str(path)),
    )


def _refusal(path: str | Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    return ConversionError(
        Problem(kind=NOT_DARKNET_WEIGHTS, what=what, why=why, hint=hint, origin=Origin(layer="", file=str(path)))
    )
