"""Handlers of a user's own operations: how their keys are spelled, and what is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from caffe_ir.error_kinds.opening import PLUGIN
from caffe_ir.errors import Problem

OPERATION = re.compile(r"\w+(::\w+(\.\w+)?|\.\w+\.\w+)")


def wrong_handlers(handlers: Mapping[Any, Any], where: str) -> Iterator[Problem]:
    """What in `handlers`, which are given as `where`, is not a name of an operation or no function for it."""
    for op, handler in handlers.items():
        if not isinstance(op, str) or OPERATION.fullmatch(op) is None:
            hint = 'write "mylib::op", "aten::op" or, for one overload, "aten.op.overload"'
            yield Problem(kind=PLUGIN, what=f"{where}: {op!r} is not a name of an operation", hint=hint)
        if not callable(handler):
            what = f"{where}: {op!r} has {handler!r} in the place of a function"
            yield Problem(kind=PLUGIN, what=what, hint="give a function (Call, Build) -> Value")


def full_name(op: str) -> str:
    """`mylib::op` as the graph spells it: mylib.op.default."""
    full = op.replace("::", ".")
    return f"{full}.default" if full.count(".") == 1 else full


def short_name(op: str) -> str:
    """An operation of the graph as a user may call it: aten::relu for aten.relu.default."""
    library, name, overload = op.split(".") if op.count(".") == 2 else ("", op, "")
    return f"{library}::{name}" if overload == "default" else op
