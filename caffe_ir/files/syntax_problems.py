"""What to say of a prototxt that cannot be parsed: the place, what is not known there, and what may be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from caffe_ir.error_kinds.caffe import PROTOTXT_SYNTAX
from caffe_ir.errors import Origin, Problem
from caffe_ir.files.foreign_names import field_hint
from caffe_ir.files.layer_types import is_of_training, unknown_type
from caffe_ir.files.text_places import layer_lines
from caffe_ir.files.upgrade import V1_TYPES
from caffe_ir.layers import LAYERS
from caffe_ir.near_misses import did_you_mean
from caffe_ir.proto import caffe_pb2

UNKNOWN_FIELD = r'Message type "\w+\.([\w.]+)" has no field named "(\w+)"'
"""What protobuf says of a field that a message lacks."""
_UNKNOWN_VALUE = r'Enum type "\w+\.([\w.]+)" has no value named "?(\w+)'


def not_parsed(path: Path, error: text_format.ParseError) -> Problem:
    """That Caffe cannot parse a file, and what may be meant instead."""
    origin = Origin(layer=path.name, file=str(path), line=error.GetLine())
    what, hint = _explained(str(error))
    why = "Caffe refuses the whole file for it"
    return Problem(kind=PROTOTXT_SYNTAX, what=what, why=why, hint=hint, origin=origin)


def with_unknown_types(
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
        if lines.count(line) == 1:  # else the field of another layer may stand there
            unknown.add(line)

    def layer_of(problem: Problem) -> int | None:
        line = problem.origin.line if problem.origin else None
        return max((begin for begin in begins if begin <= (line or 0)), default=None)

    problems += [one for one in fields if layer_of(one) not in unknown]
    return sorted(problems, key=lambda one: (one.origin and one.origin.line) or 0)


def _explained(said: str) -> tuple[str, str]:
    """What protobuf says of a text without the place, which stands before it, and the field that may be meant."""
    if "does not have extensions" in said:
        return "a line begins with [, as in no prototxt", "a Darknet cfg belongs to `convert darknet CFG WEIGHTS`"
    said = re.sub(r"^\d+:(\d+) : (?:'.*': )?", r"column \1: ", said)
    if found := re.search(_UNKNOWN_VALUE, said):
        return _unknown_value(*found.groups())
    found = re.search(UNKNOWN_FIELD, said)
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
