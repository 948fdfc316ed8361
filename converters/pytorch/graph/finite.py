"""Whether the weights of a program are finite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch.export import ExportedProgram
from torch.fx import Node as FxNode

from caffe_ir.errors import Note
from converters.pytorch.graph.constants import stored


def non_finite(program: ExportedProgram, nodes: Iterable[FxNode]) -> Iterator[Note]:
    """A warning for each weight, among those that the nodes read, with values that are NaN or infinite."""
    read = {item for node in nodes for item in node.all_input_nodes}
    names = {spec.arg.name: str(spec.target) for spec in program.graph_signature.input_specs}
    for node, tensor in stored(program).items():
        if node in read and (count := _count(tensor)):
            text = f"{count} of {tensor.numel()} values of {names[node.name]} are NaN or infinite"
            yield Note(kind="warning", text=text)


def _count(tensor: torch.Tensor) -> int:
    """How many values are not finite. Where a sum, which needs no memory, is finite, all are."""
    if not tensor.is_floating_point() or tensor.is_meta or bool(torch.isfinite(tensor.sum(dtype=torch.float64))):
        return 0
    return int((~torch.isfinite(tensor)).sum())
