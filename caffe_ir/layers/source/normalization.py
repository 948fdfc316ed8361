"""Normalisation as sources compute it: by stored statistics, or by those of the values themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require, same_shape
from caffe_ir.layers.source.reduction import require_axes


class SourceBatchNorm(Layer, frozen=True, kw_only=True):
    """y = gamma (x - mean) / d + beta for each channel (axis 1), with stored statistics.

    inside: d = sqrt(var + eps): PyTorch, AlexeyAB's Darknet and Darknet's GPU code (blas_kernels.cu, normalize_kernel);
    outside: d = sqrt(var) + eps, Darknet's CPU code (blas.c, normalize_cpu: eps is .000001f).
    Blobs: gamma, beta, mean, var, each (C); mean and var alone where it is not affine.
    """

    form: Literal["inside", "outside"]
    eps: float
    affine: bool = True

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) >= 2, "it takes a blob with channels at axis 1")
        return ((bottoms[0][1],),) * (4 if self.affine else 2)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) >= 2, "it takes a blob with channels at axis 1")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        channels = (-1,) + (1,) * (x.ndim - 2)
        *factors, mean, var = (blob.reshape(channels) for blob in blobs)
        with np.errstate(invalid="ignore"):  # a negative variance gives NaN, as it does in the sources
            divisor = np.sqrt(var + self.eps) if self.form == "inside" else np.sqrt(var) + self.eps
        top = (x - mean) / divisor
        return [factors[0] * top + factors[1] if self.affine else top]


class Standardize(Layer, frozen=True, kw_only=True):
    """y = (x - mean) / sqrt(var + eps), both over `axes`, the variance biased.

    Layer, group and instance normalisation without gamma and beta (torch: native_layer_norm, native_group_norm).
    """

    axes: tuple[int, ...]
    eps: float

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes(self.axes, bottoms[0])
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        centred = x - x.mean(axis=self.axes, keepdims=True)
        variance = np.mean(centred * centred, axis=self.axes, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return [np.asarray(centred / np.sqrt(variance + x.dtype.type(self.eps)))]


class LogSoftmax(Layer, frozen=True, kw_only=True):
    """y = x - m - log(sum of e^(x - m)) along an axis, m the largest x there (torch: log_softmax)."""

    axis: int

    def infer(self, bottoms: Shapes) -> Shapes:
        require_axes((self.axis,), bottoms[0])
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        shifted = bottoms[0] - bottoms[0].max(axis=self.axis, keepdims=True)
        return [shifted - np.log(np.exp(shifted).sum(axis=self.axis, keepdims=True))]
