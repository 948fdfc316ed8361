"""Normalize of the SSD fork, what X2Paddle makes of an LRN, and two layers that are called BN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.float32 import Float32
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer
from caffe_ir.layers.bvlc.normalization import LRN

if TYPE_CHECKING:
    from typing_extensions import Self


class Normalize(CaffeLayer, frozen=True, kw_only=True):
    """s x / sqrt(sum x^2 + eps): the sum over the channels of each place, or over the whole image.

    normalize_layer.cpp. Its weights are one factor for each channel, or one for all.
    """

    param = "norm_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"scale_filler"})
    across_spatial: bool = True
    channel_shared: bool = True
    eps: float = Float32(1e-10)

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return ((),) if self.channel_shared else ((bottoms[0][1],),)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        return bottoms

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (scale,) = bottoms, blobs
        axes = (1, 2, 3) if self.across_spatial else (1,)
        length = np.sqrt(np.square(x).sum(axis=axes, keepdims=True) + x.dtype.type(self.eps))
        return [np.asarray(x / length * scale.reshape(-1, 1, 1))]


class BN(CaffeLayer, frozen=True, kw_only=True):
    """x times a factor and plus a shift for each channel: SegNet's, once its statistics are folded into both.

    caffe-segnet, bn_layer.cpp, `bn_mode: INFERENCE`. Its `LEARN` takes the statistics of the batch at hand.
    """

    param = "bn_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"scale_filler", "shift_filler", "engine"})
    bn_mode: Literal["INFERENCE"] = "INFERENCE"

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return (_for_each_channel(bottoms),) * 2

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        return bottoms

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (scale, shift) = bottoms, blobs
        return [np.asarray(x * scale + shift)]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        if spelled.get("bn_mode") == "LEARN":
            raise ValueError("bn_mode: LEARN takes the statistics of the batch; SegNet folds them for INFERENCE")
        return super().parsed(spelled)


class MeanLRN(CaffeLayer, frozen=True, kw_only=True):
    """What X2Paddle makes of an LRN: x (k + alpha / n^2 sum of x^2 over n channels)^-beta with n = local_size.

    It divides alpha by n, and paddle.nn.LocalResponseNorm takes the mean of the squares. norm_region is not read.
    """

    param = "lrn_param"
    variant = "alpha by the square of local_size"
    ignored: ClassVar[frozenset[str]] = frozenset({"engine", "norm_region"})
    local_size: int = 5
    alpha: float = 1.0
    beta: float = 0.75
    k: float = 1.0

    @classmethod
    def type_name(cls) -> str:
        return "LRN"

    def infer(self, bottoms: Shapes) -> Shapes:
        return self.of_caffe.infer(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return self.of_caffe.forward(bottoms, blobs)

    @property
    def of_caffe(self) -> LRN:
        """The same as Caffe spells it."""
        alpha = self.alpha / max(self.local_size, 1)
        return LRN(local_size=self.local_size, alpha=alpha, beta=self.beta, k=self.k)


class RunningBN(CaffeLayer, frozen=True, kw_only=True):
    """(x - mean) / sqrt(variance + eps) times a slope and plus a bias: PSPNet's (bn_layer.cpp of its fork).

    Its weights are slope, bias, mean and variance. A file that says nothing of SegNet's fields and one of its own
    means this layer.
    """

    param = "bn_param"
    variant = "eps"
    ignored: ClassVar[frozenset[str]] = frozenset({"slope_filler", "bias_filler", "momentum", "frozen", "engine"})
    eps: float = Float32(1e-5)

    @classmethod
    def type_name(cls) -> str:
        return "BN"

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return (_for_each_channel(bottoms),) * 4

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        return bottoms

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (slope, bias, mean, variance) = bottoms, blobs
        return [np.asarray((x - mean) / np.sqrt(variance + x.dtype.type(self.eps)) * slope + bias)]

    def spelled(self) -> dict[str, Any]:
        return {"eps": self.eps}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        if not spelled.keys() & {"slope_filler", "bias_filler", "momentum", "frozen", "eps"}:
            raise ValueError("nothing says that this BN has statistics")
        return super().parsed(spelled)


def _for_each_channel(bottoms: Shapes) -> tuple[int, ...]:
    return (1, bottoms[0][1], 1, 1)
