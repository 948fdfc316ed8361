"""One call of the graph: its handler, what the handler is given, and what it gave, checked against torch's results."""

from __future__ import annotations

import operator
import traceback
from collections.abc import Mapping

import torch
from msgspec.structs import replace
from torch.fx import Node as FxNode

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.caffe import LAYER_REFUSED
from caffe_ir.error_kinds.capture import DATA_DEPENDENT
from caffe_ir.error_kinds.operations import ARGUMENT_NOT_READ, HANDLER, UNSUPPORTED_OPERATION
from caffe_ir.errors import ConversionError, Origin, Problem, ShapeError
from converters.pytorch.capture.export_errors import UNPACKED
from converters.pytorch.capture.sizes import has_fixed_sizes
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call, Given, Refused
from converters.pytorch.graph.constants import fold
from converters.pytorch.graph.decomposition import parts
from converters.pytorch.graph.handlers import short_name
from converters.pytorch.graph.names import operation, seen_from_here, told
from converters.pytorch.graph.value import Missing, Value
from converters.pytorch.graph.walk import Handler, Walk, build_of

OWN_HANDLER = (
    'write it with other operations, or give a function for it: {{"{}": function}} as handlers=, '
    "or as HANDLERS in a --plugin FILE.py"
)


def handled(walk: Walk, node: FxNode) -> Value | tuple[Value | Missing, ...]:
    """What the handler of a call makes of it, one or several results. Raises Refused and ConversionError."""
    origin = walk.origins[node]
    handler = handler_of(walk.handlers, str(node.target))
    shapes, dtypes = _seen(node, origin)
    if handler is None:
        return _composed(walk, node)
    call = Call(
        name=node.name,
        op=str(node.target),
        origin=origin,
        arguments=_arguments(walk, node),
        shapes=shapes,
        dtypes=dtypes,
        wanted=_wanted(walk, node),
    )
    made = _made(call, handler, build_of(walk, origin))
    if left := call.unread():
        raise call.refused(
            f"{', '.join(left)} is not understood",
            hint="give a handler that reads it: handlers= in Python, --plugin FILE.py on the command line",
            kind=ARGUMENT_NOT_READ,
        )
    return _results_of(call, node, made)


def _wanted(walk: Walk, node: FxNode) -> frozenset[int]:
    """Which of a call's results are read by a call that counts, or are results of the program."""
    picked = [user for user in node.users if user.target is operator.getitem]
    if len(picked) < len(node.users):
        return frozenset(range(len(picked) + 1))
    read = (user for user in picked if any(one in walk.origins or one.op == "output" for one in user.users))
    return frozenset(user.args[1] for user in read if isinstance(user.args[1], int))


def _composed(walk: Walk, node: FxNode) -> Value | tuple[Value | Missing, ...]:
    """A call without a handler by its parts, each of which has one. Raises Refused where some have none."""
    origin, made = walk.origins[node], parts(node, lambda op: handler_of(walk.handlers, op) is not None)
    if made is None:
        raise Refused(_unsupported(walk, node))
    tensors, graph = made
    placed = [item for item in graph.nodes if item.op == "placeholder"]
    (output,) = [item for item in graph.nodes if item.op == "output"]
    walk.known.update({item: walk.known[given] for item, given in zip(placed, tensors, strict=True)})
    constants = {item: walk.known[item] for item in placed if isinstance(walk.known[item], torch.Tensor)}
    calls = [item for item in graph.nodes if item.op == "call_function"]
    walk.origins.update({item: replace(origin, layer=f"{origin.layer}_{operation(item)}") for item in calls})
    folded, problems = fold(calls, constants, walk.origins, walk.hints)
    for item, given in zip(placed, tensors, strict=True):
        walk.sources.add_same(item, given)
    walk.sources.add_folded(calls, folded)
    walk.known.update(folded)
    active = [item for item in calls if item not in folded]
    handled_all = all(item.target is operator.getitem or handler_of(walk.handlers, str(item.target)) for item in active)
    if problems or not handled_all:
        raise Refused(_unsupported(walk, node))
    walk.origins.update(dict.fromkeys(active[-1:], origin))
    for item in active:
        if item.target is operator.getitem:
            walk.known[item] = walk.known[item.args[0]][item.args[1]]
        else:
            walk.known[item] = handled(walk, item)
    found = output.args[0] if isinstance(output.args[0], list | tuple) else (output.args[0],)
    held = [walk.known[item] for item in found]
    build = build_of(walk, origin)
    results = tuple(build.as_value(item) if isinstance(item, torch.Tensor) else item for item in held)
    shapes, dtypes = _seen(node, origin)
    call = Call(name=node.name, op=str(node.target), origin=origin, arguments={}, shapes=shapes, dtypes=dtypes)
    return _results_of(call, node, results)


