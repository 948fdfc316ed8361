"""The text of a prototxt as the message that Caffe parses it to, with the lines on which its layers begin."""

from __future__ import annotations

import errno
import re
from collections.abc import Container
from pathlib import Path

from google.protobuf import text_format
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.caffe import PROTOTXT_SYNTAX
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.layer_types import is_of_training
from caffe_ir.files.syntax_problems import UNKNOWN_FIELD, not_parsed, with_unknown_types
from caffe_ir.files.text_places import Span, end_of_field, layer_at, lines_of_layers
from caffe_ir.files.upgrade import upgrade
from caffe_ir.given_files import check_regular, read_bytes
from caffe_ir.layers import LAYERS
from caffe_ir.proto import caffe_pb2

_AT_TRAIN = r"\binclude\s*:?\s*{\s*phase\s*:\s*TRAIN\b"
MOST = 500
"""Fields that are not known, of which no more are looked for: the text is parsed anew behind each."""
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
    """The message, old forms and all.

    Raises ConversionError with every field of a layer and every layer that Caffe does not know, up to the line behind
    which it could parse nothing.
    """
    if text.startswith("\ufeff"):
        raise ConversionError(
            Problem(
                kind=PROTOTXT_SYNTAX,
                what="the file begins with a byte order mark",
                why="Caffe refuses the whole file for it",
                hint="save it as UTF-8 without one",
                origin=Origin(layer=path.name, file=str(path), line=1),
            )
        )
    problems = list[Problem]()
    for _ in range(MOST):
        message = caffe_pb2.NetParameter()
        try:
            text_format.Parse(text, message)
        except text_format.ParseError as error:
            last, field = error, _unknown_field(text, error)
            if field is None or not _is_left_out(text[slice(*field.layer)]):
                problems.append(not_parsed(path, error))
            if field is None:
                break
            begin, end = field.place
            text = text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]
        else:
            if not problems:
                return message
            problems = with_unknown_types(path, problems, message, lines_of_layers(text))
            break
    raise ConversionError(*(problems or [not_parsed(path, last)]))


class _Field(Struct, frozen=True):
    """Where a field that is not known begins and ends in a text, and the layer that has it."""

    place: Span
    layer: Span


def _unknown_field(text: str, error: text_format.ParseError) -> _Field | None:
    """The field for which a text could not be parsed, where that is one of a layer whose end can be found."""
    field, line = re.search(UNKNOWN_FIELD, str(error)), error.GetLine() or 0
    begin = sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + (error.GetColumn() or 1) - 1
    layer = layer_at(text, begin)
    if field is None or layer is None or field[2] in ("layer", "layers"):
        return None
    end = end_of_field(text, begin)
    return _Field((begin, end), layer) if end > begin else None


def _is_left_out(layer: str) -> bool:
    """Whether a layer of this text is left out, whatever its fields mean: it is for training, or writes no blob."""
    kind = re.search(r"""\btype\s*:\s*["'](\w+)["']""", layer)
    left_out = kind and (is_of_training(kind[1]) or (kind[1] not in LAYERS and not re.search(r"\btop\s*:", layer)))
    return bool(left_out or re.search(_AT_TRAIN, layer))


def upgraded(path: Path, message: caffe_pb2.NetParameter) -> None:
    """Bring a message in old forms into today's, in place. Raises ConversionError where that cannot be."""
    try:
        upgrade(message)
    except ValueError as error:
        origin = Origin(layer=path.name, file=str(path))
        hint = "upgrade it first with Caffe's own upgrade_net_proto_text"
        raise ConversionError(Problem(kind=PROTOTXT_SYNTAX, what=str(error), hint=hint, origin=origin)) from None
