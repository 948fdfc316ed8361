"""TorchScript as a source: through torch's own converter, with the names that the script still has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import Node as FxNode

from caffe_ir.error_kinds.capture import MODEL_RAISES, TORCHSCRIPT
from caffe_ir.error_kinds.opening import EXAMPLE_INPUTS
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.near_misses import did_you_mean
from converters.pytorch.capture.export_errors import first_line, inputs_told


def from_script(script: torch.jit.ScriptModule, given: tuple[Any, ...]) -> ExportedProgram:
    """The program of a scripted or traced module in the mode that it is in. Raises ConversionError."""
    from torch._export.converter import TS2EPConverter

    _refuse_hooks(script)
    try:
        with torch.no_grad():
            return TS2EPConverter(script, given, {}).convert()
    except Exception as error:
        raise ConversionError(_unread(script, given, error)) from error


def _refuse_hooks(script: torch.jit.ScriptModule) -> None:
    """Raise ConversionError with each part that has a hook: torch's converter reads what forward alone computes."""
    problems = Problems()
    for name, part in script.named_modules():
        if part._forward_hooks or part._forward_pre_hooks:
            problems.add(
                f"{name or 'the model'} has a hook on its forward",
                why="torch's converter for TorchScript would leave it out",
                hint="write what the hook does into forward, or remove it before torch.jit.script",
                kind=TORCHSCRIPT,
            )
    problems.raise_if_any()


def input_names(script: torch.jit.ScriptModule) -> list[str]:
    """What the script's forward calls its inputs."""
    return [argument.name for argument in _arguments(script)]


def named_by_their_weights(program: ExportedProgram) -> None:
    """Name, at each call that has weights, the module that they lie in, which the converter leaves out."""
    specs = program.graph_signature.input_specs
    owners = {spec.arg.name: str(spec.target).rpartition(".")[0] for spec in specs if spec.target}
    for node in program.graph.nodes:
        paths = {owners[read.name] for read in node.all_input_nodes if read.op == "placeholder" and read.name in owners}
        if node.op == "call_function" and len(paths) == 1 and (path := paths.pop()):
            node.meta["nn_module_stack"] = {f"L__self__.{path}": (path, "")}


def call_inputs(program: ExportedProgram, names: Sequence[str]) -> None:
    """Call the program's inputs by these names, wherever they stand."""
    specs = program.graph_signature.input_specs
    own = [spec.arg for spec in specs if spec.target is None]
    if len(own) != len(names) or set(names) & {node.name for node in program.graph.nodes}:
        return
    placed: dict[str, FxNode] = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    told = [*own, *(spec.arg for spec in program.graph_signature.output_specs)]
    renamed = {argument.name: name for argument, name in zip(own, names, strict=True)}
    for argument in told:
        argument.name = renamed.get(argument.name, argument.name)
    for old, new in renamed.items():
        if old in placed:
            placed[old].name = placed[old].target = new


def _arguments(script: torch.jit.ScriptModule) -> list[Any]:
    forward: Any = script.forward
    return list(forward.schema.arguments[1:])


def in_order(script: torch.jit.ScriptModule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """The inputs in forward's own order, with its defaults. Raises ConversionError with all that does not fit."""
    arguments = _arguments(script)
    known = [argument.name for argument in arguments]
    problems = Problems()
    signature = f"forward({', '.join(known)})"
    if len(args) > len(arguments):
        problems.add(f"{signature} does not take {len(args)} inputs", kind=EXAMPLE_INPUTS)
    given = {**dict(zip(known, args, strict=False)), **kwargs}
    for name in kwargs.keys() - set(known):
        problems.add(f"{signature} has no input {name}", hint=did_you_mean(name, known), kind=EXAMPLE_INPUTS)
    for argument in arguments:
        if argument.name not in given and not argument.has_default_value():
            hint = f"give --input {argument.name}=1x3x224x224, with its shape"
            problems.add(f"{signature} needs an input for {argument.name}", hint=hint, kind=EXAMPLE_INPUTS)
    problems.raise_if_any()
    return tuple(given.get(one.name, one.default_value if one.has_default_value() else None) for one in arguments)


def _unread(script: torch.jit.ScriptModule, given: tuple[Any, ...], error: Exception) -> Problem:
    """Why the converter failed: because the script cannot run on the inputs, or because it cannot read the script."""
    try:
        with torch.no_grad():
            script(*given)
    except Exception as run:
        lines = [line.strip() for line in str(run).splitlines() if line.strip()]
        text = lines[-1] if lines else type(run).__name__
        return Problem(
            kind=MODEL_RAISES,
            what=f"this TorchScript program cannot run on these inputs: {text}",
            why=f"for {inputs_told(given, {})}",
            hint="give the inputs the shapes and the types that the model takes: --input SHAPE:DTYPE",
        )
    return Problem(
        kind=TORCHSCRIPT,
        what=f"torch cannot read this TorchScript program: {first_line(error)}",
        why="scripted loops, lists and quantized weights have no place in an exported graph; traced models have none",
        hint="save it with torch.jit.trace instead of torch.jit.script, or with torch.export.save",
    )
