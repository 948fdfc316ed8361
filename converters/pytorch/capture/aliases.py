"""Which tensors of a captured graph share memory, so what its in-place calls change and what it keeps between runs."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx import Graph
from torch.fx import Node as FxNode

from caffe_ir.error_kinds.capture import KEEPS_STATE
from caffe_ir.errors import Problem

# Their schemas promise a new tensor; what they give in eval mode, or for a type that already exists, is their input.
SOMETIMES_THEIR_INPUT = frozenset({"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "type_as"})


def needs_functional(graph: Graph) -> bool:
    """Whether an in-place call changes memory that is read later under another name.

    Without that, `y = relu_(x)` may be read as `y = relu(x)`: the graph names the new value wherever it is meant.
    Programs within the program (autocast, set_grad_enabled) are put in line by making the graph functional, too.
    """
    return any(node.op == "get_attr" for node in graph.nodes) or bool(_seen_elsewhere(graph, frozenset()))


def beyond_schemas(graph: Graph) -> list[FxNode]:
    """In-place calls on what a call in eval mode gave back as it was, and that is read later under its older name.

    torch's schemas hide it, so that making the graph functional would change its meaning.
    """
    told = _seen_elsewhere(graph, frozenset())
    return [node for node in _seen_elsewhere(graph, SOMETIMES_THEIR_INPUT) if node not in told]


def _seen_elsewhere(graph: Graph, sharing: frozenset[str]) -> list[FxNode]:
    """The in-place calls whose memory is read behind them under a name that it had before."""
    order = {node: place for place, node in enumerate(graph.nodes)}
    found: list[FxNode] = []
    read_last: dict[FxNode, int] = {}
    """Of each memory, by its first name, the last place where one of its names so far is read."""
    for node, root in _groups(graph.nodes, sharing).items():
        if _in_place(node) and read_last.get(root, -1) > order[node]:
            found.append(node)
        reads = [order[user] for user in node.users]
        read_last[root] = max([read_last.get(root, -1), *reads])
    return found


def kept_state(program: ExportedProgram, live: Iterable[FxNode]) -> list[Problem]:
    """The buffers that each run changes and that an output depends on: the second run would give other numbers."""
    buffers = {
        spec.arg.name: str(spec.target)
        for spec in program.graph_signature.input_specs
        if spec.kind in (InputKind.BUFFER, InputKind.PARAMETER)
    }
    groups = _groups(program.graph.nodes, SOMETIMES_THEIR_INPUT)
    changed = {groups[node].name for node in groups if _in_place(node)} & buffers.keys()
    mutated = {spec.target for spec in program.graph_signature.output_specs if spec.kind == OutputKind.BUFFER_MUTATION}
    read = {node.name for node in live}
    return [
        Problem(
            kind=KEEPS_STATE,
            what=f"each run changes the buffer {target}, and the output depends on it",
            why="a Caffe net keeps nothing from one run to the next",
            hint=f"take the update of {target} out of forward, or do not read it in eval mode",
        )
        for name, target in buffers.items()
        if name in read and (name in changed or target in mutated)
    ]


def _groups(nodes: Iterable[FxNode], sharing: frozenset[str]) -> dict[FxNode, FxNode]:
    """For each tensor the one whose memory it shares, itself where it has its own."""
    roots: dict[FxNode, FxNode] = {}
    for node in nodes:
        shared = _shares_with(node, sharing)
        roots[node] = roots.get(shared, shared) if shared is not None else node
    return roots


def _shares_with(node: FxNode, sharing: frozenset[str]) -> FxNode | None:
    if node.op != "call_function" or not node.args or not isinstance(node.args[0], FxNode):
        return None
    if node.target is operator.getitem:
        return node.args[0]
    if not isinstance(node.target, torch._ops.OpOverload):
        return None
    schema = node.target._schema
    aliased = any(result.alias_info is not None for result in schema.returns)
    return node.args[0] if aliased or schema.name.removeprefix("aten::") in sharing else None


def _in_place(node: FxNode) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable
