"""That the limits are what OpenCV and MNN do is a matter of the trials of measured.py."""

from __future__ import annotations

import pytest

from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import Bias, Convolution, Crop, InnerProduct, Reshape, Scale
from caffe_ir.targets import axis_cases
from caffe_ir.targets.limits import Never, Only

MAP = (1, 4, 6, 7)


@pytest.mark.parametrize(
    ("limit", "layer", "bottoms", "broken"),
    [
        (axis_cases.FROM_BEHIND, Bias(axis=-1), (MAP,), True),
        (axis_cases.FROM_BEHIND, Bias(axis=3), (MAP,), False),
        (axis_cases.FROM_BEHIND, Bias(axis=-4), (MAP,), False),
        (axis_cases.ONE_NUMBER, Bias(num_axes=0), (MAP,), True),
        (axis_cases.ONE_NUMBER, Bias(axis=0), (MAP, (1, 4)), False),
        (axis_cases.OWN_BIAS, Scale(axis=0, bias_term=True), (MAP, (1, 4)), True),
        (axis_cases.OWN_BIAS, Scale(bias_term=True), (MAP,), False),
        (axis_cases.OWN_BIAS, Scale(axis=0), (MAP, (1, 4)), False),
        (axis_cases.NEW_AXES, Reshape(shape=(-1,), axis=-2), (MAP,), True),
        (axis_cases.NEW_AXES, Reshape(shape=(1,), axis=1, num_axes=0), (MAP,), True),
        (axis_cases.NEW_AXES, Reshape(shape=(2, -1), axis=1, num_axes=1), (MAP,), False),
        (axis_cases.NO_AXES, Reshape(shape=()), ((1, 1, 1, 1),), True),
        (axis_cases.NO_AXES, Reshape(shape=(1,)), ((1, 1, 1, 1),), False),
        (axis_cases.COLUMNS_ALONE, Crop(axis=3), (MAP, (1, 4, 6, 3)), False),
        (axis_cases.COLUMNS_ALONE, Crop(axis=3), (MAP, (1, 4, 5, 3)), True),
        (axis_cases.COLUMNS_ALONE, Crop(axis=-2), (MAP, (1, 4, 3, 3)), True),
        (axis_cases.COLUMNS_ALONE, Crop(axis=2), (MAP, (1, 4, 3, 3)), False),
        (axis_cases.COLUMNS_ALONE, Crop(axis=1), (MAP, (1, 2, 3, 3)), False),
        (axis_cases.CROP_FROM_BEHIND, Crop(axis=-1), (MAP, (1, 4, 6, 3)), True),
        (axis_cases.CROP_FROM_BEHIND, Crop(axis=3), (MAP, (1, 4, 6, 3)), False),
        (axis_cases.OF_MAPS, Convolution(num_output=2, kernel_size=(3,)), ((1, 4, 6),), True),
        (axis_cases.OF_MAPS, Convolution(num_output=2, kernel_size=(3,), axis=2), (MAP,), True),
        (axis_cases.OF_MAPS, Convolution(num_output=2, kernel_size=(3, 3)), (MAP,), False),
        (axis_cases.CHANNELS, Convolution(num_output=2, kernel_size=(3,), axis=2), (MAP,), True),
        (axis_cases.CHANNELS, Convolution(num_output=2, kernel_size=(3, 3)), (MAP,), False),
    ],
)
def test_the_limits(limit: Never | Only, layer: Layer, bottoms: Shapes, broken: bool) -> None:
    assert bool(limit.broken(layer, bottoms, 1)) == broken


@pytest.mark.parametrize(
    ("bottom", "broken"),
    [((2, 1, 8), True), ((2, 1, 1, 8), True), ((2, 8), False), ((8,), False), ((2, 8, 1), False), ((2, 3, 8), False)],
)
def test_a_row_behind_axes_of_one(bottom: tuple[int, ...], broken: bool) -> None:
    layer = InnerProduct(num_output=3, axis=len(bottom) - 1)
    assert axis_cases.behind_axes_of_one(layer, (bottom,)) == broken
