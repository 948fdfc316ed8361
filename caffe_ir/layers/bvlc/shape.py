"""Layers that change the shape of a blob, or repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes, axis_index, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable

if TYPE_CHECKING:
    from typing_extensions import Self


class Flatten(CaffeLayer, frozen=True, kw_only=True):
    """The axes from `axis` to `end_axis`, that one included, become one (flatten_layer.cpp)."""

    param = "flatten_param"
    is_view = True
    axis: int = 1
    end_axis: int = -1

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        start, end = axis_index(self.axis, len(bottom)), axis_index(self.end_axis, len(bottom)) + 1
        require(start <= end, f"axis {start} lies behind end_axis {end - 1}")
        return ((*bottom[:start], prod(bottom[start:end]), *bottom[end:]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [bottoms[0].reshape(self.infer((bottoms[0].shape,))[0])]


class Reshape(CaffeLayer, frozen=True, kw_only=True):
    """`num_axes` axes from `axis` on, -1 for all, become `shape` (reshape_layer.cpp).

    A 0 in `shape` copies the bottom's axis at the same place, one -1 is worked out. axis -1 is behind the last axis.
    """

    param = "reshape_param"
    is_view = True
    shape: Shape
    axis: int = 0
    num_axes: int = -1

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        start = self.axis if self.axis >= 0 else len(bottom) + self.axis + 1
        require(0 <= start <= len(bottom), f"axis {self.axis} does not exist in a blob of {len(bottom)} axes")
        require(self.num_axes >= -1, f"num_axes is {self.num_axes}")
        end = len(bottom) if self.num_axes == -1 else start + self.num_axes
        require(end <= len(bottom), f"{self.num_axes} axes from axis {start} on are more than {bottom} has")
        middle = self._middle(bottom, start, prod(bottom[start:end]))
        return (usable((*bottom[:start], *middle, *bottom[end:])),)

    def _middle(self, bottom: Shape, start: int, count: int) -> Shape:
        sizes = []
        for place, size in enumerate(self.shape, start):
            require(size >= -1, f"a size of {size}")
            require(size != 0 or place < len(bottom), f"a 0 in {self.shape} copies axis {place}, which {bottom} lacks")
            sizes.append(bottom[place] if size == 0 else size)
        require(sizes.count(-1) <= 1, f"more than one -1 in {self.shape}")
        known = prod(size for size in sizes if size != -1)
        fits = count % known == 0 if -1 in sizes else count == known
        require(fits, f"{count} values do not fill {self.shape}")
        return tuple(count // known if size == -1 else size for size in sizes)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [bottoms[0].reshape(self.infer((bottoms[0].shape,))[0])]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({"shape": (), **spelled})


def reshape_to(shape: Shape, held: Shape) -> Reshape:
    """From the shape that a blob has to another; 0 says that the batch stays, so that files do not fix it."""
    return Reshape(shape=(0, *shape[1:]) if held[:1] == shape[:1] else shape)


def copy_layer(shape: Shape, number: int = 0) -> Reshape:
    """A blob under a second name: a Reshape to the shape that it has. In Caffe the two share their memory.

    Engines that drop layers which do nothing (Dropout, Split, a Concat of one blob) keep this one: OpenCV 4.14, and MNN
    3.6 with each of its optimizeLevels. MNN makes one of two layers that are alike, so several copies of a blob are
    spelled in different ways: the binary digits of their `number` say which sizes are written out, the last one first.
    """
    places = reversed(range(len(shape)))
    return Reshape(shape=tuple(size if number >> place & 1 else 0 for place, size in zip(places, shape, strict=True)))


class Tile(CaffeLayer, frozen=True, kw_only=True):
    """The whole blob, `tiles` times one behind the other along an axis (tile_layer.cpp)."""

    param = "tile_param"
    tiles: int
    axis: int = 1

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        axis = axis_index(self.axis, len(bottom))
        require(self.tiles > 0, f"tiles is {self.tiles}")
        return (usable((*bottom[:axis], bottom[axis] * self.tiles, *bottom[axis + 1 :])),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.concatenate([bottoms[0]] * self.tiles, axis=self.axis)]
