"""Pooling, with Caffe's own idea of where the last window lies and of what an average is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from msgspec.structs import asdict

from caffe_ir.blob import Array, Shape
from caffe_ir.geometry import RoundMode, caffe_pool_output, pool_divisors
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable
from caffe_ir.layers.bvlc.windows import parse_singular, require_windows, spell_singular

if TYPE_CHECKING:
    from typing_extensions import Self

WINDOW_FIELDS = frozenset(
    {"kernel_size", "stride", "pad", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h", "pad_w"}
)
LOWEST = -float(np.finfo(np.float32).max)
"""What a maximum starts from (pooling_layer.cpp, -FLT_MAX), in float64 too."""


class PooledWindows(CaffeLayer, frozen=True, kw_only=True):
    """The windows of a Pooling (pooling_layer.cpp, Reshape); an empty kernel_size goes with global_pooling."""

    param = "pooling_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})
    kernel_size: Shape = ()
    stride: Shape = (1, 1)
    pad: Shape = (0, 0)
    global_pooling: bool = False
    round_mode: RoundMode = "CEIL"

    @classmethod
    def type_name(cls) -> str:
        return "Pooling"

    def pooled(self, bottom: Shape) -> Shape:
        """The shape of a result, a number for each window. Raises ShapeError on what Caffe would refuse."""
        require(len(bottom) == 4, f"Pooling takes a bottom of 4 axes, not {len(bottom)}")
        batch, channels, height, width = bottom
        kernel = self._kernel(bottom)
        require_windows(kernel, self.stride, self.pad, (1, 1), 2)
        inside = all(margin < taps for margin, taps in zip(self.pad, kernel, strict=True))
        require(inside or not any(self.pad), f"a pad of {self.pad} is not smaller than the kernel {kernel}")
        top = caffe_pool_output((height, width), _pair(kernel), _pair(self.stride), _pair(self.pad), self.round_mode)
        return usable((batch, channels, *top))

    def maxima(self, values: Array) -> Array:
        """The largest number of each window."""
        for axis, taps, step, margin, count in self._axes(values.shape):
            values = _along(values, axis, taps, step, margin, count, np.fmax, LOWEST)
        # LOWEST of their type: beside a float of Python's, numpy 1 makes them float64
        return np.asarray(np.fmax(values, values.dtype.type(LOWEST)))

    def averages(self, values: Array) -> Array:
        """The mean of each window, over the cells that Caffe counts."""
        for axis, taps, step, margin, count in self._axes(values.shape):
            divisors = np.array(pool_divisors(values.shape[axis], taps, step, margin, count), values.dtype)
            sums = _along(values, axis, taps, step, margin, count, np.add, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.asarray(sums / (divisors[:, None] if axis == 2 else divisors))
        return values

    def _axes(self, bottom: Shape) -> Iterator[tuple[int, int, int, int, int]]:
        """Of each axis its number, taps, stride, pad and count of windows."""
        return zip((2, 3), self._kernel(bottom), self.stride, self.pad, self.pooled(bottom)[2:], strict=True)

    def _kernel(self, bottom: Shape) -> Shape:
        if not self.global_pooling:
            return self.kernel_size
        plain = not self.kernel_size and self.stride == (1, 1) and self.pad == (0, 0)
        require(plain, "global_pooling takes no kernel, no pad and no stride")
        return bottom[2:]

    def spelled(self) -> dict[str, Any]:
        others = {name: value for name, value in super().spelled().items() if name not in WINDOW_FIELDS}
        return {
            **others,
            **spell_singular("kernel_size", self.kernel_size, None),
            **spell_singular("stride", self.stride, 1),
            **spell_singular("pad", self.pad, 0),
        }


class Pooling(PooledWindows, frozen=True, kw_only=True):
    """Maxima or averages over windows (pooling_layer.cpp)."""

    pool: Literal["MAX", "AVE"]

    def placed(self, bottoms: Shapes, tops: int) -> Layer:
        if tops != 2 or self.pool != "MAX":
            return self
        return PlacedPooling(**{name: value for name, value in asdict(self).items() if name != "pool"})

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.pool in ("MAX", "AVE"), f"Pooling computes no {self.pool}")
        return (self.pooled(bottoms[0]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [self.maxima(bottoms[0]) if self.pool == "MAX" else self.averages(bottoms[0])]

    def spelled(self) -> dict[str, Any]:
        return {"pool": self.pool, **super().spelled()}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        others = {name: value for name, value in spelled.items() if name not in WINDOW_FIELDS}
        if others.setdefault("pool", "MAX") not in ("MAX", "AVE"):
            raise ValueError(f"Pooling {others['pool']} does not run at inference")
        kernel = parse_singular(spelled, "kernel_size", None)
        if bool(kernel) == others.get("global_pooling", False):
            raise ValueError("Pooling takes a kernel, or global_pooling without one")
        stride, pad = parse_singular(spelled, "stride", 1), parse_singular(spelled, "pad", 0)
        return super().parsed({**others, "kernel_size": kernel, "stride": stride, "pad": pad})


class PlacedPooling(PooledWindows, frozen=True, kw_only=True):
    """Maxima, and where they are: row * width + column in the map, the first of equal ones (pooling_layer.cpp).

    -1 where nothing in a window is above the lowest float.
    """

    variant = "the places of its maxima"
    pool: ClassVar[Literal["MAX"]] = "MAX"

    @property
    def alone(self) -> Pooling:
        """The Pooling of the maxima without their places."""
        return Pooling(pool=self.pool, **asdict(self))

    def infer(self, bottoms: Shapes) -> Shapes:
        return (self.pooled(bottoms[0]),) * 2

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values, maxima = bottoms[0], self.maxima(bottoms[0])
        height, width = values.shape[2:]
        places, lowest = np.full(maxima.shape, -1.0, values.dtype), values.dtype.type(LOWEST)
        for place in product(*map(range, self._kernel(values.shape))):
            rows, columns = (
                np.arange(count) * step - margin + at
                for count, step, margin, at in zip(maxima.shape[2:], self.stride, self.pad, place, strict=True)
            )
            inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
            there = values[:, :, rows.clip(0, height - 1)][..., columns.clip(0, width - 1)]
            cells = (rows[:, None] * width + columns).astype(values.dtype)
            places = np.where((places < 0) & inside & (there == maxima) & (there > lowest), cells, places)
        return [maxima, places]

    def spelled(self) -> dict[str, Any]:
        return {"pool": self.pool, **super().spelled()}


def _pair(values: Shape) -> tuple[int, int]:
    first, second = values
    return first, second


def _along(
    values: Array, axis: int, taps: int, step: int, margin: int, count: int, reduce: np.ufunc, neutral: float
) -> Array:
    """Windows reduced along one axis; both reductions may be made one axis after the other.

    `reduce` is fmax for maxima because Caffe compares with `>`, so that a NaN never wins; cells outside are neutral.
    """
    size = values.shape[axis]
    behind = max(0, (count - 1) * step + taps - size - margin)
    if margin or behind:
        values = _surrounded(values, axis, margin, behind, neutral)
    if count == 1:
        whole = (slice(None),) * axis + (slice(0, taps),)
        return np.asarray(reduce.reduce(values[whole], axis=axis, keepdims=True))
    views = [values[(slice(None),) * axis + (slice(tap, tap + (count - 1) * step + 1, step),)] for tap in range(taps)]
    result = views[0].copy()
    for view in views[1:]:
        reduce(result, view, out=result)
    return result


def _surrounded(values: Array, axis: int, before: int, behind: int, neutral: float) -> Array:
    shape = list(values.shape)
    shape[axis] += before + behind
    wider = np.full(shape, neutral, values.dtype)
    inside = wider[(slice(None),) * axis + (slice(before, before + values.shape[axis]),)]
    inside[...] = values
    return wider
