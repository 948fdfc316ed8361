"""Layers that choose images of a batch by what another blob holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import MANY, CaffeLayer


class BatchReindex(CaffeLayer, frozen=True, kw_only=True):
    """The images of the first bottom whose numbers the second one holds, in its order (batch_reindex_layer.cpp)."""

    bottoms = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        images, numbers = bottoms
        require(len(numbers) == 1, f"the numbers of images are a blob of one axis, not {numbers}")
        require(len(images) >= 1, "it takes (N, ...)")
        return ((numbers[0], *images[1:]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        """Raises ValueError where there is no image of a number, as Caffe does."""
        images, numbers = bottoms[0], bottoms[1].astype(np.int64)
        if np.any((numbers < 0) | (numbers >= len(images))):
            raise ValueError(f"BatchReindex asks for images {numbers.tolist()} of {len(images)}")
        return [images[numbers]]


class Filter(CaffeLayer, frozen=True, kw_only=True):
    """Of each bottom but the last the images for which that is not 0 (filter_layer.cpp).

    How many are left is seen when the net runs; until then the tops are as large as their bottoms.
    """

    bottoms = (2, MANY)

    def infer(self, bottoms: Shapes) -> Shapes:
        *images, chosen = bottoms
        require(
            len(chosen) >= 1 and all(size == 1 for size in chosen[1:]), f"the last bottom is (N, 1 ...), not {chosen}"
        )
        require(all(shape[:1] == chosen[:1] for shape in images), f"it chooses among {chosen[0]} images")
        return tuple(images)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        *images, chosen = bottoms
        return [array[chosen.reshape(-1) != 0] for array in images]
