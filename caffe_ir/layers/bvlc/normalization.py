"""Layers that shift and scale: with stored numbers, with a second bottom, or by what the values themselves say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.float32 import Float32
from caffe_ir.layer import Shapes, axis_index, require, same_shape
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer

if TYPE_CHECKING:
    from typing_extensions import Self


class BatchNorm(CaffeLayer, frozen=True, kw_only=True):
    """(x - mean) / sqrt(var + eps) along axis 1 (batch_norm_layer.cpp), without factor and shift of its own.

    The blobs hold sums: mean and variance are the first two divided by the third, or 0 where the third is 0.
    """

    param = "batch_norm_param"
    in_place = True
    ignored: ClassVar[frozenset[str]] = frozenset({"moving_average_fraction"})
    use_global_stats: bool
    eps: float

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        channels = (bottoms[0][1],)
        return (channels, channels, (1,))

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) >= 2, "BatchNorm needs a channel axis")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values = bottoms[0]
        along = (1, -1, *(1 for _ in values.shape[2:]))
        if self.use_global_stats:
            mean, variance = (_unweighted(blob, blobs[2]) for blob in blobs[:2])
        else:
            others = (0, *range(2, values.ndim))
            mean, variance = values.mean(axis=others), values.var(axis=others)
        top = values - mean.reshape(along)
        with np.errstate(divide="ignore", invalid="ignore"):
            top /= np.sqrt(variance + values.dtype.type(self.eps)).reshape(along)
        return [top]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        """Where the file says nothing, the stored numbers are used, as in Caffe's phase TEST."""
        return super().parsed({"use_global_stats": True, "eps": Float32(1e-5), **spelled})


def _unweighted(blob: Array, factor: Array) -> Array:
    return blob * 0 if factor[0] == 0 else blob / factor[0]


class Scale(CaffeLayer, frozen=True, kw_only=True):
    """x * s [+ b] (scale_layer.cpp): s is a blob of the shape bottom[axis : axis + num_axes], or the second bottom."""

    param = "scale_param"
    in_place = True
    bottoms = (1, 2)
    ignored: ClassVar[frozenset[str]] = frozenset({"filler", "bias_filler"})
    axis: int = 1
    num_axes: int = 1
    bias_term: bool = False

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        factor = _factor_shape(self.axis, self.num_axes, bottoms)
        return (factor,) * ((len(bottoms) == 1) + self.bias_term)

    def infer(self, bottoms: Shapes) -> Shapes:
        _factor_shape(self.axis, self.num_axes, bottoms)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        factor, *bias = (*bottoms[1:], *blobs)
        top = bottoms[0] * _aligned(factor, self.axis, bottoms[0].ndim)
        if bias:
            top += _aligned(bias[0], self.axis, bottoms[0].ndim)
        return [top]


class Bias(CaffeLayer, frozen=True, kw_only=True):
    """x + b (bias_layer.cpp): b is a blob of the shape bottom[axis : axis + num_axes], or the second bottom."""

    param = "bias_param"
    in_place = True
    bottoms = (1, 2)
    ignored: ClassVar[frozenset[str]] = frozenset({"filler"})
    axis: int = 1
    num_axes: int = 1

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return (_factor_shape(self.axis, self.num_axes, bottoms),) if len(bottoms) == 1 else ()

    def infer(self, bottoms: Shapes) -> Shapes:
        _factor_shape(self.axis, self.num_axes, bottoms)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (bias,) = (*bottoms[1:], *blobs)
        return [bottoms[0] + _aligned(bias, self.axis, bottoms[0].ndim)]


def _factor_shape(axis: int, num_axes: int, bottoms: Shapes) -> Shape:
    """The shape of what is multiplied or added (scale_layer.cpp, LayerSetUp and Reshape). Raises ShapeError."""
    first = bottoms[0]
    if len(bottoms) == 2 and not bottoms[1]:
        return ()
    start = axis_index(axis, len(first))
    if len(bottoms) == 2:
        end = start + len(bottoms[1])
        require(first[start:end] == bottoms[1], f"{bottoms[1]} does not fit {first} from axis {start} on")
        return bottoms[1]
    require(num_axes >= -1, f"num_axes is {num_axes}")
    end = len(first) if num_axes == -1 else start + num_axes
    require(end <= len(first), f"{num_axes} axes from axis {start} on are more than {first} has")
    return first[start:end]


def _aligned(factor: Array, axis: int, ndim: int) -> Array:
    """The factor with axes of size 1 behind it, so that numpy broadcasts it from `axis` on."""
    if factor.ndim == 0:
        return factor
    return factor.reshape(*factor.shape, *(1 for _ in range(ndim - axis_index(axis, ndim) - factor.ndim)))


class LRN(CaffeLayer, frozen=True, kw_only=True):
    """Local response normalisation (lrn_layer.cpp) with n = local_size.

    ACROSS_CHANNELS: x (k + alpha/n sum of x^2 over n channels)^-beta. WITHIN_CHANNEL: x (1 + alpha A)^-beta with A the
    mean of x^2 over n x n cells, zeros outside counted; it does not look at k.
    """

    param = "lrn_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine"})
    local_size: int = 5
    alpha: float = 1.0
    beta: float = 0.75
    norm_region: Literal["ACROSS_CHANNELS", "WITHIN_CHANNEL"] = "ACROSS_CHANNELS"
    k: float = 1.0

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, f"LRN takes a bottom of 4 axes, not {len(bottoms[0])}")
        require(self.local_size % 2 == 1, f"local_size is {self.local_size}, which is not odd")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values = bottoms[0]
        squares = values * values
        if self.norm_region == "ACROSS_CHANNELS":
            base = _neighbour_sum(squares, 1, self.local_size) * (self.alpha / self.local_size) + self.k
        else:
            sums = _neighbour_sum(_neighbour_sum(squares, 2, self.local_size), 3, self.local_size)
            base = sums * (self.alpha / self.local_size**2) + 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            return [values * base**-self.beta]


def _neighbour_sum(values: Array, axis: int, count: int) -> Array:
    """The sum of an odd number of neighbours along an axis, zeros outside."""
    result = values.copy()
    before = (slice(None),) * axis
    for distance in range(1, min(count // 2, values.shape[axis] - 1) + 1):
        ahead, behind = (*before, slice(distance, None)), (*before, slice(None, -distance))
        result[behind] += values[ahead]
        result[ahead] += values[behind]
    return result


class MVN(CaffeLayer, frozen=True, kw_only=True):
    """(x - mean) / (sqrt(var) + eps) over each channel's cells, or over all of an image's (mvn_layer.cpp).

    eps is outside the root and the variance biased; the top always has 4 axes.
    """

    param = "mvn_param"
    in_place = True
    normalize_variance: bool = True
    across_channels: bool = False
    eps: float = Float32(1e-9)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) <= 4, f"MVN takes a bottom of 4 axes at most, not {len(bottoms[0])}")
        return ((*bottoms[0], *(1 for _ in range(4 - len(bottoms[0])))),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values = bottoms[0].reshape(self.infer((bottoms[0].shape,))[0])
        axes = (1, 2, 3) if self.across_channels else (2, 3)
        top = values - values.mean(axis=axes, keepdims=True)
        if self.normalize_variance:
            variance = np.mean(top * top, axis=axes, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                top /= np.sqrt(variance) + values.dtype.type(self.eps)
        return [top]
