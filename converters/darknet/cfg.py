"""Darknet's .cfg files, taken apart as Darknet does it: src/parser.c read_cfg, src/utils.c strip."""

from __future__ import annotations

import configparser
import errno
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.darknet import CFG_SYNTAX, NOT_A_CFG
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.errors import ConversionError, Note, Origin, Problem, Problems
from caffe_ir.given_files import read_bytes
from converters.darknet.section import Option, Section
from converters.darknet.signatures import text_kind, what_to_do

ALIASES = {
    "network": "net",
    "conv": "convolutional",
    "deconv": "deconvolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "local_avg": "local_avgpool",
    "lrn": "normalization",
    "soft": "softmax",
    "silence": "empty",
}

LARGEST_CFG = 16 << 20
"""Bytes: a hundred times what the longest cfg that is known has."""
_HEAD = 4096
_ORDER = "the cfg file comes first, the weights file second"
_BLANKS = str.maketrans("", "", " \t\r")
_TYPE = re.compile(r"\[[^][]+\]")
_COMMENT = re.compile(r"[#;].*")
_NUMBER = re.compile(r"[-+.0-9eE]+")
_LONGEST_SHOWN = 60
_MARK = "?"
"""Stands in messages for a character that cannot be shown."""


class Cfg(Struct, frozen=True, kw_only=True):
    """A whole file: the [net] section, the others in their order, and what was found odd in the lines themselves."""

    path: str
    net: Section
    sections: tuple[Section, ...]
    notes: tuple[Note, ...]

    def all_notes(self) -> tuple[Note, ...]:
        """`notes`, and those of every section on the options read so far."""
        return self.notes + tuple(note for section in (self.net, *self.sections) for note in section.notes)


def read_cfg(path: str | Path) -> Cfg:
    """Read a cfg file. Raises ConversionError with every problem found, also where the file cannot be read at all."""
    try:
        data = read_bytes(path, LARGEST_CFG)
    except OSError as error:
        hint = _ORDER if error.errno == errno.EFBIG else ""
        raise _not_a_cfg(str(path), f"cannot be read: {error.strerror or error}", hint) from error
    return parse_cfg(data, str(path))


def parse_cfg(data: bytes, file: str) -> Cfg:
    """Read the bytes of a cfg file; `file` is the name in messages. Raises ConversionError."""
    problems, notes = Problems(), list[Note]()
    text = _decode(data, file, notes)
    lines = _meaningful_lines(text, file, problems)
    if not any(line[0] == "[" for _, line in lines):
        kind = text_kind(data[:_HEAD])
        what = f"is {kind}" if kind else "has no sections"
        problems.add(
            what, hint=what_to_do(kind) if kind else "a cfg file begins with [net]", origin=_place(file), kind=NOT_A_CFG
        )
        problems.raise_if_any()
    parser = _Ini()
    parser.read_file(_ini_lines(lines, file, problems, notes))
    sections = [_section(parser, name, index, file, notes) for index, name in enumerate(parser.sections(), -1)]
    _check(sections, problems)
    problems.raise_if_any()
    return Cfg(path=file, net=sections[0], sections=tuple(sections[1:]), notes=tuple(notes))


def cut(cfg: Cfg, last: int) -> Cfg:
    """The cfg as far as section `last`. Raises ConversionError where there is not one of that number."""
    if not 0 <= last < len(cfg.sections):
        what = f"--until {last}: {cfg.path} has the sections 0 to {len(cfg.sections) - 1}"
        raise ConversionError(Problem(kind=OPTION_VALUE, what=what))
    kept, end = cfg.sections[: last + 1], cfg.sections[last + 1].line if last + 1 < len(cfg.sections) else None
    notes = [note for note in cfg.notes if end is None or note.origin is None or (note.origin.line or 0) < end]
    return replace(cfg, sections=kept, notes=tuple(notes))


