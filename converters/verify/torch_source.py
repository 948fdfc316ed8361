"""torch as the reference of a PyTorch model: the captured graph, node by node, in float64.

Half precision, as in an autocast, is computed in float64 too: the file computes in float32, and rounds nothing on its
way. What it rounds less than the model is among the conversion's assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from caffe_ir.net import Net
from converters.verify.source import MEANING, Feeds, Reference, ReferenceFailed, Values, inputs_of

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram


def torch_reference(program: ExportedProgram, net: Net) -> Reference:
    """The program as the reference; `net` is what was captured of it: its inputs, and the names of its values."""
    import torch

    def values(feeds: Feeds) -> Values:
        return _values(program, net, feeds)

    title = f"torch {torch.__version__}, in float64"
    return Reference(name="torch", title=title, values=values, tolerance=MEANING, precision="float64", required=False)


def whole_inputs(program: ExportedProgram, net: Net, lowered: Net) -> frozenset[str]:
    """The inputs of the lowered net, which are those of the net in their order, that the program has as integers."""
    types = {
        node.name: node.meta["val"].dtype for node in program.graph.nodes if hasattr(node.meta.get("val"), "dtype")
    }
    pairs = zip(inputs_of(net), inputs_of(lowered), strict=False)
    return frozenset(own for one, own in pairs if not types[net.producer(one).origin.layer].is_floating_point)


def _values(program: ExportedProgram, net: Net, feeds: Feeds) -> Values:
    import torch

    known = _stored(program)
    names = [net.producer(blob).origin.layer for blob in inputs_of(net)]
    given = dict(zip(names, feeds.values(), strict=True))
    last = {read: node for node in program.graph.nodes for read in node.all_input_nodes}
    with torch.no_grad():
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name in given:
                known[node.name] = _input(given[node.name], node.meta["val"].dtype)
            elif node.op == "placeholder" and node.name not in known and isinstance(node.meta["val"], torch.Tensor):
                known[node.name] = _input(
                    np.zeros(node.meta["val"].shape), node.meta["val"].dtype
                )  # only its size counts
            if node.op != "call_function":
                continue
            known[node.name] = _called(node, known)
            if node.name in net.values and isinstance(known[node.name], torch.Tensor):
                yield node.name, known[node.name].detach().double().clone().numpy()  # it may be overwritten yet
            for read in node.all_input_nodes:
                if last[read] is node:
                    known.pop(read.name, None)


def _called(node: torch.fx.Node, known: dict[str, Any]) -> Any:
    """What a call makes, with float64 wherever the program says another floating type. Raises ReferenceFailed."""
    import torch

    def doubled(item: Any) -> Any:
        return torch.float64 if isinstance(item, torch.dtype) and item.is_floating_point else item

    def look_up(item: torch.fx.Node) -> Any:
        if item.name not in known:
            raise ReferenceFailed(f"torch does not know {item.name}, which {node.name} reads")
        return known[item.name]

    args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), look_up)
    args, kwargs = torch.utils._pytree.tree_map(doubled, (args, kwargs))
    assert callable(node.target)
    try:
        return node.target(*args, **kwargs)
    except Exception as error:
        raise ReferenceFailed(f"torch cannot run {node.name} ({node.target}) in float64: {error}") from error


def _input(array: Any, dtype: torch.dtype) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.array(array)).to(torch.float64 if dtype.is_floating_point else dtype)


def _stored(program: ExportedProgram) -> dict[str, Any]:
    """Parameters, buffers and constants by the names of their placeholders, floating point ones in float64."""
    import torch

    found: dict[str, Any] = {}
    for spec in program.graph_signature.input_specs:
        target = spec.target
        if target is None:
            continue
        held = program.state_dict.get(target)
        held = program.constants.get(target) if held is None else held
        if isinstance(held, torch.Tensor):
            copied = held.detach().clone()
            found[spec.arg.name] = copied.double() if copied.is_floating_point() else copied
    return found
