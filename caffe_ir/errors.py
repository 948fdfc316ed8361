"""What is reported to the user: where in the source something stands, what is wrong with it, what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct, field

from caffe_ir.error_kinds.kind import Kind
from caffe_ir.visible import visible

_END = "\n"
"""A hint may have several lines."""


class Origin(Struct, frozen=True, kw_only=True):
    """The place in the user's own source that a layer comes from.

    `layer` is the source's own name for it (`conv_12`, `layer1.0.conv1`); the names of Caffe layers derive from it.
    `what` is how the source spells it (`[convolutional]`, `conv2d`).
    """

    layer: str
    what: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return visible(" ".join(part for part in (place, self.what) if part) or self.layer)


class Problem(Struct, frozen=True, kw_only=True):
    """One reason why a model cannot be converted: what is wrong, why, and what the user can do about it.

    `trace` is the traceback of the user's own code, whose lines stand below what is wrong. `kind` has the code under
    which `convert explain` and the documents say more.
    """

    kind: Kind | None = None
    what: str
    why: str = ""
    hint: str = ""
    origin: Origin | None = None
    trace: str = ""

    def __str__(self) -> str:
        what = visible(self.what) + (f"\n{visible(self.trace, keep=_END)}" if self.trace else "")
        head = f"{self.origin}: {what}" if self.origin else what
        why = f" ({visible(self.why)})" if self.why else ""
        hint = f"\n    -> {visible(self.hint, keep=_END)}" if self.hint else ""
        return f"{head}{why}{hint}"

    def with_code(self) -> str:
        """The same with the code of its kind before it."""
        return self.kind.mark(str(self)) if self.kind else str(self)


class ConversionError(Exception):
    """The model cannot be converted; `problems` lists every reason that was found, never only the first.

    `notes` are the warnings that were there already: what is odd in a source may be why it cannot be converted.
    """

    def __init__(self, *problems: Problem, notes: Sequence[Note] = ()) -> None:
        self.problems = problems
        self.notes = tuple(notes)
        super().__init__("\n".join(str(problem) for problem in problems))


class ShapeError(ValueError):
    """A layer refuses the shapes of its bottoms or of its blobs, as Caffe would."""


class Problems(Struct):
    """Collects problems, so that all of them can be reported at once."""

    found: list[Problem] = field(default_factory=list)

    def add(
        self, what: str, *, kind: Kind | None = None, why: str = "", hint: str = "", origin: Origin | None = None
    ) -> None:
        """Keep one more problem; `raise_if_any` raises with all of them."""
        self.found.append(Problem(kind=kind, what=what, why=why, hint=hint, origin=origin))

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Take in the problems of a ConversionError that the block raises, and go on behind it."""
        try:
            yield
        except ConversionError as error:
            self.found.extend(error.problems)

    def raise_if_any(self) -> None:
        """Raise ConversionError with all problems found so far, if there are any."""
        if self.found:
            raise ConversionError(*self.found)


NoteKind = Literal["assumed", "warning", "lowered", "folded", "dropped"]


class Note(Struct, frozen=True, kw_only=True):
    """A fact about the conversion that is not an error and that the user must be able to read."""

    kind: NoteKind
    text: str
    origin: Origin | None = None

    def __str__(self) -> str:
        text = visible(self.text)
        return f"{self.origin}: {text}" if self.origin else text
