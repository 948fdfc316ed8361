"""An existing Caffe net as a source: its two files as a net, without what is for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.errors import Problems
from caffe_ir.files.net_text import message_text, read_message, runs_at_test, text_of
from caffe_ir.files.reader import net_of
from caffe_ir.files.text_places import layer_lines, lines_of_inputs
from caffe_ir.net import Net
from caffe_ir.targets.net_cases import overwrites_shared_memory
from caffe_ir.values import Values
from converters.caffe.training import Lines, without_training


def convert(prototxt: str | Path, caffemodel: str | Path | None = None, *, input: Sequence[str] = ()) -> Net:
    """The net that the files describe, at phase TEST; without weights where no caffemodel is given.

    `input` has the shapes of inputs, `data=1x3x224x224`, or `1x3x224x224` of the only one. Every blob is a value of
    the source under its name in the file. Raises ConversionError with everything that is wrong.
    """
    net = _at_test(prototxt, input)
    problems = net.problems
    with problems.collected():
        read = net_of(net.message, net.lines, prototxt, None if problems.found else caffemodel)
    problems.raise_if_any()
    read.notes += net.notes
    for node in overwrites_shared_memory(read):
        read.note("warning", _OVERWRITTEN.format(node.name), node.origin)
    read.values = Values({top: top for node in read.nodes for top in node.tops})
    return read


_OVERWRITTEN = """{0} works in place on the memory of an older blob, which a Reshape, Flatten or Split shares and \
which is read behind it: BVLC Caffe takes the numbers of {0} for those of that blob; here it keeps its own"""


def deploy_text(prototxt: str | Path, *, input: Sequence[str] = ()) -> str:
    """The text of a prototxt without what is for training, its layers as the file spells them.

    Raises ConversionError with everything that is wrong.
    """
    net = _at_test(prototxt, input)
    net.problems.raise_if_any()
    return message_text(net.message)


def _at_test(prototxt: str | Path, input: Sequence[str]) -> Lines:
    """The layers that a file has at phase TEST, and inputs in the place of its data. Raises ConversionError."""
    shapes = parse_shapes(input)
    message, lines = read_message(prototxt)
    inputs = lines_of_inputs(text_of(Path(prototxt))) if message.input else ()
    net = Lines(file=str(prototxt), message=message, lines=layer_lines(message, lines), inputs=inputs)
    stages = frozenset(message.state.stage)
    for place in reversed(range(len(message.layer))):
        if not runs_at_test(message.layer[place], stages):
            net.leave_out(place, "its rules leave it out at phase TEST")
    without_training(net, shapes)
    return net


def parse_shapes(texts: Iterable[str]) -> Mapping[str, Shape]:
    """What `--input` says: shapes by the names of the inputs, "" for one without. Raises ConversionError."""
    shapes, problems = dict[str, Shape](), Problems()
    for text in texts:
        name, _, sizes = text.rpartition("=")
        parts = sizes.lower().split("x")
        if not all(part.isdecimal() and int(part) > 0 for part in parts):
            problems.add(
                f"--input {text}: {sizes!r} is not a shape",
                hint="for example --input data=1x3x224x224",
                kind=OPTION_VALUE,
            )
        elif name in shapes:
            problems.add(f"--input {text}: {name or 'the input'} is given twice", kind=OPTION_VALUE)
        else:
            shapes[name] = tuple(map(int, parts))
    problems.raise_if_any()
    return shapes
