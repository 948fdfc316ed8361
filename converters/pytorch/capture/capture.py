"""From a module to the graph of ATen calls that torch.export sees, and from its exceptions to what the user can do."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from msgspec import Struct
from torch.export import ExportedProgram
from torch.utils._pytree import tree_leaves, tree_map

from caffe_ir.error_kinds.capture import IN_PLACE
from caffe_ir.error_kinds.opening import EXAMPLE_INPUTS, NOT_A_MODEL, OPEN_SIZE
from caffe_ir.errors import ConversionError, Note, Origin, Problem
from converters.pytorch.capture.aliases import beyond_schemas, needs_functional
from converters.pytorch.capture.approximations import approximated
from converters.pytorch.capture.export_errors import first_line
from converters.pytorch.capture.exporting import exported, quiet
from converters.pytorch.capture.sizes import dynamic, open_sizes, refuse_dynamic, refuse_other_sizes
from converters.pytorch.capture.torchscript import (
    call_inputs,
    from_script,
    in_order,
    input_names,
    named_by_their_weights,
)
from converters.pytorch.capture.training import in_eval, refuse_traced_in_training
from converters.pytorch.capture.unfit import refuse_unfit, unwrapped
from converters.pytorch.graph.names import origins, place_of

Model = torch.nn.Module | ExportedProgram
_NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Captured(Struct, frozen=True, kw_only=True):
    """A program whose shapes are all known and whose in-place calls may be read as plain ones."""

    program: ExportedProgram
    notes: tuple[Note, ...] = ()


def capture(
    model: Model,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    approx: Collection[str] = (),
) -> Captured:
    """Capture a module in eval mode, or take a program as it is. Raises ConversionError.

    The module is left in the mode in which it was. A program with dynamic shapes is captured again for `args`. `approx`
    names functions that may be near ones (approximations.py).
    """
    args, kwargs = _apart(args, kwargs or {})
    if isinstance(model, torch.nn.Module):
        model = unwrapped(model)
        refuse_unfit(model)
    if isinstance(model, ExportedProgram):
        program, notes = model, list[Note]()
        if args or kwargs:
            refuse_other_sizes(program, args, kwargs)
        elif not dynamic(program) and open_sizes(program) and program.example_inputs is not None:
            args, kwargs = program.example_inputs
        if (args or kwargs) and (dynamic(program) or open_sizes(program)):
            program = exported(_module_of(program), args, kwargs)
    elif isinstance(model, torch.jit.ScriptModule):
        with in_eval(model) as notes:
            program = _from_script(model, args, kwargs)
    elif isinstance(model, torch.nn.Module):
        with in_eval(model) as notes:
            _refuse_arguments(model, args, kwargs)
            program = exported(model, args, kwargs)
    else:
        raise ConversionError(
            Problem(
                kind=NOT_A_MODEL,
                what=f"a {type(model).__name__} is not a model",
                hint="give a torch.nn.Module or what torch.export.export returned",
            )
        )
    refuse_dynamic(program)
    _refuse_hidden_aliases(program)
    if needs_functional(program.graph):
        program = _functional(program)
    program, said = approximated(program, approx)
    return Captured(program=program, notes=(*notes, *said))


def _apart(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs, each a tensor of its own: one that is given twice would be one input of the program.

    Raises ConversionError where they are not a sequence, or none of them is a tensor.
    """
    if not isinstance(args, list | tuple):
        hint = "give each input by its place, convert(model, (x,)), or by its name, example_kwargs={'x': x}"
        raise ConversionError(
            Problem(kind=EXAMPLE_INPUTS, what=f"the example inputs are a {type(args).__name__}", hint=hint)
        )
    leaves = tree_leaves((args, kwargs))
    if leaves and not any(isinstance(leaf, torch.Tensor) for leaf in leaves):
        kinds = ", ".join(dict.fromkeys(type(leaf).__name__ for leaf in leaves))
        raise ConversionError(
            Problem(
                kind=EXAMPLE_INPUTS,
                what=f"the example inputs hold no tensor, only {kinds}",
                hint="give tensors of the shapes that the model takes, such as torch.zeros(1, 3, 224, 224)",
            )
        )
    seen = set[int]()

    def own(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        again = id(leaf) in seen
        seen.add(id(leaf))
        return leaf.detach().clone() if again else leaf

    apart_args, apart_kwargs = tree_map(own, (tuple(args), dict(kwargs)))
    return apart_args, apart_kwargs


def _module_of(program: ExportedProgram) -> torch.nn.Module:
    """The program as a module, to be captured again. Raises ConversionError where torch cannot make one of it."""
    try:
        with quiet():
            module: torch.nn.Module = program.module()
            return module
    except Exception as error:  # of many kinds: a saved program may lack anything
        raise ConversionError(
            Problem(
                kind=OPEN_SIZE,
                what=f"torch cannot run this program again: {first_line(error)}",
                why="its sizes are open, so it is captured once more for the sizes that are given",
                hint="export the model again from its source, best with the sizes of the net that is wanted",
            )
        ) from error


def _refuse_hidden_aliases(program: ExportedProgram) -> None:
    found = beyond_schemas(program.graph)
    if found:
        places = origins(found)
        raise ConversionError(
            *(
                Problem(
                    kind=IN_PLACE,
                    what=f"{places[node].what} works in place on the result of a dropout, whose input is read later",
                    why="in eval mode both are one tensor",
                    hint="do not work in place there",
                    origin=places[node],
                )
                for node in found
            )
        )


def _functional(program: ExportedProgram) -> ExportedProgram:
    """The program without in-place calls. Raises ConversionError where torch cannot write it so."""
    try:
        with quiet():
            functional: ExportedProgram = program.run_decompositions({})
            return functional
    except Exception as error:
        file, line = place_of(str(error))  # torch tells the story of the graph behind the message
        raise ConversionError(
            Problem(
                kind=IN_PLACE,
                what=f"torch cannot write the program without its in-place calls: {first_line(error)}",
                why="what an in-place call changes may be read under another name, so they are written out",
                hint="compute new tensors instead (y = x + 1 for x += 1, torch.where or torch.cat for x[...] = y)",
                origin=Origin(layer=file, file=file, line=line) if file else None,
            )
        ) from error


def _from_script(script: torch.jit.ScriptModule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> ExportedProgram:
    given = in_order(script, args, kwargs)
    with quiet():
        program = from_script(script, given)
    refuse_traced_in_training(program)
    if dynamic(program):
        program = exported(_module_of(program), given, {})
    call_inputs(program, input_names(script))
    named_by_their_weights(program)
    return program


def _refuse_arguments(module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise ConversionError where forward does not take these inputs; what is inside them is for torch to check."""
    signature = inspect.signature(module.forward)
    parameters = signature.parameters.values()
    bare = [one.replace(annotation=one.empty) for one in parameters]
    called = f"forward{signature.replace(parameters=bare, return_annotation=signature.empty)}"
    try:
        if not args and not kwargs and any(one.kind is one.VAR_POSITIONAL for one in parameters):
            raise TypeError("it takes any number of them")
        signature.bind(*args, **kwargs)
    except TypeError as error:
        count = len(args) + len(kwargs)
        wanted = [one.name for one in parameters if one.default is one.empty and one.kind in _NAMED]
        lists = "; inputs inside a list or a dict can be given in Python alone: convert(model, ([a, b],))"
        nested = lists if count > len(parameters) else ""
        raise ConversionError(
            Problem(
                kind=EXAMPLE_INPUTS,
                what=f"{called} does not take the {count} input{'s' * (count > 1)} given: {error}"
                if count
                else f"no input was given, and {called} needs {' and '.join(wanted) or 'some'}",
                hint=f"give an example of each input, in their order or by name: --input 1x3x224x224, "
                f"--input {wanted[0] if wanted else 'x'}=1x3x224x224{nested}",
            )
        ) from None
