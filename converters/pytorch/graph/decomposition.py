"""An operation that has no handler, in terms of those that have one: as torch itself computes it.

Many operations of torch are compositions of others (hstack, cosine_similarity, tensordot); for others torch keeps a
function that says so (torch._decomp). The call alone is traced, on tensors of its shapes, so that the graph around it
stays as the user's program made it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.fx import Graph
from torch.fx import Node as FxNode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

from converters.pytorch.graph.compositions import COMPOSITIONS


def parts(node: FxNode, known: Callable[[str], bool]) -> tuple[list[FxNode], Graph] | None:
    """The graph that a call comes to, and the call's tensors in the order of that graph's placeholders.

    Operations that are not `known`, by their names in the graph, are taken apart further where torch can. None where
    torch has nothing to say: its own kernel does the whole, or the call cannot run on tensors without numbers.
    """
    target = _functional(node.target)
    if target is None:
        return None
    tensors: list[FxNode] = []

    def met(item: FxNode) -> FxNode:
        tensors.append(item)
        return item

    map_arg((node.args, dict(node.kwargs)), met)
    if not all(isinstance(item.meta.get("val"), torch.Tensor) for item in tensors):
        return None

    def call(*given: torch.Tensor) -> Any:
        left = iter(given)
        args, kwargs = map_arg((node.args, dict(node.kwargs)), lambda item: next(left))
        return target(*args, **kwargs)

    table = {
        op: whole
        for own in (decomposition_table, COMPOSITIONS)
        for op, whole in own.items()
        if isinstance(op, torch._ops.OpOverload) and not known(str(op))
    }
    held = [torch.empty(tuple(item.meta["val"].shape), dtype=item.meta["val"].dtype) for item in tensors]
    try:
        with torch.no_grad():
            graph = make_fx(call, table, tracing_mode="fake")(*held).graph
    except Exception:  # of many kinds: the call asks for numbers, or has no decomposition of these types
        return None
    graph.eliminate_dead_code()
    if any(one.target is node.target for one in graph.nodes):
        return None
    return tensors, graph


def _functional(target: Any) -> Callable[..., Any] | None:
    """The operation that gives what one working in place writes; itself where it writes nothing."""
    if not isinstance(target, torch._ops.OpOverload):
        return None
    if not target._schema.is_mutable:
        return target
    packet = getattr(getattr(torch.ops, target.namespace), target._opname.rstrip("_"), None)
    found = getattr(packet, target._overloadname, None)
    return None if found is None or found._schema.is_mutable else found
