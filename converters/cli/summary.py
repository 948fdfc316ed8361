"""The short table at the end of a conversion: what was made, what was taken for granted, what was changed and why."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from caffe_ir.files.file_names import HDF5
from caffe_ir.visible import visible
from converters.cli.engines_shown import engine_lines
from converters.cli.picture_input import OF_PICTURES
from converters.cli.say import say
from converters.options import spelled

if TYPE_CHECKING:
    from caffe_ir.errors import Note, NoteKind
    from caffe_ir.files.writer import Written
    from caffe_ir.net import Net
    from caffe_ir.targets import Target

_HEADINGS: dict[NoteKind, str] = {
    "warning": "warning",
    "assumed": "assumed",
    "lowered": "rewritten",
    "folded": "folded",
    "dropped": "left out",
}
_COLOURS = {"warning": "yellow"}
_PLACES_SHOWN = 3
_LINES_SHOWN = 8
_LARGEST_SHOWN = 10
"""So many of the layers that take most memory are listed."""
_MARGIN, _WIDEST = 12, 100
_TIGHT = "\xa0"
"""Stands for a blank at which no line may end."""


def show(net: Net, written: Written, target: Target, *, next_command: str, verbose: bool = False) -> None:
    """Print the table of files for a target to standard output.

    `verbose` lists every note with its place instead of counting them, and every layer that some engine gets wrong.
    """
    for heading, text in _facts(net, written):
        _row(heading, text)
    for place, text in enumerate(_memory(net, verbose=verbose)):
        _row("" if place else "memory", text)
    for place, text in enumerate(engine_lines(net, target, verbose=verbose)):
        _row("" if place else "engines", text)
    for kind, heading in _HEADINGS.items():
        notes = [note for note in net.notes if note.kind == kind]
        lines = [str(note) for note in notes] if verbose else _shortened(kind, _grouped(notes))
        for place, line in enumerate(lines):
            _row("" if place else heading, line)
    say(next_command, heading=_heading("next"))


def show_warnings(net: Net) -> None:
    """Print the warnings alone, to standard error: what a quiet run still says."""
    for line in _grouped(note for note in net.notes if note.kind == "warning"):
        say(line, err=True, heading=_heading("warning"))


def verify_command(sources: Sequence[str | Path], written: Written, *options: Struct) -> str:
    """The command that verifies what the running command has written, with the options that it was converted with."""
    context = click.get_current_context()
    words = [context.find_root().info_name or "convert", "verify", *map(str, sources), str(written.prototxt)]
    words += [str(written.caffemodel)] if written.caffemodel.name.endswith(HDF5) else []
    words += [word for each in options for word in spelled(each, OF_PICTURES)]
    return shlex.join(words)


def _row(heading: str, text: str) -> None:
    """Print the text beside its heading, in as many lines as it takes; words (a path among them) stay whole."""
    width = min(shutil.get_terminal_size().columns, _WIDEST) - _MARGIN
    lines = textwrap.wrap(visible(text, keep=_TIGHT), width, break_long_words=False, break_on_hyphens=False)
    for place, line in enumerate(lines):
        say(line.replace(_TIGHT, " "), heading=" " * _MARGIN if place else _heading(heading))


def _heading(text: str) -> str:
    return click.style(text.ljust(_MARGIN), bold=True, fg=_COLOURS.get(text))


def _facts(net: Net, written: Written) -> Iterator[tuple[str, str]]:
    inputs = [node for node in net.nodes if node.layer.type_name() == "Input"]
    yield "input", _shapes(net, [top for node in inputs for top in node.tops])
    yield "outputs", _shapes(net, net.outputs)
    yield "layers", f"{len(net.nodes)} ({_types(net)})"
    yield "parameters", f"{_parameters(net):,}"
    files = (written.prototxt, written.caffemodel, *written.others)
    for place, path in enumerate(files):
        yield "" if place else "written", f"{path} ({path.stat().st_size:,}{_TIGHT}bytes)"


def _memory(net: Net, *, verbose: bool) -> Iterator[str]:
    """What Caffe will hold, as it follows from its rules; `verbose` adds the layers that take most of it."""
    from caffe_ir.blob import shapes_text
    from caffe_ir.memory import held

    found = held(net)
    yield f"{_mib(found.blobs)} for blobs and {_mib(found.weights)} for weights in Caffe (predicted)"
    yield f"{_mib(found.working)} inside its layers, such as the columns of convolutions"
    for node, size in found.by_layer[:_LARGEST_SHOWN] if verbose else ():
        yield f"{_mib(size)} for {node.name} ({node.layer.type_name()}, {shapes_text(net.shapes_of(node.tops))})"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f}{_TIGHT}MiB"


def _shapes(net: Net, blobs: Iterable[str]) -> str:
    from caffe_ir.files.prototxt import written_names

    names = written_names(net)
    return ", ".join(f"{names[blob]}{_TIGHT}{'x'.join(map(str, net.shapes[blob])) or 'scalar'}" for blob in blobs)


def _types(net: Net) -> str:
    counted = Counter(node.layer.type_name() for node in net.nodes)
    return ", ".join(f"{count}{_TIGHT}{name}" for name, count in counted.most_common())


def _parameters(net: Net) -> int:
    shared: set[str] = set()
    total = 0
    for node in net.nodes:
        for place, blob in enumerate(node.blobs):
            name = node.param_names[place] if place < len(node.param_names) else ""
            if name not in shared:
                total += blob.count
            if name:
                shared.add(name)
    return total


def _grouped(notes: Iterable[Note]) -> list[str]:
    """Notes of one text become one line, with how many and where."""
    places: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        places[note.text].append(_place(note))
    return [_line(text, [place for place in found if place]) for text, found in places.items()]


def _shortened(kind: NoteKind, lines: list[str]) -> list[str]:
    """The first lines and how many more there are; warnings are never left out."""
    rest = len(lines) - _LINES_SHOWN
    if kind == "warning" or rest < 1:
        return lines
    return [*lines[:_LINES_SHOWN], f"and {rest} more, which -v lists"]


def _place(note: Note) -> str:
    """The layer that a note is about, else its line in the source; none where it is about the whole net."""
    origin = note.origin
    if origin is None or origin.layer == "net":
        return ""
    return origin.layer or (f"{Path(origin.file).name}:{origin.line}" if origin.line is not None else "")


def _line(text: str, places: Sequence[str]) -> str:
    if not places:
        return text
    if len(places) == 1:
        return f"{places[0]}: {text}"
    rest = len(places) - _PLACES_SHOWN
    shown = ", ".join(places[:_PLACES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(places)} x {text} ({shown})"
