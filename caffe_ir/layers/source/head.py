"""Detection heads: what Darknet's last layers make of the map before them. They carry what a decoder has to know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Layer, Shapes, require, same_shape


def _logistic(x: Array) -> None:
    with np.errstate(over="ignore"):  # e^-x grows infinite and its inverse 0, as it should
        x[...] = 1 / (1 + np.exp(-x))


def _softmax(x: Array, axis: int) -> None:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    x[...] = e / e.sum(axis=axis, keepdims=True)


def _by_anchor(x: Array, anchors: int) -> Array:
    """(N, anchors, values, H W): a fresh copy."""
    n, c, h, w = x.shape
    return x.reshape(n, anchors, c // anchors, h * w).copy()


def _require_map(bottom: Shape, anchors: int, values: int) -> None:
    require(len(bottom) == 4, "it takes (N, C, H, W)")
    require(bottom[1] == anchors * values, f"{anchors} anchors of {values} values are not {bottom[1]} channels")


class YoloHead(Layer, frozen=True, kw_only=True):
    """[yolo] (yolo_layer.c): by anchor x, y, w, h, objectness and classes; logistic on all but w and h.

    AlexeyAB: x and y are then stretched about 1/2 by scale_x_y; with new_coords nothing takes a logistic here.
    `anchors` are all of the section's, in pixels, w and h in turn; `mask` says which of the pairs this head has.
    """

    anchors: tuple[float, ...]
    mask: tuple[int, ...]
    classes: int
    scale_x_y: float = 1.0
    new_coords: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        _require_map(bottoms[0], len(self.mask), 5 + self.classes)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        x = _by_anchor(bottoms[0], len(self.mask))
        if not self.new_coords:
            _logistic(x[:, :, :2])
            _logistic(x[:, :, 4:])
        x[:, :, :2] = self.scale_x_y * x[:, :, :2] - 0.5 * (self.scale_x_y - 1)
        return [x.reshape(bottoms[0].shape)]


class GaussianYoloHead(Layer, frozen=True, kw_only=True):
    """AlexeyAB's [Gaussian_yolo] (gaussian_yolo_layer.c).

    By anchor mean and spread of x, of y, of w and of h, objectness and classes.
    Logistic on all but the means of w and h; the means of x and y are stretched about 1/2 by scale_x_y.
    """

    anchors: tuple[float, ...]
    mask: tuple[int, ...]
    classes: int
    scale_x_y: float = 1.0

    def infer(self, bottoms: Shapes) -> Shapes:
        _require_map(bottoms[0], len(self.mask), 9 + self.classes)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        x = _by_anchor(bottoms[0], len(self.mask))
        for part in (x[:, :, :4], x[:, :, 5:6], x[:, :, 7:]):
            _logistic(part)
        x[:, :, 0:3:2] = self.scale_x_y * x[:, :, 0:3:2] - 0.5 * (self.scale_x_y - 1)
        return [x.reshape(bottoms[0].shape)]


class RegionHead(Layer, frozen=True, kw_only=True):
    """[region] (region_layer.c): by anchor `coords` coordinates, objectness and classes; `anchors` are in cells.

    Objectness takes a logistic unless there is a `background`, which joins the softmax over the classes instead.
    logistic_xy, logistic_classes (where there is no softmax): the original Darknet; AlexeyAB's has neither, and turns
    its output about (`transposed`): the numbers lie in memory as (N, H W, C) while the shape stays (N, C, H, W).
    """

    anchors: tuple[float, ...]
    num: int
    classes: int
    coords: int = 4
    softmax: bool = False
    background: bool = False
    logistic_xy: bool = True
    logistic_classes: bool = True
    transposed: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        require(self.coords >= 2, "a box has two coordinates at least")
        _require_map(bottoms[0], self.num, self.coords + 1 + self.classes)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        x, first_class = _by_anchor(bottoms[0], self.num), self.coords + 1
        if self.logistic_xy:
            _logistic(x[:, :, :2])
        if not self.background:
            _logistic(x[:, :, self.coords : first_class])
        if self.softmax:
            _softmax(x[:, :, self.coords if self.background else first_class :], axis=2)
        elif self.logistic_classes:
            _logistic(x[:, :, first_class:])
        if self.transposed:
            n, c, h, w = bottoms[0].shape
            x = np.ascontiguousarray(x.reshape(n, c, h * w).swapaxes(1, 2))
        return [x.reshape(bottoms[0].shape)]


class DetectionHead(Layer, frozen=True, kw_only=True):
    """[detection] of YOLO v1 (detection_layer.c): class scores of side^2 cells, then confidences, then boxes, flat.

    The scores of each cell take a softmax where it is asked for; all else is as it came.
    """

    side: int
    num: int
    classes: int
    softmax: bool = False

    def infer(self, bottoms: Shapes) -> Shapes:
        wanted = self.side**2 * (self.classes + 5 * self.num)
        held = int(np.prod(bottoms[0][1:], dtype=np.int64))
        require(held == wanted, f"{wanted} values by image belong here, not {held}")
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        n, cells = len(bottoms[0]), self.side**2
        x = bottoms[0].reshape(n, -1).copy()
        if self.softmax:
            scores = x[:, : cells * self.classes].reshape(n, cells, self.classes)
            _softmax(scores, axis=2)
            x[:, : cells * self.classes] = scores.reshape(n, -1)
        return [x.reshape(bottoms[0].shape)]


class UnknownHead(Layer, frozen=True, kw_only=True):
    """A head of somebody's own Darknet, whose boxes have more values than any head that is known. It gives NaN."""

    boxes: int
    values: int

    def infer(self, bottoms: Shapes) -> Shapes:
        _require_map(bottoms[0], self.boxes, self.values)
        return same_shape(bottoms)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [np.full_like(bottoms[0], np.nan)]
