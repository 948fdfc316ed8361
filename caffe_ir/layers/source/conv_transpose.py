"""Transposed convolution with torch's output_padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers import Deconvolution


class ConvTranspose(Layer, frozen=True, kw_only=True):
    """Caffe's Deconvolution of the same fields, whose output has `output_padding` further cells at its end.

    out = (in - 1) stride - 2 pad + dilation (kernel - 1) + 1 + output_padding on each axis (torch: ConvTranspose2d).
    The further cells are cells of the same scattered sum: what pad had cut off there, and the bias where nothing is.
    output_padding is smaller than stride or dilation, as torch demands.
    """

    num_output: int
    kernel_size: Shape
    stride: Shape
    pad: Shape
    output_padding: Shape
    dilation: Shape
    group: int = 1
    bias_term: bool = True

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        return self.plain(self.kernel_size, self.pad).blob_shapes(bottoms)

    def infer(self, bottoms: Shapes) -> Shapes:
        for extra, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            require(
                0 <= extra < max(stride, dilation), f"output_padding {self.output_padding} is out of torch's bounds"
            )
        (top,) = self.plain(self.kernel_size, self.pad).infer(bottoms)
        sizes = (size + extra for size, extra in zip(top[2:], self.output_padding, strict=True))
        return ((*top[:2], *sizes),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        """The unpadded deconvolution, with zeros (and the bias) behind it, cut out where torch begins and ends."""
        shape = self.infer((bottoms[0].shape,))[0]
        bare = Deconvolution(
            num_output=self.num_output,
            kernel_size=self.kernel_size,
            stride=self.stride,
            dilation=self.dilation,
            group=self.group,
            bias_term=False,
        )
        (whole,) = bare.forward(bottoms, blobs[:1])
        behind = [(0, extra) for extra in self.output_padding]
        whole = np.pad(whole, [(0, 0), (0, 0), *behind])
        cut = tuple(slice(begin, begin + size) for begin, size in zip(self.pad, shape[2:], strict=True))
        top = whole[(slice(None), slice(None), *cut)]
        return [top + blobs[1].reshape(-1, *(1 for _ in cut)) if self.bias_term else np.ascontiguousarray(top)]

    def plain(self, kernel_size: Shape, pad: Shape) -> Deconvolution:
        """Caffe's layer with another kernel and pad, without output_padding."""
        return Deconvolution(
            num_output=self.num_output,
            kernel_size=kernel_size,
            stride=self.stride,
            pad=pad,
            dilation=self.dilation,
            group=self.group,
            bias_term=self.bias_term,
        )
