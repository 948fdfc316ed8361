"""torch.export at work: what it needs to see through a module, and what it prints on the way."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
from msgspec.structs import replace
from torch.export import ExportedProgram

from caffe_ir.errors import ConversionError, Problem
from converters.pytorch.capture.export_errors import explained, needs_numbers
from converters.pytorch.capture.known_tensors import KnownTensors
from converters.pytorch.capture.lstm_states import true_last_states
from converters.pytorch.capture.sizes import open_sizes


def exported(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    """The program that torch.export sees for these arguments, with as many fixed sizes as it can have.

    Raises ConversionError with the user's line where torch cannot see through the module.
    """
    try:
        program = _traced(module, args, kwargs)
    except (Exception, SystemExit) as error:
        known = _with_known_tensors(module, args, kwargs) if needs_numbers(error) else None
        if known is None:
            raise ConversionError(_with_scripts_told(explained(error, args, kwargs), module)) from error
        return known
    return _with_known_tensors(module, args, kwargs) or program if open_sizes(program) else program


def _with_scripts_told(problem: Problem, module: torch.nn.Module) -> Problem:
    """The problem, with the way round parts in TorchScript, which torch.export does not always see through."""
    scripts = [name for name, part in module.named_modules() if isinstance(part, torch.jit.ScriptModule)]
    if problem.hint or not scripts:
        return problem
    return replace(problem, hint=f"{scripts[0]} is TorchScript: put the plain module there, or script the whole model")


def _traced(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    with quiet(), _half_graphs_swallowed(), true_last_states(), torch.no_grad():
        return torch.export.export(module, tuple(args), dict(kwargs), strict=False)


def _with_known_tensors(
    module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> ExportedProgram | None:
    """The program of a module whose masks and conditions are its own constants; None where that is not enough."""
    try:
        with KnownTensors(module):
            return _traced(module, args, kwargs)
    except Exception:
        return None


@contextmanager
def quiet() -> Iterator[None]:
    """torch.export logs whole graphs when it fails, and tracebacks; what matters of them is in the exception."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _half_graphs_swallowed() -> Iterator[None]:
    """torch.export prints the graph it had so far before it raises; what the model itself prints goes through."""
    printed, graph = io.StringIO(), ""
    try:
        with redirect_stderr(printed):
            yield
    except Exception as error:
        graph = str(vars(error).get("partial_fx_graph", ""))
        raise
    finally:
        text = printed.getvalue()
        sys.stderr.write(text.replace(f"{graph}\n", "") if graph else text)
