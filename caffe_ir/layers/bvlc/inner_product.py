"""InnerProduct and Embed: a matrix, multiplied with or looked up in."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layer import Shapes, axis_index, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable


class InnerProduct(CaffeLayer, frozen=True, kw_only=True):
    """y = x W^T + b over everything from `axis` on (inner_product_layer.cpp); y = x W + b where transpose is set."""

    param = "inner_product_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"weight_filler", "bias_filler"})
    num_output: int
    bias_term: bool = True
    axis: int = 1
    transpose: bool = False

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        inner = prod(bottoms[0][axis_index(self.axis, len(bottoms[0])) :])
        weights = (inner, self.num_output) if self.transpose else (self.num_output, inner)
        return (weights, (self.num_output,)) if self.bias_term else (weights,)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.num_output > 0, f"num_output is {self.num_output}")
        return (usable((*bottoms[0][: axis_index(self.axis, len(bottoms[0]))], self.num_output)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (shape,) = self.infer((bottoms[0].shape,))
        rows = bottoms[0].reshape(prod(shape[:-1]), -1)
        top = rows @ (blobs[0] if self.transpose else blobs[0].T)
        if self.bias_term:
            top += blobs[1]
        return [top.reshape(shape)]


class Embed(CaffeLayer, frozen=True, kw_only=True):
    """The rows of a matrix that the bottom names, its numbers cut down to integers (embed_layer.cpp)."""

    param = "embed_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"weight_filler", "bias_filler"})
    num_output: int
    input_dim: int
    bias_term: bool = True

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        weights = (self.input_dim, self.num_output)
        return (weights, (self.num_output,)) if self.bias_term else (weights,)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.num_output > 0 and self.input_dim > 0, f"num_output {self.num_output}, input_dim {self.input_dim}")
        return (usable((*bottoms[0], self.num_output)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        """Raises ValueError on an index that is not a row, for which Caffe reads whatever lies there."""
        rows = bottoms[0].astype(np.int64)
        if rows.min() < 0 or rows.max() >= self.input_dim:
            raise ValueError(f"an index lies outside 0 to {self.input_dim - 1}")
        top = blobs[0][rows]
        return [top + blobs[1] if self.bias_term else top]
