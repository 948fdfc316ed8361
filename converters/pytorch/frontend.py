"""Walks the captured graph from the inputs to the outputs and lets a handler say what each call means.

Every reason why a call cannot be converted is collected; behind a refused call the walk goes on with a stand-in of the
shape that torch knows.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from msgspec import Struct, field
from msgspec.structs import replace
from torch.export import ExportedProgram
from torch.export.graph_signature import OutputKind
from torch.fx import Node as FxNode

from caffe_ir.blob import Blob, Shape
from caffe_ir.errors import ConversionError, Origin, Problem, Problems
from caffe_ir.layers import Input
from caffe_ir.net import Net
from converters.pytorch.aliases import kept_state
from converters.pytorch.build import Build, Call, Given, Missing, Refused, Result, Value
from converters.pytorch.capture import has_fixed_sizes
from converters.pytorch.constants import fold, live, stored
from converters.pytorch.mapped import MappedFiles
from converters.pytorch.names import operation, origins
from converters.pytorch.outputs import name_outputs
from converters.pytorch.sharing import share_weights

Handler = Callable[[Call, Build], Result]


class Walk(Struct, kw_only=True):
    """What is known on the way: the net so far, what each node of the graph stands for, and what went wrong."""

    net: Net
    handlers: Mapping[str, Handler]
    hints: Mapping[str, tuple[str, str]]
    origins: Mapping[FxNode, Origin]
    known: dict[FxNode, Any]
    """Of each node: a Value, a Missing, a tuple of those, a constant, or None where nothing can be known."""
    problems: Problems = field(default_factory=Problems)
    taken: set[str] = field(default_factory=set)
    weights: dict[Blob, torch.Tensor] = field(default_factory=dict)
    files: MappedFiles = field(default_factory=MappedFiles)


def to_net(
    program: ExportedProgram,
    handlers: Mapping[str, Handler],
    hints: Mapping[str, tuple[str, str]],
    *,
    name: str,
    input_names: Sequence[str] = (),
) -> Net:
    """The net of a captured program. `hints` holds why and what to do for operations without a handler.

    Raises ConversionError with every reason.
    """
    nodes = live(program)
    calls = [node for node in nodes if node.op == "call_function"]
    constants, problems = fold(nodes, stored(program), origins(calls))
    active = [node for node in calls if node not in constants]
    own = origins([node for node in active if node.target is not operator.getitem])
    walk = Walk(net=Net(name=name), handlers=handlers, hints=hints, origins=own, known=constants)
    walk.problems.found += [*kept_state(program, nodes), *problems]
    _inputs(walk, program, set(nodes), input_names)
    for node in active:
        _visit(walk, node)
    walk.problems.raise_if_any()
    share_weights(walk.net, walk.weights)
    name_outputs(walk.net, program, _results(walk, program))
    walk.problems.raise_if_any()
    return walk.net


# ---- inputs and outputs --------------------------------------------------------------------------------------------


def _inputs(walk: Walk, program: ExportedProgram, read: set[FxNode], names: Sequence[str]) -> None:
    wanted = [str(name) for name in program.graph_signature.user_inputs if isinstance(name, str)]
    placed = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    held = [placed[name] for name in wanted if name in placed]
    tensors = [node for node in held if isinstance(node.meta.get("val"), torch.Tensor)]
    if names and len(names) != len(tensors):
        walk.problems.add(f"{len(names)} names for {len(tensors)} inputs: {', '.join(node.name for node in tensors)}")
        names = ()
    for node, name in zip(tensors, names or [node.name for node in tensors], strict=True):
        origin, seen = Origin(layer=name, what=f"input {name}"), node.meta["val"]
        if seen.is_complex():
            walk.problems.add(
                f"the input {name} is complex",
                why="Caffe knows real numbers only",
                hint="let the net take real and imaginary parts as channels (torch.view_as_real)",
                origin=origin,
            )
        if node not in read:
            walk.net.note("dropped", f"no output depends on the input {name}; the net does not have it", origin)
            continue
        if seen.dtype != torch.float32:
            kind = str(seen.dtype).removeprefix("torch.")
            walk.net.note("assumed", f"the input {name} is {kind} in torch; in Caffe it is float32", origin)
        walk.known[node] = _appended_input(walk, origin, seen)


def _appended_input(walk: Walk, origin: Origin, seen: torch.Tensor) -> Value:
    value = _build(walk, origin).add(Input(shape=tuple(int(size) for size in seen.shape)))
    return replace(value, dtype=seen.dtype)


def _results(walk: Walk, program: ExportedProgram) -> list[Value | None]:
    """What each of the program's outputs is in the net; None for a number or None among them."""
    (output,) = [node for node in program.graph.nodes if node.op == "output"]
    found: list[Value | None] = []
    for spec, item in zip(program.graph_signature.output_specs, output.args[0], strict=True):
        if spec.kind != OutputKind.USER_OUTPUT:
            continue
        held = walk.known.get(item) if isinstance(item, FxNode) else None
        if isinstance(held, torch.Tensor):
            origin = Origin(layer=item.name, what="constant output")
            walk.net.note("warning", f"the output {item.name} depends on no input: a constant", origin)
            held = _build(walk, origin).constant(held, suffix="")
        if isinstance(held, Missing):
            walk.problems.add(held.what, why=held.why, hint=held.hint)
        if held is None and isinstance(item, FxNode):
            walk.problems.add(f"nothing in the net stands for the output {item.name}")
        found.append(held if isinstance(held, Value) else None)
    return found


