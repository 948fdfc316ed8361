"""What depends on no input is computed here, once, by torch itself, and stands in the net as a number."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx import Node as FxNode
from torch.fx.node import map_arg
from torch.utils._pytree import tree_map

from caffe_ir.error_kinds.capture import RANDOM
from caffe_ir.error_kinds.operations import UNSUPPORTED_CASE
from caffe_ir.errors import Origin, Problem
from converters.pytorch.graph.names import caller, told

DRAWN = "leave the noise out in eval mode, or draw it once and keep it in a buffer"
# The argument of which these read the shape and the type, never the numbers.
SHAPE_ONLY: Mapping[str, str] = {
    "aten.zeros_like.default": "self",
    "aten.ones_like.default": "self",
    "aten.full_like.default": "self",
    "aten.new_zeros.default": "self",
    "aten.new_ones.default": "self",
    "aten.new_full.default": "self",
    "aten.fill.Scalar": "self",
    "aten.fill.Tensor": "self",
    "aten.fill_.Scalar": "self",
    "aten.fill_.Tensor": "self",
    "aten.zero.default": "self",
    "aten.zero_.default": "self",
    "aten.copy.default": "self",
    "aten.copy_.default": "self",
    "aten.empty_like.default": "self",
    "aten.sym_size.int": "self",
    "aten.type_as.default": "other",
    "aten.to.other": "other",
    "aten.view_as.default": "other",
    "aten.reshape_as.default": "other",
    "aten.expand_as.default": "other",
}
OFF: Mapping[str, float | bool] = {"train": False, "training": False, "dropout": 0, "dropout_p": 0}
"""Arguments with which a call that could draw numbers draws none."""
# These read the bits of a number.
BITWISE = frozenset({"aten.view.dtype"})
Folded = Any


def live(program: ExportedProgram) -> list[FxNode]:
    """The nodes that an output of the user's depends on, in the order of the graph."""
    (output,) = [node for node in program.graph.nodes if node.op == "output"]
    results = zip(program.graph_signature.output_specs, output.args[0], strict=True)
    wanted = [item for spec, item in results if spec.kind == OutputKind.USER_OUTPUT and isinstance(item, FxNode)]
    found = set(wanted)
    while wanted:
        for node in wanted.pop().all_input_nodes:
            if node not in found:
                found.add(node)
                wanted.append(node)
    return [node for node in program.graph.nodes if node in found]


def stored(program: ExportedProgram) -> dict[FxNode, torch.Tensor]:
    """The parameters, buffers and lifted constants behind the graph's placeholders, as they lie in the module."""
    placed = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    kinds = (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR)
    found = {}
    for spec in program.graph_signature.input_specs:
        if spec.kind in kinds:
            target = str(spec.target)
            held = program.state_dict.get(target)
            found[placed[spec.arg.name]] = program.constants[target] if held is None else held
    return found


def fold(
    nodes: Iterable[FxNode],
    given: Mapping[FxNode, Folded],
    origins: Mapping[FxNode, Origin],
    hints: Mapping[str, tuple[str, str]],
) -> tuple[dict[FxNode, Folded], list[Problem]]:
    """The value of every node that depends on no input, and why some of them have none.

    A tensor without numbers depends on none, and has a value where all that reads it joins it with others. The given
    tensors are never written to: a call that works in place gets a copy. `hints` says what to do instead of functions
    that draw numbers.
    """
    folded: dict[FxNode, Folded] = dict(given)
    problems: list[Problem] = []
    for node in nodes:
        if node.op == "get_attr":
            continue
        if _adds_nothing(node):
            folded[node] = torch.empty(tuple(node.meta["val"].shape), dtype=node.meta["val"].dtype)
            continue
        if node.op != "call_function" or not all(_known(node, item, folded) for item in node.all_input_nodes):
            continue
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()) and not _is_off(node):
            problems.append(
                Problem(
                    kind=RANDOM,
                    what=f"{told(node, origins[node].what)} gives different numbers at every run",
                    why="a Caffe net computes the same from the same input",
                    hint=hints.get(f"aten.{caller(node)}", ("", DRAWN))[1],
                    origin=origins[node],
                )
            )
            continue
        try:
            folded[node] = _computed(node, folded)
        except Exception as error:
            text = str(error).strip().splitlines() or [type(error).__name__]
            problems.append(
                Problem(
                    kind=UNSUPPORTED_CASE,
                    what=f"{node.name} cannot be computed beforehand: {text[0]}",
                    origin=origins[node],
                )
            )
    return folded, problems


def _adds_nothing(node: FxNode) -> bool:
    """It has no numbers, and only concatenations read it, or what has none itself and is read so."""
    value = node.meta.get("val")
    if node.op != "call_function" or not isinstance(value, torch.Tensor) or not node.users:
        return False
    if 0 not in (sizes := [size for size in value.shape if isinstance(size, int)]) or len(sizes) < value.ndim:
        return False  # sizes that depend on the input are symbols
    return all(str(user.target) == "aten.cat.default" or _adds_nothing(user) for user in node.users)


def _is_off(node: FxNode) -> bool:
    """Whether a call that could draw numbers draws none: it is not in training, or drops none of what it could."""
    given = _arguments(node)
    return any(given.get(name) == off for name, off in OFF.items())


def _known(node: FxNode, item: FxNode, folded: Mapping[FxNode, Folded]) -> bool:
    if item in folded:
        return True
    unread = SHAPE_ONLY.get(str(node.target))
    if unread is None or item.op == "get_attr":
        return False
    return all(name == unread or item not in _nodes(value) for name, value in _arguments(node).items())


def _arguments(node: FxNode) -> dict[str, Any]:
    """What a call is given, by ATen's names, and the defaults of what it is not."""
    arguments = node.target._schema.arguments  # type: ignore[union-attr]
    defaults = {argument.name: argument.default_value for argument in arguments if argument.has_default_value()}
    return {**defaults, **dict(zip([argument.name for argument in arguments], node.args, strict=False)), **node.kwargs}


def _nodes(argument: Any) -> list[FxNode]:
    found: list[FxNode] = []
    map_arg(argument, found.append)
    return found


def _computed(node: FxNode, folded: Mapping[FxNode, Folded]) -> Folded:
    """What torch makes of the call: in float64 where it can, so that each number is rounded once, by the writer."""

    def held(item: FxNode) -> Folded:
        if item in folded:
            return folded[item]
        seen = item.meta["val"]
        return torch.empty(tuple(seen.shape), dtype=seen.dtype)

    if node.target is operator.getitem:
        return operator.getitem(*map_arg(node.args, held))
    target = node.target
    assert callable(target), f"{target} is called"
    given = map_arg((node.args, dict(node.kwargs)), held)
    with torch.no_grad():
        if str(target) not in BITWISE:
            try:
                arguments, options = tree_map(_widened, given)
                return target(*_own(node, arguments), **options)
            except RuntimeError:  # a kernel that has no float64
                pass
        arguments, options = tree_map(_narrowed, given)
        return target(*_own(node, arguments), **options)


def _own(node: FxNode, arguments: Iterable[Folded]) -> list[Folded]:
    """The arguments, copied where the call writes to them."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.is_mutable:
        return list(arguments)
    return [item.clone() if isinstance(item, torch.Tensor) else item for item in arguments]


def _widened(item: Folded) -> Folded:
    if isinstance(item, torch.Tensor):
        return item.double() if item.is_floating_point() else item
    return torch.float64 if isinstance(item, torch.dtype) and item.is_floating_point else item


def _narrowed(item: Folded) -> Folded:
    return item.float() if isinstance(item, torch.Tensor) and item.dtype == torch.float64 else item
