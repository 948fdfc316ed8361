"""The text of a prototxt as the message that Caffe parses it to, with the lines on which its layers begin."""

from __future__ import annotations

import errno
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from google.protobuf import text_format
from msgspec.structs import replace

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.caffe import PROTOTXT_SYNTAX, UNKNOWN_LAYER
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.upgrade import upgrade
from caffe_ir.given_files import check_regular, read_bytes
from caffe_ir.near_misses import did_you_mean
from caffe_ir.proto import caffe_pb2

NO_MEANING: Mapping[str, str] = {
    "Proposal": "which regions it proposes is chosen by their scores when the net runs; end the net before it",
    "Resize": "forks mean different things by it; write Interp, whose corners are the map's, or Upsample",
    "Unpooling": "it reads the places of maxima that a Pooling writes, which no layer here reads",
    "LSTMUnit": "it is a step that Caffe puts into an LSTM; write LSTM",
}
"""Types that are known and have no meaning here, and why."""
_OTHER_FILE = "give the prototxt; the caffemodel is the binary file"


def read_message(prototxt: str | Path) -> tuple[caffe_pb2.NetParameter, list[int]]:
    """A prototxt as it stands, and the lines on which its layers begin.

    Raises ConversionError where Caffe could not parse the file.
    """
    path = Path(prototxt)
    text = text_of(path)
    message = parsed_as_it_is(path, text)
    upgraded(path, message)
    return message, lines_of_layers(text)


def message_text(message: caffe_pb2.NetParameter) -> str:
    """A net as the text of a prototxt."""
    return text_format.MessageToString(message)


def layer_lines(message: caffe_pb2.NetParameter, lines: Sequence[int]) -> list[int | None]:
    """The lines of the layers, as `read_message` found them; None for each where they could not be counted."""
    return list(lines) if len(lines) == len(message.layer) else [None] * len(message.layer)


def runs_at_test(layer: caffe_pb2.LayerParameter, stages: Container[str]) -> bool:
    """Whether a layer is part of the net at phase TEST with such stages (net.cpp, FilterNet)."""
    if layer.include:
        return any(_is_met(rule, stages) for rule in layer.include)
    return not any(_is_met(rule, stages) for rule in layer.exclude)


def _is_met(rule: caffe_pb2.NetStateRule, stages: Container[str]) -> bool:
    """Whether a net at phase TEST, level 0 and with such stages meets a rule (net.cpp, StateMeetsRule)."""
    phase = not rule.HasField("phase") or rule.phase == caffe_pb2.TEST
    level = rule.min_level <= 0 and (not rule.HasField("max_level") or rule.max_level >= 0)
    staged = all(stage in stages for stage in rule.stage) and not any(stage in stages for stage in rule.not_stage)
    return phase and level and staged


def text_of(path: Path) -> str:
    """The text of a file. Raises ConversionError where it cannot be read or is none."""
    try:
        check_regular(path)  # whoever compares nets reads it again
        return read_bytes(path).decode("utf-8")
    except OSError as error:
        problem = cannot_read(path, error)
        hint = _OTHER_FILE if error.errno == errno.EFBIG else ""
        raise ConversionError(replace(problem, hint=hint)) from error
    except UnicodeDecodeError as error:
        raise ConversionError(
            Problem(kind=PROTOTXT_SYNTAX, what=f"cannot read {path}", why="it is not text", hint=_OTHER_FILE)
        ) from error


def parsed_as_it_is(path: Path, text: str) -> caffe_pb2.NetParameter:
    """The message, old forms and all. Raises ConversionError with the line where Caffe could not parse it."""
    message = caffe_pb2.NetParameter()
    try:
        text_format.Parse(text, message)
    except text_format.ParseError as error:
        origin = Origin(layer=path.name, file=str(path), line=error.GetLine())
        what, hint = _told(str(error))
        if reason := _no_meaning(text, error.GetLine() or 0):
            kind, why = reason
            what = f"layer type {kind!r} is not known here, nor its fields"
            raise ConversionError(Problem(kind=UNKNOWN_LAYER, what=what, why=why, origin=origin)) from error
        why = "Caffe refuses the whole file for it"
        raise ConversionError(Problem(kind=PROTOTXT_SYNTAX, what=what, why=why, hint=hint, origin=origin)) from error
    return message


def _told(said: str) -> tuple[str, str]:
    """What protobuf says of a text without the place, which stands before it, and the field that may be meant."""
    if "does not have extensions" in said:
        return "a line begins with [, as in no prototxt", "a Darknet cfg belongs to `convert darknet CFG WEIGHTS`"
    said = re.sub(r"^\d+:(\d+) : (?:'.*': )?", r"column \1: ", said)
    found = re.search(r'Message type "\w+\.([\w.]+)" has no field named "(\w+)"', said)
    if found is None:
        return said, ""
    message, field = found.groups()
    kind = caffe_pb2.DESCRIPTOR.message_types_by_name.get(message)
    if field in ("layer", "layers"):
        return f"{message} has no field {field}", "a layer begins inside another message: a } may be missing before it"
    return f"{message} has no field {field}", did_you_mean(field, kind.fields_by_name) if kind else ""


def _no_meaning(text: str, line: int) -> tuple[str, str] | None:
    """The type without a meaning here whose layer a line of the text belongs to, and why it has none."""
    begins = [begin for begin in lines_of_layers(text) if begin <= line]
    if not begins:
        return None
    layer = "\n".join(text.splitlines()[begins[-1] - 1 : line])
    types = re.findall(r"""\btype\s*:\s*["'](\w+)["']""", layer)
    return next(((kind, NO_MEANING[kind]) for kind in types[:1] if kind in NO_MEANING), None)


def upgraded(path: Path, message: caffe_pb2.NetParameter) -> None:
    """Bring a message in old forms into today's, in place. Raises ConversionError where that cannot be."""
    try:
        upgrade(message)
    except ValueError as error:
        origin = Origin(layer=path.name, file=str(path))
        hint = "upgrade it first with Caffe's own upgrade_net_proto_text"
        raise ConversionError(Problem(kind=PROTOTXT_SYNTAX, what=str(error), hint=hint, origin=origin)) from None


def lines_of_layers(text: str) -> list[int]:
    """The lines on which the layers of a prototxt begin."""
    depth, lines = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#", 1)[0]
        if depth == 0 and code.split("{")[0].strip(" :") in ("layer", "layers"):
            lines.append(number)
        depth += code.count("{") - code.count("}")
    return lines
