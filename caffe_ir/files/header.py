"""The comment that a prototxt of ours begins with: who wrote it, from what, with which options, and what is beside it.

    # Written by tocaffe 0.2.0: convert darknet tiny.cfg tiny.weights --fold-bn
    # source = "darknet"
    # cfg = "tiny.cfg"
    # weights = "tiny.weights"
    # fold_bn = true
    # target = "caffe"
    # source_bytes = {"tiny.cfg" = 512, "tiny.weights" = 12345}
    # file_bytes = {".caffemodel" = 12345, ".heads.json" = 432}
    # crc32 = "1a2b3c4d"

Behind the first line it is TOML. Names stand without their folders, so that the same input gives the same bytes
wherever it lies. Everything is ASCII, as the rest of the file: programs read it under any locale. All engines that we
know of skip comment lines.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert, field

from caffe_ir.given_files import read_bytes
from caffe_ir.toml_text import key_text, value_text
from caffe_ir.version import VERSION
from caffe_ir.visible import visible

_FIRST, _LINE = "# Written by tocaffe ", "# "


class Origins(Struct, frozen=True, kw_only=True):
    """What a converter knows of a net that is to be written; its files are named without their folders."""

    command: str = ""
    """The command that writes it, as it would be typed."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The source and the options by their names, as a manifest of `convert batch` has them."""
    source_bytes: Mapping[str, int] = field(default_factory=dict)
    """Sizes of the source's files, by name."""


class Header(Struct, frozen=True, kw_only=True):
    """The comment of a file, read. It is not to be trusted more than the file: options may hold anything."""

    version: str
    command: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    source_bytes: Mapping[str, int] = field(default_factory=dict)
    file_bytes: Mapping[str, int] = field(default_factory=dict)
    """Sizes of the other files of the net, by what follows the stem in their names."""
    edited: bool = False
    """Whether the text was changed after it was written."""


def with_header(text: str, origins: Origins, target: str, file_bytes: Mapping[str, int]) -> str:
    """The text of a prototxt behind its comment."""
    command = visible(origins.command).encode("ascii", "backslashreplace").decode()
    facts = {
        **origins.options,
        "target": target,
        "source_bytes": origins.source_bytes,
        "file_bytes": file_bytes,
        "crc32": _checksum(text.encode()),
    }
    lines = [f"{_FIRST}{VERSION}{': ' * bool(command)}{command}"]
    lines += [f"{_LINE}{key_text(key)} = {value_text(value)}" for key, value in facts.items() if value != {}]
    return "\n".join(lines) + "\n" + text


def read_header(path: str | Path) -> Header | None:
    """The comment of a prototxt; None where tocaffe did not write it. Raises OSError."""
    return header_of(read_bytes(path))


def header_of(data: bytes) -> Header | None:
    """The same for the bytes of a file."""
    first, *others = data.replace(b"\r\n", b"\n").split(b"\n")
    if not first.startswith(_FIRST.encode()):
        return None
    count = next((place for place, line in enumerate(others) if not line.startswith(_LINE.encode())), len(others))
    version, _, command = first.decode(errors="replace").removeprefix(_FIRST).partition(": ")
    try:
        facts = _facts(b"\n".join(line.removeprefix(_LINE.encode()) for line in others[:count]))
        given, checksum = {name: facts.pop(name, {}) for name in ("source_bytes", "file_bytes")}, facts.pop("crc32")
        edited = checksum != _checksum(b"\n".join(others[count:]))
        return convert({"version": version, "command": command, "options": facts, "edited": edited, **given}, Header)
    except (ValueError, KeyError, ValidationError):
        return Header(version=version, command=command, edited=True)


def _facts(lines: bytes) -> dict[str, Any]:
    from caffe_ir.toml import parsed  # whoever writes has no use for the parser

    return parsed(lines.decode())


def _checksum(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"
