"""Example inputs from what a user types: `1x3x224x224`, `image=1x3x224x224`, `tokens=1x16:int64`."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import torch
from msgspec import Struct
from torch.export import ExportedProgram
from torch.utils._pytree import tree_unflatten

from caffe_ir.error_kinds.opening import EXAMPLE_INPUTS, OPEN_SIZE
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.near_misses import did_you_mean
from converters.pytorch.capture.capture import Model
from converters.pytorch.capture.sizes import has_fixed_sizes, leaves
from converters.pytorch.capture.torchscript import input_names

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
MOST = 2**31 - 1
"""Caffe counts the numbers in a blob with an int."""
MISSPELLED = re.compile(r"(?P<name>[A-Za-z_]\w*=)?[(\[]?(?P<sizes>\d+(?:[\s,*×xX]+\d+)+)[)\]]?")
"""How others spell a shape: 1,3,8,8 or (1, 3, 8, 8)."""
SPELLED = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>\d+(?:[xX]\d+)*)(?::(?P<dtype>\w+))?")


class InputSpec(Struct, frozen=True, kw_only=True):
    """One input: its shape, its type, and the argument of forward that it goes to, if one is named."""

    shape: tuple[int, ...]
    dtype: torch.dtype | None = None
    name: str = ""


def parse_inputs(texts: Iterable[str]) -> list[InputSpec]:
    """The inputs that a user types. Raises ConversionError with everything that is wrong with any of them."""
    specs, problems = list[InputSpec](), Problems()
    for text in texts:
        try:
            specs.append(parse_input(text))
        except ConversionError as error:
            problems.found.extend(error.problems)
    for name, count in Counter(spec.name for spec in specs if spec.name).items():
        if count > 1:
            problems.add(
                f"{count} inputs are called {name}", hint="give each input of the model once", kind=EXAMPLE_INPUTS
            )
    problems.raise_if_any()
    return specs


def parse_input(text: str) -> InputSpec:
    """`[name=]NxCxHxW[:dtype]`. Raises ConversionError."""
    found = SPELLED.fullmatch(text.strip())
    if found is None:
        raise ConversionError(_malformed(text, "it is not [name=]NxCxHxW[:dtype]"))
    shape = tuple(map(int, found["shape"].lower().split("x")))
    if min(shape) == 0:
        raise ConversionError(_malformed(text, "no size can be 0"))
    if prod(shape) > MOST:
        raise ConversionError(_malformed(text, f"a blob of Caffe's has at most {MOST:,} numbers"))
    kind = found["dtype"]
    if kind is not None and kind not in DTYPES:
        raise ConversionError(_malformed(text, f"the types are {', '.join(DTYPES)}"))
    return InputSpec(shape=shape, dtype=DTYPES[kind] if kind else None, name=found["name"] or "")


def example_inputs(model: Model, specs: Sequence[InputSpec]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What to call a model with, by place and by name; of the weights' type where none is said.

    A program has its inputs' names, sizes and types, and takes from them what is not said; without specs it gets
    nothing. Raises ConversionError with every name that the model does not have.
    """
    if isinstance(model, ExportedProgram):
        return _of_program(model, specs) if specs else ((), {})
    unnamed = [spec for spec in specs if not spec.name]
    named = [spec for spec in specs if spec.name]
    if (known := _taken_by_name(model)) is not None:
        _unknown(named, known, "forward takes").raise_if_any()
    own = next((tensor.dtype for tensor in model.parameters() if tensor.is_floating_point()), torch.float32)
    args = tuple(_example(spec, own) for spec in unnamed)
    return args, {spec.name: _example(spec, own) for spec in named}


def _of_program(program: ExportedProgram, specs: Sequence[InputSpec]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The program's inputs in the nest of tuples and dicts that it was exported with."""
    wanted = leaves(program)
    tensors = {name: own for name, own in wanted.items() if isinstance(own, torch.Tensor)}
    given = {spec.name: spec for spec in specs if spec.name}
    problems = _unknown(list(given.values()), list(tensors), "the program takes")
    unknown = bool(problems.found)
    open_places = [name for name in tensors if name not in given]
    unnamed = [spec for spec in specs if not spec.name]
    if len(unnamed) > len(open_places):
        problems.add(f"{len(specs)} inputs for a program of {len(tensors)}: {', '.join(tensors)}", kind=EXAMPLE_INPUTS)
    given |= dict(zip(open_places, unnamed, strict=False))
    made = dict(wanted)
    for name, own in tensors.items():
        if name in given:
            made[name] = _example(given[name], own.dtype)
        elif has_fixed_sizes(own):
            made[name] = torch.zeros(tuple(map(int, own.shape)), dtype=own.dtype)
        elif not unknown:
            sizes = "x".join(map(str, own.shape))
            problems.add(
                f"the input {name} has no fixed size ({sizes})",
                hint=f"give --input {name}=SHAPE as well",
                kind=OPEN_SIZE,
            )
    problems.raise_if_any()
    args, kwargs = tree_unflatten(list(made.values()), program.call_spec.in_spec)
    return args, kwargs


def _unknown(named: Sequence[InputSpec], known: Sequence[str], taker: str) -> Problems:
    problems = Problems()
    for spec in named:
        if spec.name not in known:
            problems.add(
                f"the model has no input {spec.name}",
                why=f"{taker} {', '.join(known) or 'nothing'}",
                hint=did_you_mean(spec.name, known),
                kind=EXAMPLE_INPUTS,
            )
    return problems


def _taken_by_name(module: torch.nn.Module) -> list[str] | None:
    """The arguments of forward; None where it takes any name. TorchScript has a schema in place of a signature."""
    if isinstance(module, torch.jit.ScriptModule):
        return input_names(module)
    parameters = inspect.signature(module.forward).parameters.values()
    if any(parameter.kind == inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.kind != inspect.Parameter.VAR_POSITIONAL]


def _example(spec: InputSpec, own: torch.dtype) -> torch.Tensor:
    """Its numbers do not matter to the capture, only its shape and type."""
    return torch.zeros(spec.shape, dtype=spec.dtype or own)


def _malformed(text: str, why: str) -> Problem:
    hint = "for example --input 1x3x224x224 or image=1x3x224x224:float32"
    sizes = MISSPELLED.fullmatch(text.strip())
    if sizes and not SPELLED.fullmatch(text.strip()):
        hint = f"did you mean --input {sizes['name'] or ''}{'x'.join(re.findall('[0-9]+', sizes['sizes']))}?"
    return Problem(kind=EXAMPLE_INPUTS, what=f"{text!r} is not an input", why=why, hint=hint)
