"""A machine for pickles that runs nothing: it builds lists and tables, and asks for the meaning of every class by name.

What a pickle can make Python do with a few bytes (huge allocations, endless lines) ends here at a limit, which the
message says. Long bytes stay in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from caffe_ir.error_kinds.weights import BEYOND_LIMITS, CUT_SHORT
from converters.weights.octets import Octets
from converters.weights.pickle_values import LONGEST_NAME, Global, Inert, Meaning, kind_of, name_of
from converters.weights.unreadable import SAVE_ALONE, Unreadable

MOST_OPERATIONS = 2_000_000
"""A checkpoint of 1,000 tensors with its optimizer takes some 100,000, a whole pickled model less."""
MOST_TEXT = 1 << 26
"""So many bytes of names and short literals are kept, together."""

_IN_MEMORY = 1 << 16
"""Longer literals stay in the file."""
_LONGEST_LINE = 1 << 16


class Stopped(Exception):
    """The pickle has come to its end."""


class Machine:
    """A stack machine that follows a pickle and makes nothing but plain values: no name in it is imported or called."""

    def __init__(self, file: BinaryIO, end: int, meaning: Meaning, path: Path | None) -> None:
        self.file, self.end, self.meaning, self.path = file, end, meaning, path
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        """The stacks under the marks."""
        self.memo: dict[int, Any] = {}
        self.text = 0

    def run(self, operations: Mapping[bytes, Callable[[Machine], None]]) -> Any:
        """The object that the pickle leaves. Raises Unreadable."""
        read = self.file.read
        try:
            for _ in range(MOST_OPERATIONS):
                operations.get(read(1), Machine.no_operation)(self)
        except Stopped as stopped:
            if self.file.tell() > self.end:
                self.cut_short()
            return stopped.args[0]
        except Unreadable:  # of what lies behind the end nothing is said but that the pickle has none
            if self.file.tell() > self.end:
                self.cut_short()
            raise
        except IndexError:
            self.damaged("it takes more than there is")
        except ValueError as error:  # a number or a text that is none
            self.damaged(str(error))
        what = f"holds a pickle of more than {MOST_OPERATIONS:,} operations"
        raise Unreadable(what, "weights take a few for each tensor", SAVE_ALONE, kind=BEYOND_LIMITS)

    def damaged(self, why: str) -> NoReturn:
        if self.file.tell() > self.end:
            self.cut_short()
        raise Unreadable(f"holds a damaged pickle: {why}, at byte {self.file.tell():,}")

    def cut_short(self) -> NoReturn:
        raise Unreadable(f"is cut short: its pickle has no end by byte {self.file.tell():,}", kind=CUT_SHORT)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def literal(self, count: int) -> bytes:
        """So many bytes, which are kept. Raises Unreadable."""
        self.text += count
        if self.text > MOST_TEXT:
            raise Unreadable(
                f"holds a pickle with more than {MOST_TEXT:,} bytes of text", hint=SAVE_ALONE, kind=BEYOND_LIMITS
            )
        return self.number(count)

    def number(self, count: int) -> bytes:
        found = self.file.read(count)
        if len(found) < count:
            self.cut_short()
        return found

    def unsigned(self, count: int) -> int:
        return int.from_bytes(self.number(count), "little")

    def line(self) -> bytes:
        found = self.file.readline(_LONGEST_LINE)
        if not found.endswith(b"\n"):
            self.damaged("a line has no end")
        self.text += len(found)
        return found[:-1]

    def octets(self, count: int) -> Octets:
        """So many bytes: where they lie, and themselves where they are few."""
        begin = self.file.tell()
        if count > self.end - begin:
            self.cut_short()
        if self.path is not None and count > _IN_MEMORY:
            self.file.seek(count, 1)
            return Octets(length=count, path=self.path, offset=begin)
        return Octets(length=count, path=self.path, offset=begin, data=self.literal(count))

    def characters(self, count: int) -> str | Octets:
        """A text, or where a long one lies."""
        if count <= _IN_MEMORY:
            return self.literal(count).decode(errors="backslashreplace")
        return self.octets(count).as_text()

    # ---- the stack ---------------------------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def to_mark(self) -> list[Any]:
        found, self.stack = self.stack, self.below.pop()
        return found

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            del self.stack[-1]
        else:
            self.to_mark()

    def stop(self) -> None:
        raise Stopped(self.stack[-1])

    def no_operation(self) -> None:
        self.file.seek(-1, 1)
        code = self.file.read(1)
        self.damaged(f"there is no operation {code!r}") if self.file.tell() <= self.end else self.cut_short()

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def get(self, place: int) -> None:
        if place not in self.memo:
            self.damaged(f"nothing is kept as {place}")
        self.push(self.memo[place])

    # ---- containers --------------------------------------------------------------------------------------------------

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif isinstance(target, Inert):
            target.items.extend(values)
        else:
            self.damaged(f"{kind_of(target)} takes no items")

    def set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        table = target.entries if isinstance(target, Inert) else target
        if not isinstance(table, dict) or len(pairs) % 2:
            self.damaged(f"{kind_of(target)} takes no pairs")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            table[name_of(key)] = value

    def table(self) -> None:
        pairs = self.to_mark()
        self.push({})
        self.set(pairs)

    def set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set([key, value])

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        self.stack[-count:] = [tuple(self.stack[-count:])]

    # ---- objects -----------------------------------------------------------------------------------------------------

    def name(self, module: Any, name: Any) -> Global:
        if not isinstance(module, str) or not isinstance(name, str):
            self.damaged("a class has no name")
        if len(module) + len(name) > LONGEST_NAME:
            self.damaged(f"a class has a name of {len(module) + len(name):,} characters")
        return Global(module, name)

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.push(self.name(module, name))

    def made(self, what: Any, arguments: Any) -> Any:
        if not isinstance(arguments, tuple):
            self.damaged("what is called has no arguments")
        if isinstance(what, Global):
            return self.named(self.meaning.call, what, arguments)
        return Inert(kind=what.kind if isinstance(what, Inert) else kind_of(what), arguments=arguments)

    def outside(self, key: Any) -> None:
        self.push(self.named(self.meaning.persistent, key))

    def named(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """What is made; a problem with it gets the name that it will have: the last text that was put down.

        Raises Unreadable."""
        try:
            return make(*arguments)
        except Unreadable as error:
            put_down = (value for stack in (self.stack, *reversed(self.below)) for value in reversed(stack))
            name = next((value for value in put_down if isinstance(value, str)), "")
            raise Unreadable(
                f"{error.what}{f': {name}' if name else ''}", error.why, error.hint, kind=error.kind
            ) from None

    def reduce(self) -> None:
        arguments = self.stack.pop()
        self.push(self.made(self.stack.pop(), arguments))

    def new_with_names(self) -> None:
        self.stack.pop()
        self.reduce()

    def object_of_mark(self) -> None:
        what, *arguments = self.to_mark() or [None]
        self.push(self.made(what, tuple(arguments)))

    def instance(self) -> None:
        what = self.name(self.line().decode(), self.line().decode())
        self.push(self.made(what, tuple(self.to_mark())))

    def build(self) -> None:
        state = self.stack.pop()
        self.meaning.build(self.stack[-1], state)

    def not_here(self) -> None:
        self.damaged("it refers to what only the program that wrote it has")
