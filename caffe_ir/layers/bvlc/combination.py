"""Layers that join blobs, and those that take them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes, axis_index, require, same_shape
from caffe_ir.layers.bvlc.caffe_layer import MANY, CaffeLayer, pop_alias, usable

if TYPE_CHECKING:
    from typing_extensions import Self


class Eltwise(CaffeLayer, frozen=True, kw_only=True):
    """Products, weighted sums or maxima of blobs of one shape (eltwise_layer.cpp)."""

    param = "eltwise_param"
    bottoms = (2, MANY)
    ignored: ClassVar[frozenset[str]] = frozenset({"stable_prod_grad"})
    operation: Literal["PROD", "SUM", "MAX"]
    coeff: tuple[float, ...] = ()

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(set(bottoms)) == 1, f"Eltwise takes bottoms of one shape, not {', '.join(map(str, bottoms))}")
        given = len(self.coeff)
        require(given in (0, len(bottoms)), f"{given} coeff for {len(bottoms)} bottoms")
        require(not (given and self.operation == "PROD"), "PROD takes no coeff")
        return same_shape(bottoms)

    @property
    def works_in_place(self) -> bool:
        return self.operation == "PROD"

    @property
    def takes_one(self) -> bool:
        """Whether it is a sum of which one term counts: a factor 0 leaves out infinities too (axpy of BLAS)."""
        return self.operation == "SUM" and sorted(self.coeff) == [0.0] * (len(self.coeff) - 1) + [1.0]

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        if self.operation == "MAX":
            return [_maximum(bottoms)]
        if self.operation == "PROD":
            return [_reduced(np.multiply, bottoms)]
        if not self.coeff or set(self.coeff) == {1.0}:
            return [_reduced(np.add, bottoms)]
        if self.takes_one:
            return [bottoms[self.coeff.index(1.0)] + 0.0]  # Caffe begins with 0, to which it adds
        return [_reduced(np.add, [bottom * factor for bottom, factor in zip(bottoms, self.coeff, strict=True)])]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({"operation": "SUM", **spelled})


def _reduced(operation: np.ufunc, bottoms: Sequence[Array]) -> Array:
    top = operation(bottoms[0], bottoms[1])
    for bottom in bottoms[2:]:
        operation(top, bottom, out=top)
    return np.asarray(top)


def _maximum(bottoms: Sequence[Array]) -> Array:
    """With Caffe's comparisons, which say what becomes of a NaN: the second bottom's stays, a later one's does not."""
    first, second, *others = bottoms
    top = np.where(first > second, first, second)
    for bottom in others:
        top = np.where(bottom > top, bottom, top)
    return top


class Concat(CaffeLayer, frozen=True, kw_only=True):
    """Blobs one behind the other along an axis (concat_layer.cpp); the top of a single bottom shares its memory."""

    param = "concat_param"
    bottoms = (1, MANY)
    axis: int = 1

    def infer(self, bottoms: Shapes) -> Shapes:
        axis = axis_index(self.axis, len(bottoms[0]))
        kinds = {*bottoms}  # of a million parts most are alike
        rest = {(*bottom[:axis], *bottom[axis + 1 :]) for bottom in kinds}
        same = len(rest) == 1 and len({len(bottom) for bottom in kinds}) == 1
        require(same, f"Concat along axis {axis} takes no {', '.join(map(str, bottoms))}")
        return (usable((*bottoms[0][:axis], sum(bottom[axis] for bottom in bottoms), *bottoms[0][axis + 1 :])),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.concatenate(bottoms, axis=self.axis)]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed(pop_alias(spelled, "axis", "concat_dim"))


class Slice(CaffeLayer, frozen=True, kw_only=True):
    """A blob cut along an axis before each slice_point (slice_layer.cpp); a single top shares its bottom's memory.

    Files may leave the points out for equal parts; `slice_point` is always given here.
    """

    param = "slice_param"
    slice_point: tuple[int, ...]
    axis: int = 1

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        axis = axis_index(self.axis, len(bottom))
        bounds = (0, *self.slice_point, bottom[axis])
        parts = [end - start for start, end in pairwise(bounds)]
        require(min(parts) > 0, f"slice_point {self.slice_point} does not rise from 1 to below {bottom[axis]}")
        return tuple((*bottom[:axis], part, *bottom[axis + 1 :]) for part in parts)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.ascontiguousarray(part) for part in np.split(bottoms[0], self.slice_point, axis=self.axis)]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({"slice_point": (), **pop_alias(spelled, "axis", "slice_dim")})

    def placed(self, bottoms: Shapes, tops: int) -> Self:
        if self.slice_point or tops == 1:
            return self
        size = bottoms[0][axis_index(self.axis, len(bottoms[0]))]
        require(size % tops == 0, f"{size} cannot be cut into {tops} equal parts")
        return replace(self, slice_point=tuple(range(size // tops, size, size // tops)))


class Split(CaffeLayer, frozen=True, kw_only=True):
    """A blob under several names (split_layer.cpp); `copies` is the number of tops, which no file spells."""

    is_view = True
    copies: int = 2

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.copies > 0, "Split needs a top")
        return bottoms * self.copies

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [bottoms[0]] * self.copies

    def spelled(self) -> dict[str, Any]:
        return {}

    def placed(self, bottoms: Shapes, tops: int) -> Self:
        return replace(self, copies=tops)


class Crop(CaffeLayer, frozen=True, kw_only=True):
    """The first bottom, cut to the size of the second from `axis` on (crop_layer.cpp).

    offset is empty for 0, one number for all cropped axes, or one for each.
    """

    param = "crop_param"
    bottoms = (2, 2)
    sizes_read = frozenset({1})
    axis: int = 2
    offset: tuple[int, ...] = ()

    def infer(self, bottoms: Shapes) -> Shapes:
        first, wanted = bottoms
        axis = axis_index(self.axis, len(first))
        require(len(wanted) >= len(first), f"a reference of {len(wanted)} axes for a bottom of {len(first)}")
        for size, room, start in zip(wanted[axis : len(first)], first[axis:], self._starts(first), strict=True):
            require(start + size <= room, f"a crop of {size} from {start} on does not fit into {room}")
        return ((*first[:axis], *wanted[axis : len(first)]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        first = bottoms[0]
        axis = axis_index(self.axis, first.ndim)
        (shape,) = self.infer((first.shape, bottoms[1].shape))
        starts = self._starts(first.shape)
        place = tuple(slice(start, start + size) for start, size in zip(starts, shape[axis:], strict=True))
        return [np.ascontiguousarray(first[(slice(None),) * axis + place])]

    def _starts(self, first: Shape) -> tuple[int, ...]:
        cropped = len(first) - axis_index(self.axis, len(first))
        if len(self.offset) <= 1:
            return (self.offset or (0,)) * cropped
        require(len(self.offset) == cropped, f"{len(self.offset)} offsets for {cropped} cropped axes")
        return self.offset