# ---- one call ------------------------------------------------------------------------------------------------------


def _visit(walk: Walk, node: FxNode) -> None:
    arguments = [walk.known.get(item) for item in node.all_input_nodes]
    if any(argument is None for argument in arguments):
        return
    if node.target is operator.getitem:
        _pick(walk, node)
        return
    missing = next((argument for argument in arguments if isinstance(argument, Missing)), None)
    try:
        if missing is not None:
            problem = Problem(what=missing.what, why=missing.why, hint=missing.hint, origin=walk.origins[node])
            raise Refused(problem)
        walk.known[node] = _handled(walk, node)
    except Refused as refused:
        walk.problems.found.append(refused.problem)
    except ConversionError as error:
        walk.problems.found.extend(error.problems)
    if node not in walk.known:
        walk.known[node] = _stand_in(walk, node)
    if isinstance(walk.known[node], Value):
        walk.net.values[node.name] = walk.known[node].blob


def _pick(walk: Walk, node: FxNode) -> None:
    (source,), place = node.all_input_nodes, node.args[1]
    held = walk.known[source]
    walk.known[node] = held[place] if isinstance(held, tuple) and isinstance(place, int) else None
    if isinstance(walk.known[node], Value):
        walk.net.values[node.name] = walk.known[node].blob


def _handled(walk: Walk, node: FxNode) -> Value | tuple[Value | Missing, ...]:
    origin = walk.origins[node]
    handler = handler_of(walk.handlers, str(node.target))
    shapes, dtypes = _seen(node, origin)
    if handler is None:
        raise Refused(_unsupported(walk, node))
    call = Call(
        name=node.name,
        op=str(node.target),
        origin=origin,
        arguments=_arguments(walk, node),
        shapes=shapes,
        dtypes=dtypes,
    )
    result = handler(call, _build(walk, origin))
    if left := call.unread():
        raise call.refused(f"{', '.join(left)} is not understood", hint="a handler of your own may: see handlers=")
    several = isinstance(node.meta.get("val"), list | tuple)
    results = (result,) if isinstance(result, Value | Missing) else tuple(result)
    if len(results) != len(shapes):
        what = f"its handler gave {len(results)} results where torch has {len(shapes)}"
        raise call.refused(what, why="a fault of the handler")
    checked = tuple(
        _checked(call, item, shape, dtype) for item, shape, dtype in zip(results, shapes, dtypes, strict=True)
    )
    return checked if several else checked[0]  # type: ignore[return-value]


