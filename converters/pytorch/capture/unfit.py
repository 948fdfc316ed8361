"""Modules that are wrapped, and modules of which no program can be made: what lacks numbers, what has eight bits."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from caffe_ir.error_kinds.opening import NO_NUMBERS, QUANTIZED_MODEL
from caffe_ir.errors import Problem, Problems

QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized", "torchao.")
"""The packages of modules that compute with integers."""


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """The module inside nn.DataParallel, DistributedDataParallel and torch.compile, which compute what it computes."""
    while True:
        if isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
            module = module.module
        elif isinstance(inner := getattr(module, "_orig_mod", None), torch.nn.Module):
            module = inner
        else:
            return module


def refuse_unfit(module: torch.nn.Module) -> None:
    """Raise ConversionError with every reason why torch.export cannot make a program of the module."""
    problems = Problems(found=[*_quantized(module), *_lazy(module)])
    lost = [name for name, tensor in _tensors(module) if tensor.is_meta and not _is_lazy(tensor)]
    if lost:
        problems.add(
            f"{_counted(lost, 'tensor')} without numbers",
            why="made on the device meta, they have only shapes",
            hint="load the weights first (load_state_dict with assign=True, or --weights FILE)",
            kind=NO_NUMBERS,
        )
    problems.raise_if_any()


def refuse_without_shapes(module: torch.nn.Module) -> None:
    """Raise ConversionError where weights have no place to go to: packed ones, and those that wait for an input."""
    Problems(found=[*_quantized(module), *_lazy(module)]).raise_if_any()


def quantized_told(what: str) -> Problem:
    """The problem with a quantized model; `what` is quantized in it."""
    return Problem(
        kind=QUANTIZED_MODEL,
        what=f"{what} quantized",
        why="the weights are integers packed for one engine, and a Caffe net computes in floating point",
        hint="convert the model as it was before; Caffe's tool chains quantize the Caffe net themselves",
    )


def _quantized(module: torch.nn.Module) -> list[Problem]:
    names = [name or "model" for name, part in module.named_modules() if type(part).__module__.startswith(QUANTIZED)]
    outer = [name for name in names if name.rpartition(".")[0] not in names]
    return [quantized_told(_counted(outer, "module"))] if outer else []


def _lazy(module: torch.nn.Module) -> list[Problem]:
    lazy = [name for name, tensor in _tensors(module) if _is_lazy(tensor)]
    if not lazy:
        return []
    return [
        Problem(
            kind=NO_NUMBERS,
            what=f"{_counted(lazy, 'tensor')} without a shape",
            why="a lazy module takes it from the first input that it sees",
            hint="run the model once in the function that makes it: model(torch.zeros(1, 3, 224, 224))",
        )
    ]


def _is_lazy(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, UninitializedParameter | UninitializedBuffer)


def _tensors(module: torch.nn.Module) -> Iterable[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _counted(names: list[str], noun: str) -> str:
    """`3 tensors (a, b and 1 more) are`, to go on from."""
    if len(names) == 1:
        return f"the {noun} {names[0]} is"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} {noun}s ({shown}) are"
