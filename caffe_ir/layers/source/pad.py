"""Enlarging a blob at its borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require


class Pad(Layer, frozen=True, kw_only=True):
    """`before` and `after` further cells on each axis, which hold `value` or what lies inside; negative ones cut off.

    Darknet: `extra` of reorg_layer.c. torch: constant_pad_nd, reflection_pad2d ("reflect" does not repeat the border),
    replication_pad2d, pad_circular.
    """

    before: Shape
    after: Shape
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: float = 0.0

    def infer(self, bottoms: Shapes) -> Shapes:
        bottom = bottoms[0]
        require(len(self.before) == len(self.after) == len(bottom), f"it pads {len(self.before)} axes of {bottom}")
        require(self.mode == "constant" or self.value == 0, f"{self.mode} takes no value")
        for size, first, last in zip(bottom, self.before, self.after, strict=True):
            require(self.mode != "reflect" or max(first, last) < size, f"{first} and {last} cells cannot mirror {size}")
            require(
                self.mode != "circular" or max(first, last) <= size, f"{first} and {last} cells of a ring of {size}"
            )
        shape = tuple(map(sum, zip(bottom, self.before, self.after, strict=True)))
        require(min(shape) > 0, f"nothing is left of {bottom}")
        return (shape,)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        margins = [(max(0, first), max(0, last)) for first, last in zip(self.before, self.after, strict=True)]
        cut = tuple(
            slice(max(0, -first), size - max(0, -last))
            for size, first, last in zip(x.shape, self.before, self.after, strict=True)
        )
        if self.mode == "constant":
            return [np.pad(x[cut], margins, constant_values=self.value)]
        if self.mode == "reflect":
            return [np.pad(x[cut], margins, "reflect")]
        return [np.pad(x[cut], margins, "edge" if self.mode == "replicate" else "wrap")]
