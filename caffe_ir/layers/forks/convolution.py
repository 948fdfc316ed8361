"""Depthwise convolutions under types of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.convolution import Convolution

if TYPE_CHECKING:
    from typing_extensions import Self


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