class _Ini(configparser.RawConfigParser):
    """Case kept, `=` alone divides, no comments, no interpolation, no defaults."""

    def __init__(self) -> None:
        super().__init__(delimiters=("=",), comment_prefixes=(), allow_no_value=True, interpolation=None)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _decode(data: bytes, file: str, notes: list[Note]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _not_a_cfg(file, "is UTF-16 text", hint="save it as UTF-8 without a byte order mark")
    if b"\0" in data:
        raise _not_a_cfg(file, "is not a text file", hint=_ORDER)
    if data.startswith(b"\xef\xbb\xbf"):
        text = "the cfg begins with a byte order mark, which Darknet itself crashes on; it is skipped here"
        notes.append(Note(kind="warning", text=text, origin=_place(file, 1)))
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
        text = "the lines end with carriage returns alone (CR), which no Darknet can read; they are read as lines here"
        notes.append(Note(kind="warning", text=text, origin=_place(file)))
    elif b"\r" in data:
        text = (
            "the cfg has carriage returns (CRLF): AlexeyAB's Darknet and this tool skip them, pjreddie's cannot read it"
        )
        notes.append(Note(kind="warning", text=text, origin=_place(file)))
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _meaningful_lines(text: str, file: str, problems: Problems) -> list[tuple[int, str]]:
    """The lines that are neither blank nor comments, without their blanks (strip deletes them inside a line, too).

    Bytes that are not UTF-8 text (a comment in GBK or Latin-1) do no harm where Darknet never reads them: in a comment,
    and behind the number of an option. Elsewhere it would keep them as part of a word (also a vertical tab, a no-break
    space), which no user means.
    """
    stripped = ((number, line.translate(_BLANKS)) for number, line in enumerate(text.split("\n"), 1))
    lines = [(number, line) for number, line in stripped if line and line[0] not in "#;"]
    strange = [(number, line) for number, line in lines if not _readable(line)]
    if strange:
        number, line = strange[0]
        more = f" (and {len(strange) - 1} more such lines)" if strange[1:] else ""
        what = f"{_shown(line)} has characters that are not printable UTF-8 text, here {_MARK}{more}"
        problems.add(what, hint="retype the line", origin=_place(file, number), kind=CFG_SYNTAX)
    return [(number, _marked(line)) for number, line in lines if _readable(line)]


def _readable(line: str) -> bool:
    """Whether what Darknet reads of a line is printable: all of it, or the option's key and its numbers."""
    if line.isprintable():
        return True
    key, _, value = line.partition("=")
    return key.isprintable() and line[0] != "[" and all(map(_begins_well, _COMMENT.sub("", value).split(",")))


def _begins_well(part: str) -> bool:
    printable = "".join(takewhile(str.isprintable, part))
    return printable == part or _NUMBER.fullmatch(printable) is not None


def _marked(line: str) -> str:
    return line if line.isprintable() else "".join(sign if sign.isprintable() else _MARK for sign in line)


def _shown(line: str) -> str:
    """A line as a message quotes it: not at any length."""
    marked = _marked(line)
    return marked if len(marked) <= _LONGEST_SHOWN else f"{marked[:_LONGEST_SHOWN]}..."


def _ini_lines(lines: Sequence[tuple[int, str]], file: str, problems: Problems, notes: list[Note]) -> Iterable[str]:
    """The same lines with their number before type and key, so that configparser meets no name twice."""
    early = list(takewhile(lambda one: one[1][0] != "[", lines))
    if early:
        number, line = early[0]
        more = f" (and {len(early) - 1} more such lines)" if early[1:] else ""
        what = f"{_shown(line)!r} stands before any section{more}"
        problems.add(
            what, why="Darknet crashes", hint="a cfg begins with [net]", origin=_place(file, number), kind=CFG_SYNTAX
        )
    for number, line in lines[len(early) :]:
        if line[0] == "[":
            yield f"[{number}:{line}]"
        elif line.find("=") == len(line) - 1:
            text = f"{line} has no value, Darknet drops the line"
            notes.append(Note(kind="warning", text=text, origin=_place(file, number)))
        else:
            yield f"{number}:{line}"


def _section(parser: _Ini, name: str, index: int, file: str, notes: list[Note]) -> Section:
    number, _, written = name.partition(":")
    kind = written.removeprefix("[").removesuffix("]")
    options: dict[str, Option] = {}
    pairs: Sequence[tuple[str, str | None]] = parser.items(name)
    for numbered, value in pairs:
        line, _, key = numbered.partition(":")
        option = Option(value=value, line=int(line))
        first = options.setdefault(key, option)
        if first is not option:
            shown = "not set" if first.value is None else repr(first.value)
            text = f"{key} stands in line {first.line} already: Darknet takes the first, {shown}"
        elif value is None:
            text = f"{key} has no '=': Darknet takes it for not set, also if it is set further down in the section"
            text += f"; did you mean {key.replace(':', '=', 1)}?" if ":" in key else ""
        elif not key:
            text = f"={value} has no key, Darknet never reads it"
        else:
            continue
        notes.append(Note(kind="warning", text=text, origin=_place(file, option.line)))
    return Section(
        file=file, kind=ALIASES.get(kind, kind), written=_shown(written), index=index, line=int(number), options=options
    )


def _check(sections: Sequence[Section], problems: Problems) -> None:
    for section in sections:
        if _TYPE.fullmatch(section.written) is None:
            hint = "put a comment on a line of its own" if "]" in section.written else "close the bracket"
            why = "Darknet takes the whole line for the type"
            problems.add(
                f"{section.written} is not a section type", why=why, hint=hint, origin=section.origin(), kind=CFG_SYNTAX
            )
        elif section.index < 0 and section.kind != "net":
            what = f"the first section is {section.written}"
            problems.add(what, hint="it must be [net] or [network]", origin=section.origin(), kind=CFG_SYNTAX)
        elif section.index >= 0 and section.kind == "net":
            problems.add(
                "there is a second [net]",
                why="Darknet makes an empty layer of it",
                origin=section.origin(),
                kind=CFG_SYNTAX,
            )
    if len(sections) == 1:
        problems.add("no layer follows", origin=sections[0].origin(), kind=CFG_SYNTAX)


def _place(file: str, line: int | None = None) -> Origin:
    return Origin(layer="", file=file, line=line)


def _not_a_cfg(file: str, what: str, hint: str = "") -> ConversionError:
    return ConversionError(Problem(kind=NOT_A_CFG, what=what, hint=hint, origin=_place(file)))
