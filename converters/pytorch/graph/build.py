"""What a handler of an ATen operation adds to: the net, layer by layer, under names that derive from the call's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from msgspec import Struct, field

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.errors import NoteKind, Origin
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, Parameter, reshape_to
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.pytorch.graph.value import Value
from converters.pytorch.graph.weight_sources import WeightSources


class Build(Struct, kw_only=True):
    """Adds layers for one call to the net. Every layer carries the call's origin and a name that derives from it."""

    net: Net
    origin: Origin
    names: FreeNames
    weights: dict[Blob, torch.Tensor]
    """The tensor behind each blob made here: where one is met twice, the weights are shared."""
    sources: WeightSources = field(default_factory=WeightSources)

    def add(self, layer: Layer, *bottoms: Value, blobs: Sequence[Blob] = (), suffix: str = "") -> Value:
        """Append a layer with one top. The call's last layer has no suffix, those before it say what they are for."""
        name = self._free(suffix)
        self._append(layer, name, (name,), bottoms, blobs)
        return Value(blob=name, shape=self.net.shapes[name])

    def add_many(
        self, layer: Layer, *bottoms: Value, tops: int, blobs: Sequence[Blob] = (), suffix: str = ""
    ) -> tuple[Value, ...]:
        """Append a layer with several tops: `name_0`, `name_1` ..."""
        name = self._free(suffix)
        written = tuple(self._unique(f"{name}_{number}") for number in range(tops))
        self._append(layer, name, written, bottoms, blobs)
        return tuple(Value(blob=top, shape=self.net.shapes[top]) for top in written)

    def blob(self, tensor: torch.Tensor, *, constant: bool = False) -> Blob:
        """Weights that stay where torch has them; half precision becomes float32 when asked for.

        `constant` says that the numbers depend on no tensor of the model, which of the model's own is known.
        """
        held = tensor.detach()

        def load() -> Array:
            whole = held.cpu().contiguous()
            return np.asarray((whole if whole.dtype in (torch.float32, torch.float64) else whole.float()).numpy())

        key, same = self.sources.source_of(held)
        blob = Blob(shape=tuple(held.shape), load=load, key=key, constant=constant or same)
        self.weights[blob] = held
        return blob

    def constant(self, tensor: torch.Tensor, *, suffix: str = "constant") -> Value:
        """A constant as a value: a Parameter layer."""
        shape = tuple(tensor.shape)
        return self.add(Parameter(shape=shape), blobs=(self.blob(tensor),), suffix=suffix)

    def as_value(self, operand: Value | torch.Tensor, *, suffix: str = "constant") -> Value:
        """The operand itself, or its Parameter layer where it is a constant."""
        return operand if isinstance(operand, Value) else self.constant(operand, suffix=suffix)

    def reshape(self, value: Value, shape: Shape, *, suffix: str = "") -> Value:
        """The same numbers under another shape; the value itself where nothing changes."""
        if value.shape == shape:
            return value
        if len(shape) == 2 and len(value.shape) > 2 and shape[0] == value.shape[0]:
            return self.add(Flatten(), value, suffix=suffix)
        return self.add(reshape_to(shape, value.shape), value, suffix=suffix)

    def note(self, kind: NoteKind, text: str) -> None:
        self.net.note(kind, text, self.origin)

    def _append(
        self, layer: Layer, name: str, tops: tuple[str, ...], bottoms: Sequence[Value], blobs: Sequence[Blob]
    ) -> None:
        read = tuple(bottom.blob for bottom in bottoms)
        self.net.append(Node(name=name, layer=layer, bottoms=read, tops=tops, blobs=tuple(blobs), origin=self.origin))

    def _free(self, suffix: str) -> str:
        return self._unique(f"{self.origin.layer}_{suffix}" if suffix else self.origin.layer)

    def _unique(self, wanted: str) -> str:
        return self.names.take(wanted)
