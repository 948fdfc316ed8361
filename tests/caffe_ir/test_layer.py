from __future__ import annotations

import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layer import Layer, axis_index, require, same_shape


class Gain(Layer, frozen=True, kw_only=True):
    factor: float
    axis: int = 1


def test_a_field_without_a_default_is_always_written_and_others_where_they_differ() -> None:
    assert Gain(factor=1.0).spelled() == {"factor": 1.0}
    assert Gain(factor=1.0, axis=2).spelled() == {"factor": 1.0, "axis": 2}
    assert str(Gain(factor=0.5)) == "Gain(factor=0.5)"
    assert Gain.type_name() == "Gain"


class Picks(Layer, frozen=True, kw_only=True):
    indices: tuple[int, ...]


def test_a_long_list_is_shown_by_its_first_numbers() -> None:
    assert str(Picks(indices=(4, 2))) == "Picks(indices=(4, 2))"
    assert str(Picks(indices=tuple(range(768)))) == "Picks(indices=(0, 1, 2, ... 768 numbers))"


def test_a_spelling_is_read_or_refused() -> None:
    assert Gain.parsed({"factor": 2.0}) == Gain(factor=2.0)
    with pytest.raises(ValueError, match="Gain has no meaning here for loudness, volume"):
        Gain.parsed({"factor": 2.0, "volume": 1, "loudness": 2})


def test_without_more_a_layer_has_no_weights_and_no_place_of_its_own() -> None:
    layer = Gain(factor=1.0)
    assert layer.blob_shapes(((1, 2),)) == ()
    assert layer.placed(((1, 2),), 1) is layer
    assert not layer.in_place
    with pytest.raises(NotImplementedError):
        layer.infer(((1, 2),))
    with pytest.raises(NotImplementedError):
        layer.forward([], [])


def test_axes_count_from_either_end() -> None:
    assert [axis_index(axis, 4) for axis in (0, 3, -1, -4)] == [0, 3, 3, 0]
    for axis in (4, -5):
        with pytest.raises(ShapeError, match="4 axes"):
            axis_index(axis, 4)


def test_require_and_same_shape() -> None:
    require(True, "never told")
    with pytest.raises(ShapeError, match="told"):
        require(False, "told")
    assert same_shape(((1, 2), (3,))) == ((1, 2),)
