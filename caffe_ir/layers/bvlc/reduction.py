"""Layers that look at many values at once: sums, the place of the largest, and Softmax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, axis_index, require, same_shape
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer

if TYPE_CHECKING:
    from typing_extensions import Self


class Reduction(CaffeLayer, frozen=True, kw_only=True):
    """coeff times a sum over everything from `axis` on (reduction_layer.cpp); axis 0 leaves a blob without axes."""

    param = "reduction_param"
    operation: Literal["SUM", "ASUM", "SUMSQ", "MEAN"]
    axis: int = 0
    coeff: float = 1.0

    def infer(self, bottoms: Shapes) -> Shapes:
        return (bottoms[0][: axis_index(self.axis, len(bottoms[0]))],)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (shape,) = self.infer((bottoms[0].shape,))
        rows = bottoms[0].reshape(*shape, -1)
        terms = np.abs(rows) if self.operation == "ASUM" else rows * rows if self.operation == "SUMSQ" else rows
        sums = terms.sum(axis=-1)
        factor = self.coeff / rows.shape[-1] if self.operation == "MEAN" else self.coeff
        return [np.asarray(sums * rows.dtype.type(factor))]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({"operation": "SUM", **spelled})


class ArgMax(CaffeLayer, frozen=True, kw_only=True):
    """The places of the top_k largest, of equal ones the last (argmax_layer.cpp).

    With `axis`: along it, their values instead where out_max_val is set. Without: over all of an image, (N, 1, top_k),
    or (N, 2, top_k) with the values as the second channel.
    """

    param = "argmax_param"
    out_max_val: bool = False
    top_k: int = 1
    axis: int | None = None

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        require(len(bottom) >= 1, "ArgMax needs an axis")
        axis = None if self.axis is None else axis_index(self.axis, len(bottom))
        candidates = prod(bottom[1:]) if axis is None else bottom[axis]
        require(1 <= self.top_k <= candidates, f"the {self.top_k} largest of {candidates}")
        if axis is not None:
            return ((*bottom[:axis], self.top_k, *bottom[axis + 1 :]),)
        return ((bottom[0], 2 if self.out_max_val else 1, self.top_k, *(1 for _ in bottom[3:])),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values = bottoms[0]
        (shape,) = self.infer((values.shape,))
        if self.axis is not None:
            places = _places(values, self.axis, self.top_k)
            return [np.take_along_axis(values, places, self.axis) if self.out_max_val else places.astype(values.dtype)]
        rows = values.reshape(shape[0], -1)
        places = _places(rows, 1, self.top_k)
        found = [places.astype(values.dtype)]
        if self.out_max_val:
            found.append(np.take_along_axis(rows, places, 1))
        return [np.stack(found, axis=1).reshape(shape)]


def _places(values: Array, axis: int, count: int) -> Array:
    """Where the largest lie along an axis; read backwards, the last of equal ones is the first."""
    backwards = np.flip(values, axis)
    if count == 1:
        found = np.argmax(backwards, axis=axis, keepdims=True)
    else:
        order = np.argsort(-backwards, axis=axis, kind="stable")
        found = np.take(order, range(count), axis=axis)
    return np.asarray(values.shape[axis] - 1 - found)


class Softmax(CaffeLayer, frozen=True, kw_only=True):
    """e^x / sum of e^x along an axis (softmax_layer.cpp)."""

    param = "softmax_param"
    in_place = True
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})
    axis: int = 1

    def infer(self, bottoms: Shapes) -> Shapes:
        axis_index(self.axis, len(bottoms[0]))
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        with np.errstate(invalid="ignore"):
            top = bottoms[0] - bottoms[0].max(axis=self.axis, keepdims=True)
            np.exp(top, out=top)
            top /= top.sum(axis=self.axis, keepdims=True)
        return [top]
