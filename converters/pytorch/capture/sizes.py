"""The sizes of a program's inputs: which are open, and whether given inputs have those that it was made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.utils._pytree import tree_leaves

from caffe_ir.error_kinds.opening import EXAMPLE_INPUTS, OPEN_SIZE
from caffe_ir.errors import ConversionError, Problem, Problems


def leaves(program: ExportedProgram) -> dict[str, Any]:
    """What the program takes, in its order and by name: the tensor that torch made up for it, or a fixed number."""
    held = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
    arguments = [spec.arg for spec in program.graph_signature.input_specs if spec.kind == InputKind.USER_INPUT]
    return {one.name: held[one.name] if not hasattr(one, "value") else one.value for one in arguments}


def dynamic(program: ExportedProgram) -> dict[str, list[tuple[int, str]]]:
    """The axes of the program's inputs that have no size yet: by input, each with the name of its size."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, held in leaves(program).items():
        if isinstance(held, torch.Tensor):
            axes = [(axis, str(size)) for axis, size in enumerate(held.shape) if not str(size).isdecimal()]
            if axes:
                found[name] = axes
    return found


def open_sizes(program: ExportedProgram) -> bool:
    """Whether a tensor of the program has a size that depends on its numbers."""
    held = (node.meta.get("val") for node in program.graph.nodes)
    return any(isinstance(item, torch.Tensor) and not has_fixed_sizes(item) for item in held)


def has_fixed_sizes(tensor: torch.Tensor) -> bool:
    """Whether each size is a number, or a symbol that torch has found to be one."""
    return all(str(size).isdecimal() for size in tensor.shape)


def refuse_dynamic(program: ExportedProgram) -> None:
    """Raise ConversionError with every axis of an input that has no size yet."""
    found = dynamic(program)
    if found:
        raise ConversionError(
            *(
                Problem(
                    kind=OPEN_SIZE,
                    what=f"axis {axis} of the input {name} has no fixed size ({size})",
                    why="a Caffe net has one size for every blob",
                    hint=f"give an example input of the size you want, as --input {name}={_example(program, name)}",
                )
                for name, axes in found.items()
                for axis, size in axes
            )
        )


def refuse_other_sizes(program: ExportedProgram, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise ConversionError with every input that is not of the shape or the type that the program was made for."""
    wanted = leaves(program)
    given = tree_leaves((tuple(args), dict(kwargs)))
    problems = Problems()
    if len(given) != len(wanted):
        problems.add(f"{len(given)} inputs for a program of {len(wanted)}: {', '.join(wanted)}", kind=EXAMPLE_INPUTS)
    for (name, own), value in zip(wanted.items(), given, strict=False):
        if isinstance(own, torch.Tensor) and isinstance(value, torch.Tensor) and not _fits(program, own, value):
            problems.add(
                f"the input {name} is {_told(value)}, and the program was made for {_told(own)}",
                why=_limits(program, own),
                hint=f"give it as --input {name}={_example(program, name)}, or export the model again for that size",
                kind=EXAMPLE_INPUTS,
            )
    problems.raise_if_any()


def _fits(program: ExportedProgram, own: torch.Tensor, value: torch.Tensor) -> bool:
    limits = [_limit(program, size) for size in own.shape]
    pairs = zip(limits, value.shape, strict=False)
    return (
        own.dtype == value.dtype
        and own.dim() == value.dim()
        and all(least <= size <= most for (least, most), size in pairs)
    )


def _limit(program: ExportedProgram, size: Any) -> tuple[Any, Any]:
    """The smallest and the largest size that an axis may have."""
    if str(size).isdecimal():
        return int(size), int(size)
    known = {str(symbol): limit for symbol, limit in program.range_constraints.items()}
    found = known.get(str(size))
    return (0, float("inf")) if found is None else (found.lower, found.upper)


def _limits(program: ExportedProgram, own: torch.Tensor) -> str:
    """`s53 is 16 to 1024`, for each size that is open."""
    found = {str(size): _limit(program, size) for size in own.shape if not str(size).isdecimal()}
    bounded = {size: limits for size, limits in found.items() if str(limits[1]).isdecimal()}
    return ", ".join(f"{size} is {least} to {most}" for size, (least, most) in bounded.items())


def _told(tensor: torch.Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape))} {str(tensor.dtype).removeprefix('torch.')}"


def _example(program: ExportedProgram, name: str) -> str:
    """A shape that the program takes, with its open sizes as they were when it was made."""
    own = leaves(program)[name]
    examples = dict(zip(leaves(program), tree_leaves(program.example_inputs or ()), strict=False))
    made = examples.get(name)
    shape = made.shape if isinstance(made, torch.Tensor) and made.dim() == own.dim() else own.shape
    return "x".join(str(size) if str(size).isdecimal() else "N" for size in shape)
