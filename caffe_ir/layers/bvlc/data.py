"""Layers that stand at the ends of a net: inputs, constants, and the place where unread blobs go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes
from caffe_ir.layers.bvlc.caffe_layer import MANY, CaffeLayer, usable

if TYPE_CHECKING:
    from typing_extensions import Self


class Input(CaffeLayer, frozen=True, kw_only=True):
    """A blob that the user fills."""

    param = "input_param"
    bottoms = (0, 0)
    shape: Shape

    def infer(self, bottoms: Shapes) -> Shapes:
        return (usable(self.shape),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        raise ValueError("an input has no value of its own: it must be fed")

    def spelled(self) -> dict[str, Any]:
        return {"shape": [self.shape]}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({**spelled, "shape": _only_shape(spelled.get("shape", []))})


class Parameter(CaffeLayer, frozen=True, kw_only=True):
    """A blob of weights as a top."""

    param = "parameter_param"
    is_view = True
    bottoms = (0, 0)
    shape: Shape

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return (self.shape,)

    def infer(self, bottoms: Shapes) -> Shapes:
        return (usable(self.shape),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [blobs[0]]


class DummyData(CaffeLayer, frozen=True, kw_only=True):
    """A blob full of one number."""

    param = "dummy_data_param"
    bottoms = (0, 0)
    shape: Shape
    value: float = 0.0

    def infer(self, bottoms: Shapes) -> Shapes:
        return (usable(self.shape),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.full(self.shape, self.value, np.float32)]

    def spelled(self) -> dict[str, Any]:
        filler = {"data_filler": [{"type": "constant", "value": self.value}]} if self.value else {}
        return {**filler, "shape": [self.shape]}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        fields = dict(spelled)
        legacy = [fields.pop(name) for name in ("num", "channels", "height", "width") if name in fields]
        fillers = fields.pop("data_filler", [])
        if len(fillers) > 1 or any(len(sizes) != 1 for sizes in legacy) or len(legacy) not in (0, 4):
            raise ValueError("DummyData is read with one top only")
        filler = fillers[0] if fillers else {}
        if filler.get("type", "constant") != "constant":
            raise ValueError(f"DummyData is filled with {filler['type']}, which gives different numbers at every run")
        shapes = fields.pop("shape", []) or ([[size for (size,) in legacy]] if legacy else [])
        return super().parsed({**fields, "shape": _only_shape(shapes), "value": filler.get("value", 0.0)})


class Silence(CaffeLayer, frozen=True, kw_only=True):
    """Reads blobs so that they are not outputs of the net."""

    bottoms = (1, MANY)

    def infer(self, bottoms: Shapes) -> Shapes:
        return ()

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return []


def _only_shape(shapes: Sequence[Sequence[int]]) -> Shape:
    if len(shapes) != 1:
        raise ValueError(f"it has {len(shapes)} shapes, where each blob has one" if shapes else "its size is not given")
    return tuple(shapes[0])
