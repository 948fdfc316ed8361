"""Unpooling: numbers go back to the places of the maxima that a Pooling took (SegNet's fork of Caffe)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable

if TYPE_CHECKING:
    from typing_extensions import Self


def whole_scale(spelled: Mapping[str, Any]) -> int:
    """The scale of an Upsample, a float in the file. Raises ValueError where it is not a whole number."""
    scale = spelled.get("scale", 1)
    if scale != int(scale):
        raise ValueError(f"a scale of {scale} is not a whole number")
    return int(scale)


class Unpool(CaffeLayer, frozen=True, kw_only=True):
    """A map of zeros with the numbers of the first blob at the places that the second one holds (upsample_layer.cpp).

    A place is row * width + column in a map of upsample_h x upsample_w, or of `scale` times the first blob, less one
    row or column where pad_out_h or pad_out_w says so.
    """

    param = "upsample_param"
    variant = "the places of maxima"
    bottoms = (2, 2)
    scale: int = 1
    upsample_h: int = 0
    upsample_w: int = 0
    pad_out_h: bool = False
    pad_out_w: bool = False

    @classmethod
    def type_name(cls) -> str:
        return "Upsample"

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({**spelled, "scale": whole_scale(spelled)})

    def infer(self, bottoms: Shapes) -> Shapes:
        first, places = bottoms
        require(len(first) == 4 and first == places, "numbers and places are maps (N, C, H, W) of one shape")
        if self.upsample_h and self.upsample_w:
            return (usable((*first[:2], self.upsample_h, self.upsample_w)),)
        require(self.scale >= 2 and not self.upsample_h + self.upsample_w, "it needs a scale, or both sizes")
        less = (self.pad_out_h, self.pad_out_w)
        height, width = (size * self.scale - one for size, one in zip(first[2:], less, strict=True))
        return (usable((*first[:2], height, width)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        values, places = bottoms
        (shape,) = self.infer((values.shape, places.shape))
        map_ = np.zeros((*shape[:2], shape[2] * shape[3]), values.dtype)
        flat = (*shape[:2], -1)
        np.put_along_axis(map_, places.reshape(flat).astype(np.int64), values.reshape(flat), axis=2)
        return [map_.reshape(shape)]