def _results_of(call: Call, node: FxNode, made: tuple[Value | Missing, ...]) -> Value | tuple[Value | Missing, ...]:
    """What a handler gave, checked against the number, the shapes and the types of torch's results."""
    shapes, dtypes = call.shapes, call.dtypes
    if len(made) != len(shapes):
        what = f"its handler gave {len(made)} results where torch has {len(shapes)}"
        raise call.refused(what, why="a fault of the handler", kind=HANDLER)
    checked = tuple(_checked(call, item, shape, dtype) for item, shape, dtype in zip(made, shapes, dtypes, strict=True))
    return checked if isinstance(node.meta.get("val"), list | tuple) else checked[0]  # type: ignore[return-value]


def _made(call: Call, handler: Handler, build: Build) -> tuple[Value | Missing, ...]:
    """What a handler gives. Raises Refused where it fails, with the line at which it does."""
    try:
        result = handler(call, build)
    except (Refused, ConversionError):
        raise
    except ShapeError as error:
        raise call.refused(str(error), why="Caffe would refuse it", kind=LAYER_REFUSED) from error
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == getattr(handler, "__code__", _made.__code__).co_filename]
        frame = (own or frames)[-1]
        where = f"{seen_from_here(frame.filename)}:{frame.lineno} {frame.line}"
        what = f"its handler {getattr(handler, '__name__', handler)} raised {type(error).__name__}: {error}"
        raise call.refused(what, why=f"a fault of the handler, at {where}", kind=HANDLER) from error
    made = tuple(result) if isinstance(result, list | tuple) else (result,)
    if strange := [item for item in made if not isinstance(item, Value | Missing)]:
        what = f"its handler returned a {type(strange[0]).__name__} in the place of a Value"
        raise call.refused(what, why="a fault of the handler", kind=HANDLER)
    return made


def _checked(call: Call, item: Value | Missing, shape: Shape, dtype: torch.dtype) -> Value | Missing:
    """A handler's result, checked against the shape that torch computed."""
    if isinstance(item, Missing):
        return item
    if item.shape != shape:
        raise call.refused(
            f"its handler made the shape {item.shape} where torch has {shape}",
            why="a fault of the handler",
            kind=HANDLER,
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
                kind=DATA_DEPENDENT,
                what=f"{told(node, operation(node))} takes a number out of a tensor",
                why="what follows would differ from input to input, and a Caffe net cannot",
                hint="compute with the tensor itself",
                origin=origin,
            )
        )
    if not all(map(has_fixed_sizes, items)):
        packs = operation(node).lstrip("_") == "pack_padded_sequence"
        raise Refused(
            Problem(
                kind=DATA_DEPENDENT,
                what=f"the numbers in a tensor decide how large the result of {told(node, operation(node))} is",
                why="a Caffe net has one size for every blob",
                hint=UNPACKED if packs else "choose by a mask that the module holds, or multiply by the mask",
                origin=origin,
            )
        )
    return tuple(tuple(int(size) for size in item.shape) for item in items), tuple(item.dtype for item in items)


def _unsupported(walk: Walk, node: FxNode) -> Problem:
    shapes = [str(held.shape) for held in map(walk.known.get, node.all_input_nodes) if isinstance(held, Value)]
    joined, name = " and ".join(shapes) or "nothing", str(node.target)
    why, hint = walk.hints.get(name.rpartition(".")[0].rstrip("_"), walk.hints.get(name, ("", "")))
    origin = walk.origins[node]
    what = f"{told(node, f'{node.target} on {joined}')} is not supported"
    return Problem(
        kind=UNSUPPORTED_OPERATION,
        what=what if origin.layer == origin.what else f"{origin.layer}: {what}",
        why=why,
        hint=hint or OWN_HANDLER.format(short_name(str(node.target))),
        origin=origin,
    )
