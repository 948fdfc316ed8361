"""Darknet's .weights files: a header, then float32 arrays in the layers' order (src/parser.c load_weights_upto)."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from caffe_ir.blob import Blob, Shape
from caffe_ir.errors import ConversionError, Note, Origin, Problem
from caffe_ir.given_files import check_regular

Dialect = Literal["darknet", "alexeyab"]

# What the writers put there: the first Darknet files, pjreddie's, AlexeyAB's.
KNOWN_VERSIONS = ((0, 1, 0), (0, 2, 0), (0, 2, 5))

_SIGNATURES = (
    (0, b"PK\x03\x04", "a zip archive, as PyTorch and Keras write"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (8, b'{"', "a safetensors file"),
    (0, b"version https://git-lfs", "a Git LFS pointer instead of the file itself"),
    (0, b"\x08\x03\x12", "an ONNX model"),
    (0, b"\x08\x04\x12", "an ONNX model"),
    (0, b"\x08\x05\x12", "an ONNX model"),
    (0, b"\x08\x06\x12", "an ONNX model"),
    (0, b"\x08\x07\x12", "an ONNX model"),
    (0, b"\x08\x08\x12", "an ONNX model"),
    (0, b"\x08\x09\x12", "an ONNX model"),
    (0, b"\x08\x0a\x12", "an ONNX model"),
    (0, b"\x80\x02", "a Python pickle, as PyTorch writes"),
    (0, b"\x80\x03", "a Python pickle"),
    (0, b"\x80\x04", "a Python pickle"),
    (0, b"\x80\x05", "a Python pickle"),
)
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_CHUNK = 1 << 20
_VERSION_BYTES = 12


class Header(Struct, frozen=True, kw_only=True):
    """The first bytes of a file. `transposed`: the matrices of connected layers are stored [inputs][outputs]."""

    major: int
    minor: int
    revision: int
    seen: int
    transposed: bool
    size: int


class Span(Struct, frozen=True, kw_only=True):
    """An array that was asked for, and where it lies in the file."""

    origin: Origin
    what: str
    offset: int
    count: int


def parse_header(data: bytes, dialect: Dialect) -> Header | None:
    """The header, or None if `data` is too short for one.

    `seen` has 64 bits from version 0.2 on; pjreddie keeps 32 where major or minor is 1000 or more, AlexeyAB does not.
    The oldest files hold other things there, so that the sum runs over: it is taken as the processor takes it.
    """
    if len(data) < _VERSION_BYTES:
        return None
    major, minor, revision = struct.unpack_from("<3i", data)
    wide = ctypes.c_int32(major * 10 + minor).value >= 2 and (dialect == "alexeyab" or max(major, minor) < 1000)
    size = _VERSION_BYTES + (8 if wide else 4)
    if len(data) < size:
        return None
    (seen,) = struct.unpack_from("<Q" if wide else "<i", data, _VERSION_BYTES)
    transposed = major > 1000 or minor > 1000
    return Header(major=major, minor=minor, revision=revision, seen=seen, transposed=transposed, size=size)


class WeightsFile(Struct, kw_only=True, eq=False):
    """A cursor over the arrays of a file. Arrays are taken in the file's order; none is read before it is used."""

    path: Path
    header: Header
    size: int
    other_header: Header | None
    spans: list[Span] = field(default_factory=list)

    @staticmethod
    def open(path: str | Path, dialect: Dialect) -> WeightsFile:
        """Read the header. Raises ConversionError where the file cannot be read or is no Darknet weights file."""
        try:
            check_regular(path)
            with open(path, "rb") as file:
                head = file.read(512)
                size = file.seek(0, 2)
        except OSError as error:
            raise _refusal(path, f"cannot be read: {error.strerror or error}") from error
        header = parse_header(head, dialect)
        looks_like = _looks_like(head)
        if header is None and not looks_like:
            raise _refusal(path, f"is shorter than the header of a Darknet weights file ({size} bytes)")
        if header is None or looks_like or not _plausible(head):
            what = f"is {looks_like}" if looks_like else "begins with numbers that no Darknet version has written"
            raise _refusal(
                path, what, why="it is no Darknet weights file", hint="the cfg comes first, then the weights"
            )
        other = parse_header(head, "darknet" if dialect == "alexeyab" else "alexeyab")
        return WeightsFile(path=Path(path), header=header, size=size, other_header=other)

    @property
    def major(self) -> int:
        return self.header.major

    @property
    def minor(self) -> int:
        return self.header.minor

    @property
    def revision(self) -> int:
        return self.header.revision

    @property
    def seen(self) -> int:
        return self.header.seen

    @property
    def transposed(self) -> bool:
        return self.header.transposed

    @property
    def position(self) -> int:
        """Where the next array begins; beyond `size` once the file was too short."""
        return self.spans[-1].offset + 4 * self.spans[-1].count if self.spans else self.header.size

    def read(self, shape: Shape, *, origin: Origin, what: str) -> Blob:
        """The next array. Never fails: what the file does not hold is told by `finish`."""
        span = Span(origin=origin, what=what, offset=self.position, count=math.prod(shape))
        if min(shape, default=0) < 0:
            raise ConversionError(Problem(what=f"{what} cannot have the shape {shape}", origin=origin))
        self.spans.append(span)
        return Blob.in_file(self.path, span.offset, shape)

    def finish(self, allow_trailing: bool) -> tuple[list[Problem], list[Note]]:
        """Whether the arrays taken fill the file exactly, and what is worth knowing of the header."""
        notes = self._header_notes()
        short = [span for span in self.spans if span.offset + 4 * span.count > self.size]
        if short:
            return [self._too_short(short[0])], notes
        left = self.size - self.position
        if left == 0:
            return [], notes
        counted = f"{left} bytes are" if left > 1 else "1 byte is"
        what = f"{counted} left in {self.path.name} after the last layer"
        if allow_trailing:
            return [], [*notes, Note(kind="dropped", text=f"{what}; not used", origin=self._origin())]
        hint = f"{self._other_dialect(left)}is it the file of another cfg? --allow-trailing takes it nevertheless"
        why = f"the cfg asks for {self.position} bytes, the file has {self.size}"
        return [Problem(what=what, why=why, hint=hint, origin=self._origin())], notes

    def non_finite(self, spans: Sequence[Span] | None = None) -> list[Note]:
        """A warning for every array (of all taken so far) that holds NaN or infinity. One pass over the file."""
        chosen = [span for span in (self.spans if spans is None else spans) if span.count]
        chosen.sort(key=lambda span: span.offset)
        if not chosen:
            return []
        try:
            counts = _count_non_finite(self.path, chosen)
        except OSError as error:
            raise _refusal(self.path, f"cannot be read: {error.strerror}") from error
        return [
            Note(
                kind="warning",
                text=f"{count} of {span.count} values of the {span.what} of {span.origin.layer} are NaN or infinite",
                origin=span.origin,
            )
            for span, count in zip(chosen, counts, strict=True)
            if count
        ]

    def _too_short(self, span: Span) -> Problem:
        missing = self.position - self.size
        there = max(0, self.size - span.offset)
        where = f"within the {span.what} of" if there else f"before the {span.what} of"
        counted = f"{missing} bytes are" if missing > 1 else "1 byte is"
        what = f"{self.path.name} ends {where} {span.origin.layer}: {counted} missing"
        why = (
            f"the cfg asks for {self.position} bytes, the file has {self.size}; Darknet would go on with random weights"
        )
        hint = f"{self._other_dialect(-missing)}is the file complete, and of this cfg?"
        if not there:
            hint += f" It holds nothing from {span.origin.layer} on, like a file of pretrained first layers"
        return Problem(what=what, why=why, hint=hint, origin=span.origin)

    def _other_dialect(self, left: int) -> str:
        """A hint where the file would fit if the other dialect read its header."""
        if self.other_header is None or self.other_header.size - self.header.size != left or left == 0:
            return ""
        return "it would fit as the other Darknet, pjreddie's or AlexeyAB's, reads the header; "

    def _header_notes(self) -> list[Note]:
        version = (self.major, self.minor, self.revision)
        notes = []
        if self.transposed:
            text = "the weights' header is of a very old Darknet: matrices of connected layers are stored transposed"
            notes.append(Note(kind="assumed", text=text, origin=self._origin()))
        elif version not in KNOWN_VERSIONS:
            told = ".".join(map(str, version))
            text = f"the weights' header says version {told}, which is none of Darknet's own"
            notes.append(Note(kind="warning", text=text, origin=self._origin()))
        return notes

    def _origin(self) -> Origin:
        return Origin(layer="", file=str(self.path))


def _plausible(head: bytes) -> bool:
    """Three version numbers; or, in the oldest (transposed) files, learning rate, momentum and decay as floats."""
    if all(0 <= number < 10000 for number in np.frombuffer(head, "<i4", 3).tolist()):
        return True
    rate, momentum, decay = np.frombuffer(head, "<f4", 3).tolist()
    return bool(1e-9 <= rate <= 10 and (momentum == 0 or 0.1 <= momentum <= 1) and (decay == 0 or 1e-9 <= decay <= 1))


def _looks_like(head: bytes) -> str:
    """What kind of file begins like this, where it is surely no weights file; else ''."""
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    if not head or not _TEXT.issuperset(head):
        return ""
    return "a text file, maybe a cfg" if head.lstrip().startswith(b"[") else "a text file"


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


def _refusal(path: str | Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    return ConversionError(Problem(what=what, why=why, hint=hint, origin=Origin(layer="", file=str(path))))
