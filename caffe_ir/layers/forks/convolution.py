"""Depthwise convolutions under types of their own, and dilated ones under a field of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.convolution import Convolution

if TYPE_CHECKING:
    from typing_extensions import Self

HOLES = frozenset({"hole", "hole_h", "hole_w"})


class ConvolutionDepthwise(Convolution, frozen=True, kw_only=True):
    """A Convolution with a group for each channel, whatever the file says (OpenCV, ncnn, MNN, RKNN, Ascend ...)."""

    def placed(self, bottoms: Shapes, tops: int) -> Self:
        return replace(super().placed(bottoms, tops), group=bottoms[0][1])

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.group == bottoms[0][1], f"{self.group} groups for {bottoms[0][1]} channels")
        return super().infer(bottoms)

    def spelled(self) -> dict[str, Any]:
        return {name: value for name, value in super().spelled().items() if name != "group"}


class DepthwiseConvolution(ConvolutionDepthwise, frozen=True, kw_only=True):
    """The same under another name (ncnn, X2Paddle, Tengine)."""


class HoleConvolution(Convolution, frozen=True, kw_only=True):
    """`hole: 2`, or hole_h and hole_w, for what Caffe calls `dilation: 2` (DeepLab's first fork)."""

    variant = "hole"

    @classmethod
    def type_name(cls) -> str:
        return "Convolution"

    def spelled(self) -> dict[str, Any]:
        others = {name: value for name, value in super().spelled().items() if name != "dilation"}
        rows, columns = self.dilation
        return {**others, **({"hole": rows} if rows == columns else {"hole_h": rows, "hole_w": columns})}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        holes = {name: value for name, value in spelled.items() if name in HOLES}
        if not holes:
            raise ValueError("it has no hole")
        said = [*holes, *(["dilation"] if "dilation" in spelled else [])]
        if said not in (["hole"], ["hole_h"], ["hole_w"], ["hole_h", "hole_w"], ["hole_w", "hole_h"]):
            raise ValueError(f"{' and '.join(said)} say twice how far its taps are apart")
        others = {name: value for name, value in spelled.items() if name not in HOLES}
        alike = holes.get("hole", 1)
        return super().parsed({**others, "dilation": (holes.get("hole_h", alike), holes.get("hole_w", alike))})
