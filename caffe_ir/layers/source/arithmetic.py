"""Sums and products of blobs whose shapes need not be equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import ShapeError
from caffe_ir.layer import Layer, Shapes, require, same_shape


def _broadcast(bottoms: Shapes) -> Shapes:
    try:
        return (np.broadcast_shapes(*bottoms),)
    except ValueError:
        raise ShapeError("the shapes do not broadcast to one") from None


class Mul(Layer, frozen=True, kw_only=True):
    """The product of two blobs, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.asarray(bottoms[0] * bottoms[1])]


class Add(Layer, frozen=True, kw_only=True):
    """The sum of two blobs, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.asarray(bottoms[0] + bottoms[1])]


class Sub(Layer, frozen=True, kw_only=True):
    """The first blob less the second, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.asarray(bottoms[0] - bottoms[1])]


class Div(Layer, frozen=True, kw_only=True):
    """The first blob divided by the second, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return [np.asarray(bottoms[0] / bottoms[1])]


class Maximum(Layer, frozen=True, kw_only=True):
    """The larger of two values, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.asarray(np.maximum(*bottoms))]


class Minimum(Layer, frozen=True, kw_only=True):
    """The smaller of two values, with numpy's broadcasting."""

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        return _broadcast(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.asarray(np.minimum(*bottoms))]


class Overlap(Struct, frozen=True, kw_only=True):
    """Where Darknet's [shortcut] adds: out[k, j sample, i sample] takes from[k, j stride, i stride]."""

    channels: int
    height: int
    width: int
    stride: int
    sample: int


def overlap(out: Shape, added: Shape) -> Overlap:
    """The overlap of two blobs (N, C, H, W) (blas.c, shortcut_cpu). Raises ShapeError where Darknet asserts."""
    require(len(out) == len(added) == 4 and out[0] == added[0], "it takes (N, C, H, W) of one batch")
    (_, c2, h2, w2), (_, c1, h1, w1) = out, added
    even = w1 // w2 == h1 // h2 and w2 // w1 == h2 // h1
    require(even, f"{h1} x {w1} and {h2} x {w2} differ by another factor along each axis")
    return Overlap(
        channels=min(c1, c2), height=min(h1, h2), width=min(w1, w2), stride=max(1, w1 // w2), sample=max(1, w2 // w1)
    )


class Shortcut(Layer, frozen=True, kw_only=True):
    """Darknet's [shortcut]: alpha times the first bottom plus beta times each other one, where they overlap.

    What no other bottom covers is the first bottom as it is, without alpha (blas.c, shortcut_cpu). `prefix`: AlexeyAB's
    form (shortcut_multilayer_cpu), which takes several bottoms of one height and width and adds their common channels.
    """

    bottoms: ClassVar[tuple[int, int]] = (2, 1 << 16)

    alpha: float = 1.0
    beta: float = 1.0
    prefix: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.prefix or len(bottoms) == 2, "it adds one blob")
        require(not self.prefix or self.alpha == self.beta == 1, "this form has no alpha and no beta")
        for added in bottoms[1:]:
            overlap(bottoms[0], added)
            require(not self.prefix or added[2:] == bottoms[0][2:], "this form adds maps of one size")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        out = bottoms[0].copy()
        for added in bottoms[1:]:
            o = overlap(out.shape, added.shape)
            rows, columns = (slice(0, (n - 1) * o.sample + 1, o.sample) for n in (o.height, o.width))
            covered = out[:, : o.channels, rows, columns]
            seen = added[:, : o.channels, :: o.stride, :: o.stride][:, :, : o.height, : o.width]
            covered[...] = self.alpha * covered + self.beta * seen
        return [out]
