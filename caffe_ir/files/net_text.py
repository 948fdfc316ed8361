"""The text of a prototxt as the message that Caffe parses it to, with the lines on which its layers begin."""

from __future__ import annotations

import errno
import re
from collections.abc import Container, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import cannot_read
from caffe_ir.error_kinds.caffe import PROTOTXT_SYNTAX
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.foreign_names import field_hint
from caffe_ir.files.layer_types import is_of_training, unknown_type
from caffe_ir.files.upgrade import V1_TYPES, upgrade
from caffe_ir.given_files import check_regular, read_bytes
from caffe_ir.layers import LAYERS
from caffe_ir.near_misses import did_you_mean
from caffe_ir.proto import caffe_pb2

_UNKNOWN_FIELD = r'Message type "\w+\.([\w.]+)" has no field named "(\w+)"'
_UNKNOWN_VALUE = r'Enum type "\w+\.([\w.]+)" has no value named "?(\w+)'
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
                problems.append(_syntax(path, error))
            if field is None:
                break
            begin, end = field.place
            text = text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]
        else:
            if not problems:
                return message
            problems = _with_unknown_types(path, problems, message, lines_of_layers(text))
            break
    raise ConversionError(*(problems or [_syntax(path, last)]))


def _syntax(path: Path, error: text_format.ParseError) -> Problem:
    origin = Origin(layer=path.name, file=str(path), line=error.GetLine())
    what, hint = _told(str(error))
    why = "Caffe refuses the whole file for it"
    return Problem(kind=PROTOTXT_SYNTAX, what=what, why=why, hint=hint, origin=origin)


class _Field(Struct, frozen=True):
    """Where a field that is not known begins and ends in a text, and the layer that has it."""

    place: tuple[int, int]
    layer: tuple[int, int]


def _unknown_field(text: str, error: text_format.ParseError) -> _Field | None:
    """The field for which a text could not be parsed, where that is one of a layer whose end can be found."""
    field, line = re.search(_UNKNOWN_FIELD, str(error)), error.GetLine() or 0
    layer = _layer_of(text, line)
    if field is None or layer is None or field[2] in ("layer", "layers"):
        return None
    begin = len("".join(text.splitlines(keepends=True)[: line - 1])) + (error.GetColumn() or 1) - 1
    end = _end_of_field(text, begin)
    return _Field((begin, end), layer) if end > begin else None


def _is_left_out(layer: str) -> bool:
    """Whether a layer of this text is left out, whatever its fields mean: it is for training, or writes no blob."""
    kind = re.search(r"""\btype\s*:\s*["'](\w+)["']""", layer)
    left_out = kind and (is_of_training(kind[1]) or (kind[1] not in LAYERS and not re.search(r"\btop\s*:", layer)))
    return bool(left_out or re.search(_AT_TRAIN, layer))


def _end_of_field(text: str, place: int) -> int:
    """Where a field ends that begins at a place: behind its message, or its only value."""
    opens = re.compile(r"\w+\s*:?\s*{").match(text, place)
    if opens is None:
        value = re.compile(r"""\w+\s*:\s*("[^"\n]*"|'[^'\n]*'|\[[^\]]*\]|[^\s}]+)""").match(text, place)
        return value.end() if value else place
    return _closing(text, opens.end() - 1) + 1


def _closing(text: str, place: int) -> int:
    """The place of the brace that closes the one at a place; the end of the text where there is none."""
    depth = 0
    for found in re.compile(r"""[{}]|"[^"\n]*"|'[^'\n]*'|#[^\n]*""").finditer(text, place):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0 and found[0] == "}":
            return found.start()
    return len(text)


def _layer_of(text: str, line: int) -> tuple[int, int] | None:
    """Where the layer begins and ends to which a line belongs."""
    lines = text.splitlines(keepends=True)
    begins = [begin for begin in lines_of_layers(text) if begin <= line]
    if not begins:
        return None
    start = len("".join(lines[: begins[-1] - 1]))
    return start, _closing(text, start)


