"""A pair of files that does not fit together: how far its layers are those that the converter would write."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from caffe_ir.files import reader
from caffe_ir.net import Net
from converters.verify.blame import Fault, differences
from converters.verify.source import Source
from converters.verify.trial import Comparison

_LAYER = re.compile(r"^layer\s*:?\s*\{", re.MULTILINE)


def comparison_of_unreadable(source: Source, prototxt: Path, error: ConversionError) -> Comparison | None:
    """What is wrong with files that were refused; None where no layer of the source can be named for it."""
    expected = source.expected
    found = tuple(faults_of_unreadable(expected, prototxt, error)) or tuple(_refused(expected, error))
    if not found:
        return None
    return Comparison(source=source.title, caffe=str(prototxt), faults=found, net=source.expected, refused=str(error))


def faults_of_unreadable(expected: Net, prototxt: Path, error: ConversionError) -> Iterator[Fault]:
    """The layers up to the one that was refused that are not as they ought to be; weights are not looked at."""
    line = next((problem.origin.line for problem in error.problems if problem.origin and problem.origin.line), None)
    if line is None:
        return
    net = _readable(prototxt, line)
    if net is None:
        return
    names = [node.name for node in net.nodes]
    cut = next((place for place, node in enumerate(expected.nodes) if node.name == names[-1]), -1)
    before = [node.name for node in expected.nodes[: cut + 1]]
    wanted = {*before, *names}
    different = differences(expected, net, weights=False)
    for fault in (each for name, faults in different.items() if name in wanted for each in faults):
        yield replace(fault, written=f"{prototxt}:{fault.written.rpartition(':')[2]}" if fault.written else "")


def _refused(expected: Net, error: ConversionError) -> Iterator[Fault]:
    """The layers that were refused though they are written as they ought to be: their weights do not fit them."""
    for problem in error.problems:
        origin = problem.origin
        if origin is None or origin.line is None or not expected.has(origin.layer):
            continue
        node = expected.node(origin.layer)
        what = problem.what.removeprefix(f"{node.name} ")
        text = f"{what} ({problem.why})" if problem.why else what
        written = f"{origin.file}:{origin.line}"
        yield Fault(layer=node.name, kind="weights", text=text, source=str(node.origin), written=written)


def _readable(prototxt: Path, line: int) -> Net | None:
    """The net up to the layer that begins on a line, with it where its shapes allow."""
    text = prototxt.read_text(encoding="utf-8")
    starts = [text.count("\n", 0, match.start()) + 1 for match in _LAYER.finditer(text)]
    lines = text.splitlines(keepends=True)
    behind = next((start for start in starts if start > line), len(lines) + 1)
    for end in (behind, line):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder, prototxt.name)
            part.write_text("".join(lines[: end - 1]), encoding="utf-8")
            try:
                net = reader.read(part)
            except ConversionError:
                continue
            return net if net.nodes else None
    return None
