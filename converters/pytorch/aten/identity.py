"""Calls that change no number in eval mode: they leave no layer."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from caffe_ir.error_kinds.capture import TRAINING_MODE
from caffe_ir.error_kinds.operations import NOT_FLOATING
from converters.pytorch.aten.masks import differs
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value


def identity(call: Call, build: Build) -> Value:
    """contiguous, clone, detach and their like: what they order or copy, Caffe lays out as it always does."""
    call.ignore(*(name for name in call.arguments if name != "self"))
    return call.value(any_type=True)


def dropout(call: Call, build: Build) -> Value:
    """Nothing in eval mode. Refuses training mode, which drops at random."""
    call.ignore("p")
    if call.flag("train") and call.number("p") > 0:
        raise call.refused(
            "this dropout was captured in training mode",
            why="it drops different numbers at every run",
            hint="call model.eval() before torch.export.export; a functional dropout needs training=self.training",
            kind=TRAINING_MODE,
        )
    return call.value("input" if "input" in call.arguments else "self")  # dropout_ calls it self


def converted(call: Call, build: Build) -> Value:
    """to, type_as, _to_copy: nothing between floating types, nor from integers to them; other ways round numbers."""
    call.ignore(*(name for name in call.arguments if name != "self"))
    x, wanted = call.value(any_type=True), call.dtypes[0]
    whole = wanted in (torch.int32, torch.int64) and x.dtype in (torch.bool, torch.uint8, torch.int32, torch.int64)
    if wanted == x.dtype or whole or (wanted.is_floating_point and not x.dtype.is_complex):
        if wanted in (torch.float16, torch.bfloat16):
            build.note("assumed", f"rounds to {str(wanted).removeprefix('torch.')} in torch; in Caffe it stays float32")
        return x
    if wanted == torch.bool:
        return differs(call, build, x, 0.0)
    kinds = tuple(str(kind).removeprefix("torch.") for kind in (x.dtype, wanted))
    raise call.refused(
        f"it turns {kinds[0]} into {kinds[1]}", why="Caffe has no rounding and no other types", kind=NOT_FLOATING
    )


HANDLERS: Mapping[str, Handler] = {
    "aten.alias.default": identity,
    "aten.clone.default": identity,
    "aten.contiguous.default": identity,
    "aten.detach.default": identity,
    "aten.lift_fresh.default": identity,
    "aten.lift_fresh_copy.default": identity,
    "aten.positive.default": identity,
    "aten.to.device": converted,
    "aten.to.dtype": converted,
    "aten.to.dtype_layout": converted,
    "aten.to.other": converted,
    "aten.type_as.default": converted,
    "aten._to_copy.default": converted,
    "aten.dropout.default": dropout,
    "aten.feature_dropout.default": dropout,
    "aten.alpha_dropout.default": dropout,
    "aten.feature_alpha_dropout.default": dropout,
}
