"""What work costs in a target: numbers, fitted to times of its reader where somebody timed it (`scripts/prices`)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import astuple

from caffe_ir.cost import Work


class Price(Struct, frozen=True, kw_only=True):
    """What work costs in a target, in nanoseconds of one thread: a multiply-add of matrices, a single step, a byte read
    or written, a layer, a piece that is put in its place by itself, and a byte that is far (cost.py).

    Only the ratios count: they decide between exact ways to write the same thing. These are for readers that nobody
    timed, chips most of them, which add up columns as fast as they copy.
    """

    multiply_add: float = 0.05
    step: float = 0.05
    byte: float = 0.1
    layer: float = 1000.0
    piece: float = 0.0
    far: float = 0.0

    def of(self, work: Work) -> float:
        """Nanoseconds for so much work."""
        return (
            work.multiply_adds * self.multiply_add
            + work.steps * self.step
            + work.bytes * self.byte
            + work.layers * self.layer
            + work.pieces * self.piece
            + work.far * self.far
        )

    @property
    def is_fitted(self) -> bool:
        """Whether it was fitted to times of the reader itself (`scripts/prices`)."""
        return self != Price()


def mean_of(prices: Sequence[Price]) -> Price:
    """What work costs on average in several readers."""
    sums = map(sum, zip(*map(astuple, prices), strict=True))
    return Price(**{name: one / len(prices) for name, one in zip(Price.__struct_fields__, sums, strict=True)})
