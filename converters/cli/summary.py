"""The short table at the end of a conversion: what was made, what was taken for granted, what was changed and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from caffe_ir.errors import Note, NoteKind
from caffe_ir.net import Net
from caffe_ir.writer import Written

if TYPE_CHECKING:
    from rich.table import Table

_HEADINGS: dict[NoteKind, str] = {
    "assumed": "assumed",
    "warning": "warning",
    "lowered": "rewritten",
    "folded": "folded",
    "dropped": "left out",
}
_PLACES_SHOWN = 3


def show(net: Net, written: Written, *, next_command: str, verbose: bool = False) -> None:
    """Print the table to standard output; `verbose` lists every note with its place instead of counting them."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(net, written, verbose=verbose))
    console.print(f"next: {next_command}", markup=False)


def _table(net: Net, written: Written, *, verbose: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _facts(net, written):
        table.add_row(name, Text(text))
    for kind, heading in _HEADINGS.items():
        notes = [note for note in net.notes if note.kind == kind]
        lines = [str(note) for note in notes] if verbose else _grouped(notes)
        for place, line in enumerate(lines):
            table.add_row("" if place else heading, Text(line))
    return table


def _facts(net: Net, written: Written) -> Iterable[tuple[str, str]]:
    inputs = [node for node in net.nodes if not node.bottoms and not node.blobs]
    yield "input", ", ".join(f"{node.top} {_by(net.shapes[node.top])}" for node in inputs)
    yield "outputs", ", ".join(f"{output} {_by(net.shapes[output])}" for output in net.outputs)
    yield "layers", f"{len(net.nodes)} ({_types(net)})"
    yield "parameters", f"{_parameters(net):,}"
    yield "written", f"{written.prototxt} ({written.prototxt_bytes:,} bytes)"
    yield "", f"{written.caffemodel} ({written.caffemodel_bytes:,} bytes)"
    for other in written.others:
        yield "", str(other)


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _types(net: Net) -> str:
    counted = Counter(node.layer.type_name() for node in net.nodes)
    return ", ".join(f"{count} {name}" for name, count in counted.most_common())


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


def _grouped(notes: list[Note]) -> list[str]:
    """Notes of one text become one line, with how many and where."""
    places: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        places[note.text].append(note.origin.layer if note.origin else "")
    return [_line(text, [place for place in found if place]) for text, found in places.items()]


def _line(text: str, places: list[str]) -> str:
    if not places:
        return text
    if len(places) == 1:
        return f"{places[0]}: {text}"
    rest = len(places) - _PLACES_SHOWN
    shown = ", ".join(places[:_PLACES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(places)} x {text} ({shown})"
