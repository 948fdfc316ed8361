"""PyTorch to the IR: `convert` captures a module with torch.export and says, layer by layer, what it computes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch

from caffe_ir.errors import Problems
from caffe_ir.net import Net
from converters.pytorch.aten import HANDLERS, HINTS
from converters.pytorch.capture.capture import Model, capture
from converters.pytorch.capture.unfit import unwrapped
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call, Refused
from converters.pytorch.graph.frontend import to_net
from converters.pytorch.graph.handlers import full_name, wrong_handlers
from converters.pytorch.graph.names import class_name
from converters.pytorch.graph.value import Missing, Value
from converters.pytorch.graph.walk import Handler

__all__ = ["HANDLERS", "Build", "Call", "Handler", "Missing", "Refused", "Value", "convert"]


def convert(
    model: Model,
    example_inputs: Sequence[Any] = (),
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    handlers: Mapping[str, Handler] | None = None,
    input_names: Sequence[str] = (),
    name: str = "",
    approx: Collection[str] = (),
) -> Net:
    """The net of a module for inputs of these shapes, or of a program that torch.export made.

    `handlers` adds to HANDLERS or replaces in it: (Call, Build) -> Value by "mylib::op" or "aten.op.overload".
    `approx` names functions that may be near ones: "gelu=tanh". Raises ConversionError with every reason why the model
    cannot be converted, and ValueError for an unknown approximation.
    """
    own = handlers or {}
    Problems(found=[*wrong_handlers(own, "handlers=")]).raise_if_any()
    known = {**HANDLERS, **{full_name(op): handler for op, handler in own.items()}}
    model = unwrapped(model) if isinstance(model, torch.nn.Module) else model
    captured = capture(model, example_inputs, example_kwargs, approx)
    net = to_net(
        captured.program, known, HINTS, name=name or class_name(model, captured.program), input_names=input_names
    )
    net.notes[:0] = captured.notes
    return net