def _with_unknown_types(
    path: Path, fields: Sequence[Problem], message: caffe_pb2.NetParameter, begins: Sequence[int]
) -> list[Problem]:
    """All that is not known, in the order of the file: layers, and fields of the layers that are."""
    problems, unknown = list[Problem](), set[int | None]()
    lines = layer_lines(message, begins)
    for layer, line in zip(message.layer, lines, strict=True):
        origin = Origin(layer=layer.name, what=layer.type, file=str(path), line=line)
        if not layer.type or not layer.top or is_of_training(layer.type) or not (found := unknown_type(layer, origin)):
            continue
        problems.append(found)
        unknown.add(line)

    def layer_of(problem: Problem) -> int | None:
        line = problem.origin.line if problem.origin else None
        return max((begin for begin in begins if begin <= (line or 0)), default=None)

    problems += [one for one in fields if layer_of(one) not in unknown]
    return sorted(problems, key=lambda one: (one.origin and one.origin.line) or 0)


def _told(said: str) -> tuple[str, str]:
    """What protobuf says of a text without the place, which stands before it, and the field that may be meant."""
    if "does not have extensions" in said:
        return "a line begins with [, as in no prototxt", "a Darknet cfg belongs to `convert darknet CFG WEIGHTS`"
    said = re.sub(r"^\d+:(\d+) : (?:'.*': )?", r"column \1: ", said)
    if found := re.search(_UNKNOWN_VALUE, said):
        return _unknown_value(*found.groups())
    found = re.search(_UNKNOWN_FIELD, said)
    if found is None:
        return said, ""
    message, field = found.groups()
    kind = caffe_pb2.DESCRIPTOR.message_types_by_name.get(message)
    if field in ("layer", "layers"):
        return f"{message} has no field {field}", "a layer begins inside another message: a } may be missing before it"
    return f"{message} has no field {field}", field_hint(field, kind.fields_by_name) if kind else ""


def _unknown_value(enum: str, value: str) -> tuple[str, str]:
    """What to say of a value that an enum lacks: `MAXX` of `PoolingParameter.PoolMethod`."""
    if enum == "V1LayerParameter.LayerType":
        return f"`layers` has no type {value}", _younger_type(value) or did_you_mean(value.upper(), V1_TYPES)
    kind: Any = reduce(getattr, enum.split("."), caffe_pb2)
    return f"{enum} has no value {value}", did_you_mean(value, kind.keys())


def _younger_type(value: str) -> str:
    """What to do about a type that `layer` has and `layers` never had in BVLC Caffe."""
    if value == "CROP":
        return (
            "a fork's, whose offset follows from the layers between its two blobs: write the net with `layer`, and "
            'type: "Crop" with crop_param { axis: 2 offset: N }'
        )
    name = "" if value.upper() in V1_TYPES else value.replace("_", "").upper()
    kind = next((kind for kind in LAYERS if kind.upper() == name), "")
    return f'it is younger than `layers`: write the net with `layer`, and type: "{kind}"' if kind else ""


def upgraded(path: Path, message: caffe_pb2.NetParameter) -> None:
    """Bring a message in old forms into today's, in place. Raises ConversionError where that cannot be."""
    try:
        upgrade(message)
    except ValueError as error:
        origin = Origin(layer=path.name, file=str(path))
        hint = "upgrade it first with Caffe's own upgrade_net_proto_text"
        raise ConversionError(Problem(kind=PROTOTXT_SYNTAX, what=str(error), hint=hint, origin=origin)) from None


def lines_of_inputs(text: str) -> list[int]:
    """The lines on which the fields `input: "data"` of a prototxt stand."""
    depth, lines = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#", 1)[0]
        for word in re.findall(r"""[{}]|\binput\s*:\s*["']""", code):
            depth += {"{": 1, "}": -1}.get(word, 0)
            if depth == 0 and word not in "{}":
                lines.append(number)
    return lines


def lines_of_layers(text: str) -> list[int]:
    """The lines on which the layers of a prototxt begin."""
    depth, lines = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#", 1)[0]
        if depth == 0 and code.split("{")[0].strip(" :") in ("layer", "layers"):
            lines.append(number)
        depth += code.count("{") - code.count("}")
    return lines
