"""Matrix products over blobs of any number of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import ShapeError
from caffe_ir.layer import Layer, Shapes, require


class Linear(Layer, frozen=True, kw_only=True):
    """y = x W^T + b along the last axis (torch: linear). Blobs: W (num_output, K), b (num_output)."""

    num_output: int
    bias_term: bool = True

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        weights = (self.num_output, bottoms[0][-1])
        return (weights, (self.num_output,)) if self.bias_term else (weights,)

    def infer(self, bottoms: Shapes) -> Shapes:
        require(len(bottoms[0]) >= 1 and self.num_output > 0, f"num_output {self.num_output} of {bottoms[0]}")
        return ((*bottoms[0][:-1], self.num_output),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        top = bottoms[0] @ blobs[0].T
        return [top + blobs[1] if self.bias_term else top]


class MatrixProduct(Layer, frozen=True, kw_only=True):
    """The product of two activations along their last two axes, either transposed before; the axes before broadcast.

    torch: matmul, bmm, and einsum after its axes are put in order.
    """

    bottoms: ClassVar[tuple[int, int]] = (2, 2)

    transpose_a: bool = False
    transpose_b: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        first, second = (_turned(shape, turn) for shape, turn in zip(bottoms, self._turns(), strict=True))
        require(first[-1] == second[-2], f"a sum over {first[-1]} and {second[-2]}")
        try:
            batch = np.broadcast_shapes(first[:-2], second[:-2])
        except ValueError:
            raise ShapeError(f"{first[:-2]} and {second[:-2]} do not broadcast to one shape") from None
        return ((*batch, first[-2], second[-1]),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        first, second = (
            blob.swapaxes(-1, -2) if turn else blob for blob, turn in zip(bottoms, self._turns(), strict=True)
        )
        return [np.asarray(first @ second)]

    def _turns(self) -> tuple[bool, bool]:
        return self.transpose_a, self.transpose_b


def _turned(shape: Shape, turn: bool) -> Shape:
    require(len(shape) >= 2, f"{shape} is not a matrix")
    return (*shape[:-2], shape[-1], shape[-2]) if turn else shape
