"""A convolution whose filters differ from place to place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require


class Local(Layer, frozen=True, kw_only=True):
    """Darknet's [local] (local_layer.c): at each of the L = oh ow places other filters, and an own bias.

    Blobs, as they lie in the file: weights (L, num_output, C, k, k), bias (num_output, oh, ow).
    """

    num_output: int
    kernel_size: int
    stride: int
    pad: int

    def output_size(self, bottom: Shape) -> tuple[int, int]:
        """(oh, ow); local_layer.c, local_out_height. Raises ShapeError where Darknet's im2col makes another size."""
        k, s, p = self.kernel_size, self.stride, self.pad
        require(len(bottom) == 4, "it takes (N, C, H, W)")
        declared = tuple((size - (1 if p else k)) // s + 1 for size in bottom[2:])
        gathered = tuple((size + 2 * p - k) // s + 1 for size in bottom[2:])
        require(declared == gathered, f"Darknet declares {declared} places and computes {gathered}")
        require(min(declared) >= 1, "the image is smaller than the filter")
        return declared[0], declared[1]

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        oh, ow = self.output_size(bottoms[0])
        n, k = self.num_output, self.kernel_size
        return ((oh * ow, n, bottoms[0][1], k, k), (n, oh, ow))

    def infer(self, bottoms: Shapes) -> Shapes:
        return ((bottoms[0][0], self.num_output, *self.output_size(bottoms[0])),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (x,), (weights, bias) = bottoms, blobs
        p, s, k = self.pad, self.stride, self.kernel_size
        oh, ow = self.output_size(x.shape)
        seen = sliding_window_view(np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))), (k, k), axis=(2, 3))[:, :, ::s, ::s]
        patches = seen.transpose(2, 3, 1, 4, 5, 0).reshape(oh * ow, -1, x.shape[0])
        sums = weights.reshape(oh * ow, self.num_output, -1) @ patches
        return [np.ascontiguousarray(sums.transpose(2, 1, 0)).reshape(-1, self.num_output, oh, ow) + bias]
