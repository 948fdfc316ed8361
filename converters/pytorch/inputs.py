"""Example inputs from what a user types: `1x3x224x224`, `image=1x3x224x224`, `tokens=1x16:int64`."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from msgspec import Struct

from caffe_ir.errors import ConversionError, Problem, Problems

DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
    "int64": torch.int64,
    "int32": torch.int32,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
SPELLED = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>\d+(?:[xX]\d+)*)(?::(?P<dtype>\w+))?")


class InputSpec(Struct, frozen=True, kw_only=True):
    """One input: its shape, its type, and the argument of forward that it goes to, if one is named."""

    shape: tuple[int, ...]
    dtype: torch.dtype | None = None
    name: str = ""


def parse_input(text: str) -> InputSpec:
    """`[name=]NxCxHxW[:dtype]`. Raises ConversionError."""
    found = SPELLED.fullmatch(text.strip())
    if found is None:
        raise ConversionError(_malformed(text, "it is not [name=]NxCxHxW[:dtype]"))
    shape = tuple(map(int, found["shape"].lower().split("x")))
    if min(shape) == 0:
        raise ConversionError(_malformed(text, "no size can be 0"))
    kind = found["dtype"]
    if kind is not None and kind not in DTYPES:
        raise ConversionError(_malformed(text, f"the types are {', '.join(DTYPES)}"))
    return InputSpec(shape=shape, dtype=DTYPES[kind] if kind else None, name=found["name"] or "")


def example_inputs(
    module: torch.nn.Module, specs: Sequence[InputSpec]
) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """Tensors for forward, by place and by name; of the weights' type where none is said.

    Raises ConversionError with every name that forward does not have.
    """
    unnamed = [spec for spec in specs if not spec.name]
    named = [spec for spec in specs if spec.name]
    _refuse_unknown(module, named)
    own = next((tensor.dtype for tensor in module.parameters() if tensor.is_floating_point()), torch.float32)
    args = tuple(_example(spec, own) for spec in unnamed)
    return args, {spec.name: _example(spec, own) for spec in named}


def _refuse_unknown(module: torch.nn.Module, named: Iterable[InputSpec]) -> None:
    known = _taken_by_name(module)
    if known is None:
        return
    problems = Problems()
    for spec in named:
        if spec.name not in known:
            near = difflib.get_close_matches(spec.name, known, 1)
            problems.add(
                f"the model has no input {spec.name}",
                why=f"forward takes {', '.join(known) or 'nothing'}",
                hint=f"did you mean {near[0]}?" if near else "",
            )
    problems.raise_if_any()


def _taken_by_name(module: torch.nn.Module) -> list[str] | None:
    """The arguments of forward; None where it takes any name. TorchScript has a schema in place of a signature."""
    if isinstance(module, torch.jit.ScriptModule):
        forward: Any = module.forward
        return [argument.name for argument in forward.schema.arguments[1:]]
    parameters = inspect.signature(module.forward).parameters.values()
    if any(parameter.kind == inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.kind != inspect.Parameter.VAR_POSITIONAL]


def _example(spec: InputSpec, own: torch.dtype) -> torch.Tensor:
    """Its numbers do not matter to the capture, only its shape and type."""
    return torch.zeros(spec.shape, dtype=spec.dtype or own)


def _malformed(text: str, why: str) -> Problem:
    return Problem(
        what=f"{text!r} is no input", why=why, hint="for example --input 1x3x224x224 or image=1x3x224x224:float32"
    )
