"""Poolings of regions: as many vectors or maps of one size as there are regions, which another blob holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from caffe_ir.blob import Array, Shape
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable

OF_REGION = 5
"""The number of its image and its corners, in pixels of the picture: x1, y1, x2, y2."""


class ROIPooling(CaffeLayer, frozen=True, kw_only=True):
    """(R, C, pooled_h, pooled_w): maxima over the parts of each region (Fast R-CNN, roi_pooling_layer.cpp).

    Corners are rounded to cells, parts may overlap by a cell, and one outside of the map gives 0.
    """

    param = "roi_pooling_param"
    bottoms = (2, 2)
    pooled_h: int = 0
    pooled_w: int = 0
    spatial_scale: float = 1.0

    def infer(self, bottoms: Shapes) -> Shapes:
        images, regions = bottoms
        _require_regions(images, regions)
        require(min(self.pooled_h, self.pooled_w) >= 1, "it needs pooled_h and pooled_w")
        return (usable((regions[0], images[1], self.pooled_h, self.pooled_w)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        images, regions = bottoms
        top = np.zeros((len(regions), images.shape[1], self.pooled_h, self.pooled_w), images.dtype)
        for place, (image, *corners) in enumerate(regions.reshape(-1, OF_REGION)):
            x1, y1, x2, y2 = (_rounded(corner * self.spatial_scale) for corner in corners)
            rows = _parts(y1, max(y2 - y1 + 1, 1), self.pooled_h, images.shape[2])
            columns = _parts(x1, max(x2 - x1 + 1, 1), self.pooled_w, images.shape[3])
            for row, column, cells in _cells(_image(images, image), rows, columns):
                top[place, :, row, column] = cells.max(axis=(1, 2))
        return [top]


class PSROIPooling(CaffeLayer, frozen=True, kw_only=True):
    """(R, output_dim, group_size, group_size): means over the parts of each region, each part from channels of its own.

    R-FCN, psroi_pooling_layer.cu: part (i, j) of output k is from channel (k group_size + i) group_size + j. Corners
    are rounded to pixels of the picture, not to cells.
    """

    param = "psroi_pooling_param"
    bottoms = (2, 2)
    spatial_scale: float
    output_dim: int
    group_size: int

    def infer(self, bottoms: Shapes) -> Shapes:
        images, regions = bottoms
        _require_regions(images, regions)
        wanted = self.output_dim * self.group_size**2
        require(min(self.output_dim, self.group_size) >= 1, "it needs output_dim and group_size")
        require(images[1] == wanted, f"{images[1]} channels, where {wanted} are needed")
        return (usable((regions[0], self.output_dim, self.group_size, self.group_size)),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (images, regions), size = bottoms, self.group_size
        top = np.zeros((len(regions), self.output_dim, size, size), images.dtype)
        for place, (image, *corners) in enumerate(regions.reshape(-1, OF_REGION)):
            x1, y1, x2, y2 = (
                (_rounded(corner) + last) * self.spatial_scale
                for corner, last in zip(corners, (0, 0, 1, 1), strict=True)
            )
            rows = _parts(y1, max(y2 - y1, 0.1), size, images.shape[2])
            columns = _parts(x1, max(x2 - x1, 0.1), size, images.shape[3])
            of_parts = _image(images, image).reshape(self.output_dim, size, size, *images.shape[2:])
            for row, column, cells in _cells(of_parts, rows, columns, own=True):
                top[place, :, row, column] = cells.mean(axis=(1, 2))
        return [top]


def _image(images: Array, number: float) -> Array:
    """One of the images. Raises ValueError where there is none of that number, as Caffe does."""
    if not 0 <= int(number) < len(images):
        raise ValueError(f"a region is of image {int(number)}, and there are {len(images)}")
    image: Array = images[int(number)]
    return image


def _require_regions(images: Shape, regions: Shape) -> None:
    require(len(images) == 4, "it takes (N, C, H, W)")
    count = int(np.prod(regions[1:]))
    require(count == OF_REGION, f"a region has {OF_REGION} numbers, not {count}")


def _rounded(value: float) -> int:
    """C's round: halves away from 0."""
    return int(np.floor(abs(value) + 0.5) * np.sign(value))


def _parts(start: float, length: float, count: int, size: int) -> list[slice]:
    """The cells of each part of a stretch, as far as there are any.

    In float64; Caffe divides in float32, which is another number where a part ends within its rounding of a cell.
    """
    bounds = [
        (np.floor(start + place * length / count), np.ceil(start + (place + 1) * length / count))
        for place in range(count)
    ]
    return [slice(*(int(min(max(bound, 0), size)) for bound in pair)) for pair in bounds]


def _cells(
    maps: Array, rows: list[slice], columns: list[slice], *, own: bool = False
) -> Iterator[tuple[int, int, Array]]:
    """The cells (C, h, w) of each part that has any; with `own` from maps (C, rows, columns, H, W) of each part."""
    for row, down in enumerate(rows):
        for column, along in enumerate(columns):
            cells = (maps[:, row, column] if own else maps)[:, down, along]
            if cells.size:
                yield row, column, cells
