from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Flatten, Reshape, Tile, copy_layer

SHAPE = (2, 3, 4, 5)
VALUES = np.arange(120.0).reshape(SHAPE)


@pytest.mark.parametrize("end_axis", [3, -1, 2, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_flatten_is_torchs(axis, end_axis):
    (top,) = Flatten(axis=axis, end_axis=end_axis).forward([VALUES], [])
    np.testing.assert_array_equal(top, torch.flatten(torch.tensor(VALUES), axis, end_axis).numpy())
    assert Flatten(axis=axis, end_axis=end_axis).infer((SHAPE,)) == (top.shape,)


def test_flatten_of_no_axis_puts_a_one_in():
    """Blob::count of an empty range is 1 (blob.hpp), so Caffe accepts it."""
    assert Flatten(axis=2, end_axis=1).infer((SHAPE,)) == ((2, 3, 1, 4, 5),)
    with pytest.raises(ShapeError):
        Flatten(axis=3, end_axis=1).infer((SHAPE,))


@pytest.mark.parametrize(
    ("fields", "top"),
    [
        ({"shape": (0, -1)}, (2, 60)),
        ({"shape": (0, 0, -1)}, (2, 3, 20)),
        ({"shape": (-1,)}, (120,)),
        ({"shape": (6, 20)}, (6, 20)),
        ({"shape": (0, 1, 0, -1)}, (2, 1, 4, 15)),  # the 0 copies the bottom's axis at the same place
        ({"shape": (-1,), "axis": 1}, (2, 60)),
        ({"shape": (0, 2, 2), "axis": 1, "num_axes": 2}, (2, 3, 2, 2, 5)),  # counted from axis on
        ({"shape": (1,), "axis": -1}, (2, 3, 4, 5, 1)),  # behind the last axis
        ({"shape": (1, 1), "axis": 0, "num_axes": 0}, (1, 1, 2, 3, 4, 5)),
        ({"shape": (20,), "axis": -3, "num_axes": 2}, (2, 3, 20)),
    ],
)
def test_reshape(fields, top):
    layer = Reshape(**fields)
    assert layer.infer((SHAPE,)) == (top,)
    np.testing.assert_array_equal(layer.forward([VALUES], [])[0], VALUES.reshape(top))
    assert Reshape.parsed(layer.spelled()) == layer


def test_reshape_to_no_axes():
    assert Reshape(shape=()).infer(((1, 1),)) == ((),)
    assert Reshape.parsed({}) == Reshape(shape=())


@pytest.mark.parametrize(
    "fields",
    [
        {"shape": (7, -1)},
        {"shape": (2, 3)},
        {"shape": (-1, -1)},
        {"shape": (0, 0, 0, 0, 0)},
        {"shape": (-2, 60)},
        {"shape": ()},
        {"shape": (1,), "axis": 5},
        {"shape": (1,), "axis": -6},
        {"shape": (20,), "axis": 3, "num_axes": 2},
        {"shape": (120,), "num_axes": -2},
        {"shape": (2, 0), "axis": 3},
    ],
)
def test_reshape_refuses_what_caffe_refuses(fields):
    with pytest.raises(ShapeError):
        Reshape(**fields).infer((SHAPE,))


@pytest.mark.parametrize("axis", [0, 1, 3, -2])
def test_tile_is_torchs(axis):
    layer = Tile(tiles=3, axis=axis)
    repeats = [1] * 4
    repeats[axis] = 3
    (top,) = layer.forward([VALUES], [])
    np.testing.assert_array_equal(top, torch.tensor(VALUES).repeat(repeats).numpy())
    assert layer.infer((SHAPE,)) == (top.shape,)


def test_tile_refuses_no_tiles():
    with pytest.raises(ShapeError):
        Tile(tiles=0).infer((SHAPE,))


def test_views_are_marked():
    assert Flatten.is_view
    assert Reshape.is_view
    assert not Tile.is_view


def test_a_copy_has_the_shape_that_is_there_however_it_is_spelled():
    copies = [copy_layer(SHAPE, number) for number in range(8)]
    assert len({copy.shape for copy in copies}) == 8
    assert {copy.infer((SHAPE,)) for copy in copies} == {(SHAPE,)}
    assert copies[0].shape == (0, 0, 0, 0)
    assert copies[5].shape == (0, 3, 0, 5)
    assert copy_layer(()).infer(((),)) == ((),)
