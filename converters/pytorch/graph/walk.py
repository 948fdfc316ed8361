"""What the walk through a captured graph knows on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from msgspec import Struct, field
from msgspec.structs import replace
from torch.fx import Node as FxNode

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin, Problems
from caffe_ir.free_names import FreeNames
from caffe_ir.layers import Input
from caffe_ir.net import Net
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.value import Result, Value
from converters.pytorch.graph.weight_sources import WeightSources

Handler = Callable[[Call, Build], Result]


class Walk(Struct, kw_only=True):
    """What is known on the way: the net so far, what each node of the graph stands for, and what went wrong."""

    net: Net
    handlers: Mapping[str, Handler]
    hints: Mapping[str, tuple[str, str]]
    origins: dict[FxNode, Origin]
    known: dict[FxNode, Any]
    """Of each node: a Value, a Missing, a tuple of those, a constant, or None where nothing can be known."""
    problems: Problems = field(default_factory=Problems)
    names: FreeNames = field(default_factory=FreeNames)
    weights: dict[Blob, torch.Tensor] = field(default_factory=dict)
    sources: WeightSources = field(default_factory=WeightSources)


def build_of(walk: Walk, origin: Origin) -> Build:
    """What adds layers for one call, or for an input, to the net."""
    return Build(net=walk.net, origin=origin, names=walk.names, weights=walk.weights, sources=walk.sources)


def appended_input(walk: Walk, origin: Origin, seen: torch.Tensor) -> Value:
    """An input of the net with the shape and the type of a tensor."""
    value = build_of(walk, origin).add(Input(shape=tuple(int(size) for size in seen.shape)))
    return replace(value, dtype=seen.dtype)
