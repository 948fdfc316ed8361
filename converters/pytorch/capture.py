"""From a module to the graph of ATen calls that torch.export sees, and from its exceptions to what the user can do."""

from __future__ import annotations

import inspect
import io
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
from msgspec import Struct
from torch.export import ExportedProgram

from caffe_ir.errors import ConversionError, Note, Origin, Problem
from converters.pytorch.aliases import beyond_schemas, needs_functional
from converters.pytorch.known_tensors import KnownTensors
from converters.pytorch.names import NOT_THE_USERS, origins, seen_from_here

Model = torch.nn.Module | ExportedProgram


class Captured(Struct, frozen=True, kw_only=True):
    """A program whose shapes are all known and whose in-place calls may be read as plain ones."""

    program: ExportedProgram
    notes: tuple[Note, ...] = ()


def capture(model: Model, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Captured:
    """Capture a module in eval mode, or take a program as it is. Raises ConversionError.

    The module is left in the mode in which it was. A program with dynamic shapes is captured again for `args`.
    """
    kwargs = dict(kwargs or {})
    if isinstance(model, ExportedProgram):
        program, notes = model, list[Note]()
        if not args and not dynamic(program) and open_sizes(program) and program.example_inputs is not None:
            args, kwargs = program.example_inputs
        if args and (dynamic(program) or open_sizes(program)):
            program = _exported(program.module(), args, kwargs)
    elif isinstance(model, torch.jit.ScriptModule):
        program, notes = _from_script(model, args, kwargs), []
        if dynamic(program):
            program = _exported(program.module(), args, kwargs)
    elif isinstance(model, torch.nn.Module):
        with _in_eval(model) as notes:
            _refuse_arguments(model, args, kwargs)
            program = _exported(model, args, kwargs)
    else:
        raise ConversionError(
            Problem(
                what=f"a {type(model).__name__} is no model",
                hint="give a torch.nn.Module or what torch.export.export returned",
            )
        )
    _refuse_dynamic(program)
    _refuse_hidden_aliases(program)
    if needs_functional(program.graph):
        with _quiet():
            program = program.run_decompositions({})
    return Captured(program=program, notes=tuple(notes))


def dynamic(program: ExportedProgram) -> dict[str, list[tuple[int, str]]]:
    """The axes of the program's inputs that have no size yet: by input, each with the name of its size."""
    wanted = set(program.graph_signature.user_inputs)
    found: dict[str, list[tuple[int, str]]] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in wanted and isinstance(node.meta.get("val"), torch.Tensor):
            axes = [(axis, str(size)) for axis, size in enumerate(node.meta["val"].shape) if not str(size).isdecimal()]
            if axes:
                found[node.name] = axes
    return found


def open_sizes(program: ExportedProgram) -> bool:
    """Whether a tensor of the program has a size that only its numbers tell."""
    held = (node.meta.get("val") for node in program.graph.nodes)
    return any(isinstance(item, torch.Tensor) and not has_fixed_sizes(item) for item in held)


def has_fixed_sizes(tensor: torch.Tensor) -> bool:
    """Whether each size is a number, or a symbol that torch has found to be one."""
    return all(str(size).isdecimal() for size in tensor.shape)


def _refuse_dynamic(program: ExportedProgram) -> None:
    found = dynamic(program)
    if found:
        raise ConversionError(
            *(
                Problem(
                    what=f"axis {axis} of the input {name} has no fixed size ({size})",
                    why="a Caffe net has one size for every blob",
                    hint="give an example input of the size that you want, or export without dynamic_shapes",
                )
                for name, axes in found.items()
                for axis, size in axes
            )
        )


def _refuse_hidden_aliases(program: ExportedProgram) -> None:
    found = beyond_schemas(program.graph)
    if found:
        places = origins(found)
        raise ConversionError(
            *(
                Problem(
                    what=f"{places[node].what} works in place on the result of a dropout, whose input is read later",
                    why="in eval mode both are one tensor",
                    hint="do not work in place there",
                    origin=places[node],
                )
                for node in found
            )
        )


def _exported(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    lost = [name for name, tensor in module.named_parameters() if tensor.is_meta]
    if lost:
        raise ConversionError(
            Problem(what=f"{', '.join(lost[:3])} hold no numbers (device meta)", hint="load the weights first")
        )
    try:
        program = _traced(module, args, kwargs)
    except Exception as error:
        known = _with_known_tensors(module, args, kwargs)
        if known is None:
            raise ConversionError(_explained(error)) from error
        return known
    return _with_known_tensors(module, args, kwargs) or program if open_sizes(program) else program


def _traced(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    with _quiet(), _half_graphs_swallowed(), torch.no_grad():
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


def _from_script(script: torch.jit.ScriptModule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    from torch._export.converter import TS2EPConverter

    script.eval()
    try:
        with _quiet(), torch.no_grad():
            return TS2EPConverter(script, tuple(args), dict(kwargs)).convert()
    except Exception as error:
        raise ConversionError(
            Problem(
                what=f"torch cannot read this TorchScript program: {_last_line(error)}",
                why="scripted loops and lists have no place in an exported graph; traced models have none",
                hint="save it with torch.jit.trace instead of torch.jit.script, or with torch.export.save",
            )
        ) from error


def _refuse_arguments(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise ConversionError where forward does not take these inputs; what is inside them is for torch to judge."""
    signature = inspect.signature(module.forward)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ConversionError(
            Problem(
                what=f"forward{signature} does not take the {len(args) + len(kwargs)} inputs given: {error}",
                hint="give one example input for each argument, in their order or by name",
            )
        ) from None


@contextmanager
def _in_eval(module: torch.nn.Module) -> Iterator[list[Note]]:
    """Eval mode for the time of the capture; the notes say what had been left in training mode."""
    training = [(name, part) for name, part in module.named_modules() if part.training]
    notes: list[Note] = []
    if training:
        where = "the model" if module.training else ", ".join(name for name, _ in training[:3])
        text = f"{where} was in training mode; converted as after model.eval()"
        notes.append(Note(kind="warning", text=text))
        module.eval()
    try:
        yield notes
    finally:
        for _, part in training:
            part.training = True


@contextmanager
def _quiet() -> Iterator[None]:
    """torch.export logs whole graphs when it fails; what matters of them is in the exception."""
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


def _explained(error: Exception) -> Problem:
    kind, text = type(error).__name__, _last_line(error)
    origin = _user_frame(error)
    if "DataDependent" in kind or "data-dependent" in str(error):
        return Problem(
            what="the program asks for the numbers in a tensor to decide what to compute",
            why="a Caffe net does the same for every input",
            hint="decide before the conversion, or use arithmetic instead of a branch (torch.where, clamp, a product)",
            origin=origin,
        )
    if "is not a known type" in str(error) or "unknown type" in str(error).lower():
        return Problem(
            what=f"torch.export does not know the type of an input or an output: {text}",
            hint="return tensors, tuples or dicts, or register the type: torch.utils._pytree.register_pytree_node",
            origin=origin,
        )
    return Problem(what=f"torch cannot run the model on these inputs: {text}", why=kind, origin=origin)


def _last_line(error: Exception) -> str:
    """The first line of the message: torch puts what happened first, and the story behind it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _user_frame(error: BaseException) -> Origin | None:
    """The innermost frame of the user's own code that an exception came through."""
    seen: BaseException | None = error
    while seen is not None:
        for frame in reversed(traceback.extract_tb(seen.__traceback__)):
            if not frame.filename.startswith(NOT_THE_USERS):
                what = (frame.line or frame.name).strip().rstrip(":")
                return Origin(layer=frame.name, what=what, file=seen_from_here(frame.filename), line=frame.lineno)
        seen = seen.__cause__ or seen.__context__
    return None