def _checked(call: Call, item: Value | Missing, shape: Shape, dtype: torch.dtype) -> Value | Missing:
    """A handler's result, held to the shape that torch computed."""
    if isinstance(item, Missing):
        return item
    if item.shape != shape:
        raise call.refused(
            f"its handler made the shape {item.shape} where torch has {shape}", why="a fault of the handler"
        )
    return replace(item, dtype=dtype)


def handler_of(handlers: Mapping[str, Handler], op: str) -> Handler | None:
    """The handler of an operation; `relu_` has that of `relu`, since the graph names each value once."""
    if op in handlers:
        return handlers[op]
    name, dot, overload = op.rpartition(".")
    return handlers.get(f"{name[:-1]}{dot}{overload}") if name.endswith("_") else None


def _arguments(walk: Walk, node: FxNode) -> dict[str, Given]:
    """All arguments by name, those left out at their defaults."""
    schema = node.target._schema  # type: ignore[union-attr]
    found = {}
    for place, argument in enumerate(schema.arguments):
        default = argument.default_value if argument.has_default_value() else None
        stands = node.args[place] if place < len(node.args) else node.kwargs.get(argument.name, default)
        value = torch.fx.node.map_arg(stands, lambda item: walk.known[item])
        found[argument.name] = Given(value=value, default=default, has_default=argument.has_default_value())
    return found


def _seen(node: FxNode, origin: Origin) -> tuple[tuple[Shape, ...], tuple[torch.dtype, ...]]:
    """Shapes and types of a call's results as torch computed them. Raises Refused where it has no tensors."""
    held = node.meta.get("val")
    items = tuple(held) if isinstance(held, list | tuple) else (held,)
    if not all(isinstance(item, torch.Tensor) for item in items):
        raise Refused(
            Problem(
                what=f"{operation(node)} takes a number out of a tensor",
                why="what follows would differ from input to input, and a Caffe net cannot",
                hint="compute with the tensor itself",
                origin=origin,
            )
        )
    if not all(map(has_fixed_sizes, items)):
        raise Refused(
            Problem(
                what=f"the numbers in a tensor decide how large the result of {operation(node)} is",
                why="a Caffe net has one size for every blob",
                hint="choose by a mask that the module holds, or multiply by the mask",
                origin=origin,
            )
        )
    return tuple(tuple(int(size) for size in item.shape) for item in items), tuple(item.dtype for item in items)


def _unsupported(walk: Walk, node: FxNode) -> Problem:
    shapes = [str(held.shape) for held in map(walk.known.get, node.all_input_nodes) if isinstance(held, Value)]
    why, hint = walk.hints.get(str(node.target).rpartition(".")[0].rstrip("_"), ("", ""))
    origin = walk.origins[node]
    told = f"{node.target} on {' and '.join(shapes) or 'nothing'} is not supported"
    return Problem(
        what=told if origin.layer == origin.what else f"{origin.layer}: {told}",
        why=why,
        hint=hint or "write it with other operations, or pass handlers={...} with a function for it",
        origin=origin,
    )


def _stand_in(walk: Walk, node: FxNode) -> Value | tuple[Value, ...] | None:
    """Inputs of the right shapes in the place of what cannot be computed, so that the walk can go on."""
    held = node.meta.get("val")
    items = tuple(held) if isinstance(held, list | tuple) else (held,)
    if not all(isinstance(item, torch.Tensor) and has_fixed_sizes(item) for item in items):
        return None
    stands = tuple(_appended_input(walk, walk.origins[node], item) for item in items if min(item.shape, default=1) > 0)
    if len(stands) != len(items):
        return None
    return stands if isinstance(held, list | tuple) else stands[0]


def _build(walk: Walk, origin: Origin) -> Build:
    return Build(net=walk.net, origin=origin, taken=walk.taken, weights=walk.weights, files=walk.files)
