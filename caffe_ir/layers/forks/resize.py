"""Layers of forks that change the size of a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable
from caffe_ir.layers.forks.unpooling import Unpool, whole_scale
from caffe_ir.layers.interpolation import interpolated

if TYPE_CHECKING:
    from typing_extensions import Self


class Upsample(CaffeLayer, frozen=True, kw_only=True):
    """Each cell `scale` times along rows and columns: `upsample_param { scale: 2 }` (RKNN, TPU-MLIR, X2Paddle)."""

    param = "upsample_param"
    bottoms = (1, 2)
    scale: int

    def placed(self, bottoms: Shapes, tops: int) -> Layer:
        return self if len(bottoms) == 1 else Unpool(scale=self.scale)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(self.scale >= 1, f"a scale of {self.scale}")
        n, c, h, w = bottoms[0]
        return (usable((n, c, h * self.scale, w * self.scale)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [bottoms[0].repeat(self.scale, 2).repeat(self.scale, 3)]

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        return super().parsed({**spelled, "scale": whole_scale(spelled)})


class StrideUpsample(CaffeLayer, frozen=True, kw_only=True):
    """Each cell stride_h x stride_w times, times `scale`: `upsample_param { scale: 1 stride: 2 }` (Ascend)."""

    param = "upsample_param"
    variant = "stride"
    scale: float = 1.0
    stride_h: int
    stride_w: int

    @classmethod
    def type_name(cls) -> str:
        return "Upsample"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(min(self.stride_h, self.stride_w) >= 1, f"strides of {self.stride_h} and {self.stride_w}")
        n, c, h, w = bottoms[0]
        return (usable((n, c, h * self.stride_h, w * self.stride_w)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        x = bottoms[0].repeat(self.stride_h, 2).repeat(self.stride_w, 3)
        return [x if self.scale == 1 else x * x.dtype.type(self.scale)]

    def spelled(self) -> dict[str, Any]:
        if self.stride_h == self.stride_w:
            return {"scale": self.scale, "stride": self.stride_h}
        return {"scale": self.scale, "stride_h": self.stride_h, "stride_w": self.stride_w}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        both = {name: spelled["stride"] for name in ("stride_h", "stride_w") if "stride" in spelled}
        if not both and not {"stride_h", "stride_w"} <= spelled.keys():
            raise ValueError("Upsample needs a scale, or a stride")
        return super().parsed({**both, **{name: value for name, value in spelled.items() if name != "stride"}})


class Interp(CaffeLayer, frozen=True, kw_only=True):
    """Bilinear, the corners on the corners (DeepLab's interp_layer.cpp; torch: interpolate with align_corners).

    Of the map without -pad_beg cells before and -pad_end behind, on either axis, to height x width; or to (size - 1) /
    shrink_factor + 1, rounded down, and from there by the factor z to (size - 1) z + 1.
    """

    param = "interp_param"
    bottoms = (1, 2)
    height: int = 0
    width: int = 0
    zoom_factor: int = 1
    shrink_factor: int = 1
    pad_beg: int = 0
    pad_end: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether it takes the whole map, and shrinks it by no factor."""
        return (self.shrink_factor, self.pad_beg, self.pad_end) == (1, 0, 0)

    def taken(self, size: int) -> int:
        """How many of `size` cells of an axis it takes."""
        return size + self.pad_beg + self.pad_end

    def placed(self, bottoms: Shapes, tops: int) -> Layer:
        if len(bottoms) == 1:
            return self
        require(replace(self, pad_beg=0, pad_end=0) == Interp(), "a second blob says the size, and fields do")
        return ReferencedInterp(pad_beg=self.pad_beg, pad_end=self.pad_end)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(max(self.pad_beg, self.pad_end) <= 0, "its pads crop, so that none is positive")
        n, c, *sizes = bottoms[0]
        h, w = map(self.taken, sizes)
        require(min(h, w) >= 1, f"nothing is left of {sizes}")
        if self.height or self.width:
            alone = (self.zoom_factor, self.shrink_factor) == (1, 1)
            require(min(self.height, self.width) >= 1 and alone, "it needs height and width, or a factor")
            return (usable((n, c, self.height, self.width)),)
        require(min(self.zoom_factor, self.shrink_factor) >= 1, f"a factor of {self.zoom_factor, self.shrink_factor}")
        return (usable((n, c, *((size - 1) // self.shrink_factor * self.zoom_factor + 1 for size in (h, w)))),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (shape,) = self.infer((bottoms[0].shape,))
        inside = slice(-self.pad_beg, self.pad_end or None)
        x = bottoms[0][:, :, inside, inside]
        rows, columns = (
            interpolated("linear", x.shape[axis], shape[axis], align_corners=True).astype(x.dtype) for axis in (2, 3)
        )
        return [np.ascontiguousarray(np.einsum("ih,nchw,jw->ncij", rows, x, columns, optimize=True))]


class ReferencedInterp(CaffeLayer, frozen=True, kw_only=True):
    """An Interp to the height and width of a second blob, as forks of PSPNet's have it (interp_layer.cpp)."""

    param = "interp_param"
    variant = "the size of a second blob"
    bottoms = (2, 2)
    sizes_read = frozenset({1})
    pad_beg: int = 0
    pad_end: int = 0

    @classmethod
    def type_name(cls) -> str:
        return "Interp"

    def sized(self, bottoms: Shapes) -> Interp:
        """The Interp of the first blob to the size that the second one has here."""
        require(len(bottoms[1]) == 4, "the second blob is no map (N, C, H, W)")
        _, _, height, width = bottoms[1]
        return Interp(height=height, width=width, pad_beg=self.pad_beg, pad_end=self.pad_end)

    def infer(self, bottoms: Shapes) -> Shapes:
        return self.sized(bottoms).infer(bottoms[:1])

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return self.sized(tuple(bottom.shape for bottom in bottoms)).forward(bottoms[:1], blobs)


class HalfPixelInterp(CaffeLayer, frozen=True, kw_only=True):
    """What ncnn makes of an Interp: bilinear, the edges on the edges (torch: interpolate without align_corners)."""

    param = "interp_param"
    variant = "half-pixel"
    height: int
    width: int

    @classmethod
    def type_name(cls) -> str:
        return "Interp"

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) == 4, "it takes (N, C, H, W)")
        require(min(self.height, self.width) >= 1, "it needs height and width")
        return (usable((*bottoms[0][:2], self.height, self.width)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,) = bottoms
        sizes = zip(x.shape[2:], (self.height, self.width), strict=True)
        rows, columns = (interpolated("linear", size, wanted).astype(x.dtype) for size, wanted in sizes)
        return [np.ascontiguousarray(np.einsum("ih,nchw,jw->ncij", rows, x, columns, optimize=True))]
