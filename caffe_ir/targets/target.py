"""What a target is: data that says which layer types it holds, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from caffe_ir.layer import Layer, SourceLayer


class Only(Struct, frozen=True, kw_only=True):
    """A field may hold these values and no others."""

    field: str
    values: tuple[object, ...]

    def refusal(self, layer: Layer) -> str:
        value = getattr(layer, self.field)
        return "" if value in self.values else f"{self.field} is {value}, where only {list(self.values)} is known"


class AtMost(Struct, frozen=True, kw_only=True):
    """A field, or each number of a tuple, may not exceed a number."""

    field: str
    most: float

    def refusal(self, layer: Layer) -> str:
        value = getattr(layer, self.field)
        over = max(value, default=0) > self.most if isinstance(value, tuple) else value > self.most
        return f"{self.field} is {value}, and {self.most} is the most" if over else ""


Limit = Only | AtMost


class Target(Struct, frozen=True, kw_only=True):
    """One consumer of Caffe files: `layers` holds the types that it reads, each with its limits."""

    name: str
    title: str
    layers: Mapping[str, tuple[Limit, ...]]

    def refusal(self, layer: Layer) -> str:
        """Why this target cannot hold a layer; empty where it can."""
        kind = layer.type_name()
        if isinstance(layer, SourceLayer) or kind not in self.layers:
            return f"{self.title} has no layer {kind}"
        return "; ".join(reason for limit in self.layers[kind] if (reason := limit.refusal(layer)))

    def holds(self, layer: Layer) -> bool:
        return not self.refusal(layer)
