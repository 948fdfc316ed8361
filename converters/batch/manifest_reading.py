"""A manifest while it is read: its text, its tables, and what is wrong with its keys, by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from caffe_ir.error_kinds.batch import MANIFEST_KEY
from caffe_ir.errors import Origin, Problems
from caffe_ir.near_misses import did_you_mean
from converters.batch import lines
from converters.batch.job import Source
from converters.batch.options import OPTIONS, REQUIRED
from converters.batch.places import filled
from converters.options.stated import refusal

DEFAULTS = "defaults"
KEYS_EXPLAINED = "`convert batch --keys` explains them"


class Reading(Struct, kw_only=True):
    """A manifest while it is read: its text, its tables and what was found wrong. Lines are looked up on demand."""

    file: str
    text: str
    folder: Path
    targets: Sequence[str]
    problems: Problems = field(default_factory=Problems)
    lines: dict[tuple[str, ...], int] | None = None
    keys_listed: bool = False

    def refuse(self, path: tuple[str, ...], what: str, *, why: str = "", hint: str = "") -> None:
        self.problems.add(f"[{path[0]}] {what}", why=why, hint=hint, origin=self.origin(path), kind=MANIFEST_KEY)

    def origin(self, path: tuple[str, ...]) -> Origin:
        if self.lines is None:
            self.lines = lines.lines_of(self.text)
        line = self.lines.get(path) or self.lines.get(path[:1])
        return Origin(layer=path[0], file=self.file, line=line)


def _unknown(reading: Reading, key: str) -> str:
    """What may be meant by a key that there is none of; of a file's first one, all keys that there are."""
    meant = did_you_mean(key, OPTIONS, most=3)
    if reading.keys_listed:
        return meant
    reading.keys_listed = True
    return "\n       ".join([*filter(None, [meant]), f"the keys: {', '.join(sorted(OPTIONS))}", KEYS_EXPLAINED])


def checked(reading: Reading, name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a table that are right; the others are problems."""
    good = {}
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None:
            reading.refuse((name, key), f"unknown key {key}", hint=_unknown(reading, key))
        elif name == DEFAULTS and option.option.own:
            reading.refuse((name, key), f"{key} belongs to one model and cannot be a default")
        elif reason := refusal(option, value) or _bad_value(reading, key, value):
            reading.refuse((name, key), f"{key}: {reason}")
        else:
            good[key] = value
    return good


def _bad_value(reading: Reading, key: str, value: Any) -> str:
    """What is wrong with a value for reasons that its type does not show."""
    if key == "target":
        unknown = [one for one in ([value] if isinstance(value, str) else value) if one not in reading.targets]
        return f"there is no target {', '.join(unknown)}; there are {', '.join(reading.targets)}" if unknown else ""
    if key == "output":
        made = filled(value, "name", "target")
        if made is None:
            return f'"{value}" may hold {{name}} and {{target}} in braces, and nothing else'
        return f'"{value}" names no file' if Path(made).name in ("", "..") else ""
    return ""


def refuse_foreign(reading: Reading, name: str, own: Mapping[str, Any], source: Source) -> None:
    """Report each key that no model of this source has."""
    for key in own:
        if source not in OPTIONS[key].option.sources:
            reading.refuse((name, key), f"{key} is not a key for a model from {source}")


def refuse_incomplete(reading: Reading, name: str, table: Mapping[str, Any], source: Source) -> None:
    """Report what a model of this source needs and lacks, and what cannot be given together."""
    for group in REQUIRED[source]:
        held = [key for key in group if key in table]
        if not held:
            reading.refuse((name,), f"{' or '.join(group)} is missing", why=f"a model from {source} needs it")
        elif len(held) > 1:
            reading.refuse((name, held[1]), f"{' and '.join(held)} exclude each other")


def size_of_file(reading: Reading, name: str, key: str, path: Path) -> int:
    """The size of a file that must be there."""
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a null byte
        why = error.strerror if isinstance(error, OSError) else ""
        function = key == "model" and ":" in path.name
        hint = "a function that makes the model is given as factory" if function else ""
        reading.refuse((name, key), f"{key}: cannot find {path}", why=why or str(error), hint=hint)
        return 0
    if not path.is_file():
        reading.refuse((name, key), f"{key}: {path} is not a file")
    return size
