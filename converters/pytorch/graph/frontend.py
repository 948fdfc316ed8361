"""Walks the captured graph from the inputs to the outputs and lets a handler say what each call means.

Every reason why a call cannot be converted is collected; behind a refused call the walk goes on with a stand-in of the
shape that torch knows.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

import torch
from torch.export import ExportedProgram
from torch.fx import Node as FxNode

from caffe_ir.error_kinds.capture import BRANCHES
from caffe_ir.error_kinds.operations import UNSUPPORTED_CASE
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.net import Net
from converters.pytorch.capture.aliases import kept_state
from converters.pytorch.capture.sizes import has_fixed_sizes
from converters.pytorch.graph.call import Refused
from converters.pytorch.graph.calls import handled
from converters.pytorch.graph.constants import fold, live, stored
from converters.pytorch.graph.ends import drop_unread_inputs, inputs, results
from converters.pytorch.graph.finite import non_finite
from converters.pytorch.graph.names import operation, origins
from converters.pytorch.graph.outputs import name_outputs
from converters.pytorch.graph.sharing import share_weights
from converters.pytorch.graph.value import Missing, Value
from converters.pytorch.graph.walk import Handler, Walk, appended_input

__all__ = ["Handler", "to_net"]


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
    places = origins(calls)
    constants, problems = fold(nodes, stored(program), places, hints)
    failed = {problem.origin for problem in problems}
    active = [node for node in calls if node not in constants and places[node] not in failed]
    own = origins([node for node in active if node.target is not operator.getitem])
    walk = Walk(net=Net(name=name), handlers=handlers, hints=hints, origins=own, known=constants)
    walk.sources.add_stored(program, stored(program))
    walk.sources.add_folded(calls, constants)
    walk.problems.found += [*kept_state(program, nodes), *problems]
    inputs(walk, program, set(nodes), input_names)
    for node in active:
        _visit(walk, node)
    walk.problems.raise_if_any()
    walk.net.notes += non_finite(program, nodes)
    share_weights(walk.net, walk.weights)
    found = results(walk, program)
    walk.problems.raise_if_any()
    name_outputs(walk.net, program, found)
    drop_unread_inputs(walk.net)
    walk.net.behind = walk.sources.tensors_behind()
    return walk.net


# ---- one call ------------------------------------------------------------------------------------------------------


def _visit(walk: Walk, node: FxNode) -> None:
    if isinstance(node.target, torch._ops.HigherOrderOperator):
        walk.problems.add(
            f"{operation(node)} runs programs within the program",
            why="a Caffe net has no branches and no loops",
            hint="decide before the conversion, or write the steps out",
            origin=walk.origins[node],
            kind=BRANCHES,
        )
        walk.known[node] = _stand_in(walk, node)
        return
    arguments = [walk.known.get(item) for item in node.all_input_nodes]
    if any(argument is None for argument in arguments):
        return
    if node.target is operator.getitem:
        _pick(walk, node)
        return
    missing = next((argument for argument in arguments if isinstance(argument, Missing)), None)
    try:
        if missing is not None:
            problem = Problem(
                kind=UNSUPPORTED_CASE, what=missing.what, why=missing.why, hint=missing.hint, origin=walk.origins[node]
            )
            raise Refused(problem)
        walk.known[node] = handled(walk, node)
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


def _stand_in(walk: Walk, node: FxNode) -> Value | tuple[Value, ...] | None:
    """Inputs of the right shapes in the place of what cannot be computed, so that the walk can go on."""
    held = node.meta.get("val")
    items = tuple(held) if isinstance(held, list | tuple) else (held,)
    if not all(isinstance(item, torch.Tensor) and has_fixed_sizes(item) for item in items):
        return None
    if any(item.is_complex() for item in items):
        return None  # what follows would be reported again and again
    stands = tuple(appended_input(walk, walk.origins[node], item) for item in items if min(item.shape, default=1) > 0)
    if len(stands) != len(items):
        return None
    return stands if isinstance(held, list | tuple) else stands[0]
