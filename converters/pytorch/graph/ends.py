"""Where a program and a net begin and end: the inputs, and what the outputs are in the net."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import OutputKind
from torch.fx import Node as FxNode

from caffe_ir.error_kinds.capture import NO_OUTPUT
from caffe_ir.error_kinds.opening import EXAMPLE_INPUTS
from caffe_ir.error_kinds.operations import NOT_FLOATING, UNSUPPORTED_CASE
from caffe_ir.errors import Origin
from caffe_ir.layers import Input
from caffe_ir.net import Net
from converters.pytorch.graph.value import Missing, Value
from converters.pytorch.graph.walk import Walk, appended_input, build_of


def inputs(walk: Walk, program: ExportedProgram, read: set[FxNode], names: Sequence[str]) -> None:
    """Give the net an input for each of the program's that is read, by these names if there are any."""
    wanted = [str(name) for name in program.graph_signature.user_inputs if isinstance(name, str)]
    placed = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    held = [placed[name] for name in wanted if name in placed]
    tensors = [node for node in held if isinstance(node.meta.get("val"), torch.Tensor)]
    if names and len(names) != len(tensors):
        walk.problems.add(
            f"{len(names)} names for {len(tensors)} inputs: {', '.join(node.name for node in tensors)}",
            kind=EXAMPLE_INPUTS,
        )
        names = ()
    for node, name in zip(tensors, names or [node.name for node in tensors], strict=True):
        origin, seen = Origin(layer=name, what=f"input {name}"), node.meta["val"]
        if node not in read:
            _dropped(walk.net, origin)
        elif seen.is_complex():
            walk.problems.add(
                f"the input {name} is complex",
                why="Caffe knows real numbers only",
                hint="let the net take real and imaginary parts as channels (torch.view_as_real)",
                origin=origin,
                kind=NOT_FLOATING,
            )
        else:
            _type_told(walk, f"the input {name}", seen.dtype, origin)
            walk.known[node] = appended_input(walk, origin, seen)


def drop_unread_inputs(net: Net) -> None:
    """Take out the inputs on which no output depends, as where only a size is asked for, and what is made of them.

    An input that no layer reads would be an output of a Caffe net (net.cpp:226-235).
    """
    needed = set(net.outputs)
    for node in reversed(net.nodes):
        if needed.intersection(node.tops):
            needed.update(node.bottoms)
    spare = [node for node in net.nodes if isinstance(node.layer, Input) and node.top not in needed]
    made = {node.top for node in spare}
    doomed = list(spare)
    for node in net.nodes:
        if made.intersection(node.bottoms):
            made.update(node.tops)
            doomed.append(node)
    for node in reversed(doomed):
        net.remove(node)
    for node in spare:
        _dropped(net, node.origin)


def _dropped(net: Net, origin: Origin) -> None:
    net.note("dropped", f"no output depends on the input {origin.layer}; the net does not have it", origin)


def results(walk: Walk, program: ExportedProgram) -> list[Value | None]:
    """What each of the program's outputs is in the net; None for a number or None among them.

    Problems are added where something in the net should stand for an output and does not, or where nothing would.
    """
    (output,) = [node for node in program.graph.nodes if node.op == "output"]
    stored = {spec.arg.name: str(spec.target) for spec in program.graph_signature.input_specs if spec.target}
    found: list[Value | None] = []
    for spec, item in zip(program.graph_signature.output_specs, output.args[0], strict=True):
        if spec.kind == OutputKind.USER_OUTPUT:
            found.append(_result(walk, item, stored) if isinstance(item, FxNode) else None)
    if all(one is None for one in found) and not walk.problems.found:
        walk.problems.add(
            "the model returns no tensor",
            why="a net without an output computes nothing",
            hint="return what the net should compute from forward",
            kind=NO_OUTPUT,
        )
    return found


def _result(walk: Walk, item: FxNode, stored: dict[str, str]) -> Value | None:
    held, name = walk.known.get(item), stored.get(item.name, item.name)
    if isinstance(held, torch.Tensor) and not held.is_complex():
        origin = Origin(layer=name, what="constant output")
        walk.net.note("warning", f"the output {name} depends on no input: a constant", origin)
        value = build_of(walk, origin).constant(held, suffix="")
        if item.op == "call_function":
            walk.net.values[item.name] = value.blob
        return value
    if isinstance(held, Value):
        _type_told(walk, "the output", held.dtype, walk.net.producer(held.blob).origin)
        return held
    if isinstance(held, Missing):
        walk.problems.add(held.what, why=held.why, hint=held.hint, kind=UNSUPPORTED_CASE)
    else:
        walk.problems.add(f"nothing in the net stands for the output {name}", kind=NO_OUTPUT)
    return None


def _type_told(walk: Walk, what: str, dtype: torch.dtype, origin: Origin) -> None:
    if dtype != torch.float32:
        kind = str(dtype).removeprefix("torch.")
        walk.net.note("assumed", f"{what} is {kind} in torch; in Caffe it is float32", origin)
