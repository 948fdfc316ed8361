"""One section of a cfg and its options, read as Darknet reads them (src/option_list.c), with C's own atoi and atof."""

from __future__ import annotations

import builtins
import ctypes
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from caffe_ir.errors import Note, Origin
from converters.darknet.ignored import IGNORED_BY_KIND, IGNORED_IN_LAYERS, IGNORED_IN_NET

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|infinity|inf|nan)",
    re.IGNORECASE,
)


def atoi(text: str) -> tuple[int, bool]:
    """What C's atoi reads at the start of `text`, and whether it is all of it (glibc: strtol, cut to 32 bits)."""
    found = _INT.match(text)
    if found is None:
        return 0, False
    digits = found[0].lstrip("+-0")[:20] or "0"
    value = -int(digits) if found[0][0] == "-" else int(digits)
    long = max(-(2**63), min(2**63 - 1, value))
    cut = ctypes.c_int32(long & 0xFFFFFFFF).value
    return cut, found.end() == len(text) and cut == value


def atof(text: str) -> tuple[float, bool]:
    """The float32 next to what C's atof reads at the start of `text`, and whether it is all of it."""
    found = _FLOAT.match(text)
    if found is None:
        return 0.0, False
    try:
        value = float.fromhex(found[0]) if "x" in found[0].lower() else float(found[0])
    except OverflowError:
        value = float("-inf" if found[0][0] == "-" else "inf")
    return ctypes.c_float(value).value, found.end() == len(text)


class Option(Struct, frozen=True, kw_only=True):
    """One `key=value` line; `value` is None on a line without `=`, which Darknet takes for a key that is not set."""

    value: str | None
    line: int


class Section(Struct, frozen=True, kw_only=True, eq=False):
    """One section. It remembers which of its options were read, and what there was to say about their values.

    `kind` is the type without brackets and aliases; `written` is the type as it stands in the file; `index` counts
    the sections after [net] from 0, and is -1 for [net].
    """

    file: str
    kind: str
    written: str
    index: int
    line: int
    options: Mapping[str, Option]
    _asked: set[str] = field(default_factory=set)
    _odd: dict[str, Note] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        """The section's own name: `net`, `convolutional_0`, `shortcut_15`."""
        return self.kind if self.index < 0 else f"{self.kind}_{self.index}"

    @property
    def notes(self) -> tuple[Note, ...]:
        """A warning for every option read so far that Darknet takes for something else than what is written."""
        return tuple(self._odd.values())

    def misread(self, key: str | None) -> str:
        """What Darknet takes an option for, where that is something else than what is written; else nothing."""
        return self._odd[key].text if key in self._odd else ""

    def origin(self, key: str | None = None) -> Origin:
        """Where the section begins, or the line of its option `key`."""
        line = self.options[key].line if key is not None and key in self.options else self.line
        return Origin(layer=self.layer, what=self.written, file=self.file, line=line)

    def has(self, key: str) -> bool:
        """Whether `key` has a value; counts as reading it."""
        return self._find(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """The value as it is written: Darknet knows no comment behind a value."""
        value = self._find(key)
        if value is None:
            return default
        if "#" in value or ";" in value:
            self._tell(key, f"Darknet takes {value!r} as it stands, it knows no comment behind a value")
        return value

    def int(self, key: str, default: builtins.int) -> builtins.int:
        """What atoi reads from the value."""
        value = self._find(key)
        if value is None:
            return default
        read, whole = atoi(value)
        if not whole:
            self._tell(key, f"Darknet reads {read}")
        return read

    def float(self, key: str, default: builtins.float) -> builtins.float:
        """What atof reads from the value, rounded to float32 as Darknet keeps it (option_find_float)."""
        value = self._find(key)
        if value is None:
            return ctypes.c_float(default).value
        read, whole = atof(value)
        if not whole:
            self._tell(key, f"Darknet reads {read:g}")
        return read

    def ints(
        self, key: str, default: tuple[builtins.int, ...] = (), *, until_hash: bool = False
    ) -> tuple[builtins.int, ...]:
        """A list: as many elements as commas plus one, each read by atoi.

        AlexeyAB's fork stops counting at a `#` in some lists (`until_hash`: parse_yolo_mask), not in others.
        """
        parts = self._parts(key, until_hash)
        if parts is None:
            return default
        read = [atoi(part) for part in parts]
        values = tuple(value for value, _ in read)
        self._tell_list(key, values, all(whole for _, whole in read))
        return values

    def floats(
        self, key: str, default: tuple[builtins.float, ...] = (), *, until_hash: bool = False
    ) -> tuple[builtins.float, ...]:
        """A list: as many elements as commas plus one, each read by atof and rounded to float32."""
        parts = self._parts(key, until_hash)
        if parts is None:
            return default
        read = [atof(part) for part in parts]
        values = tuple(value for value, _ in read)
        self._tell_list(key, values, all(whole for _, whole in read))
        return values

    def read_keys(self) -> list[str]:
        """The options that were asked for so far, whether the section has them or not."""
        return sorted(self._asked)

    def unread(self) -> list[tuple[str, builtins.int, str]]:
        """(key, line, value) of every option that nobody read and that is not known to be irrelevant."""
        by_kind = IGNORED_BY_KIND.get(self.kind, frozenset())
        known = IGNORED_IN_NET if self.index < 0 else IGNORED_IN_LAYERS | by_kind
        return [
            (key, option.line, option.value)
            for key, option in self.options.items()
            if option.value is not None and key not in known and key not in self._asked
        ]

    def _find(self, key: str) -> str | None:
        self._asked.add(key)
        return self.options[key].value if key in self.options else None

    def _parts(self, key: str, until_hash: bool) -> list[str] | None:
        value = self._find(key)
        if value is None:
            return None
        counted = value.split("#")[0] if until_hash else value
        return value.split(",")[: counted.count(",") + 1]

    def _tell_list(self, key: str, values: Sequence[builtins.float], whole: bool) -> None:
        if not whole:
            self._tell(key, f"Darknet reads {','.join(f'{value:g}' for value in values)}")

    def _tell(self, key: str, what: str) -> None:
        text = f"{key}={self.options[key].value}: {what}"
        self._odd.setdefault(key, Note(kind="warning", text=text, origin=self.origin(key)))
