from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers import DummyData, Input, Parameter, Silence


def test_input():
    layer = Input(shape=(1, 3, 4, 5))
    assert layer.infer(()) == ((1, 3, 4, 5),)
    assert layer.spelled() == {"shape": [(1, 3, 4, 5)]}
    assert Input.parsed(layer.spelled()) == layer
    with pytest.raises(ValueError, match="fed"):
        layer.forward([], [])
    with pytest.raises(ShapeError):
        Input(shape=(1, 0)).infer(())


@pytest.mark.parametrize("shapes", [[], [(1, 2), (1, 3)]])
def test_an_input_has_one_shape(shapes):
    with pytest.raises(ValueError, match=r"shapes, where each blob has one|not given"):
        Input.parsed({"shape": shapes})


def test_parameter_is_its_blob():
    layer = Parameter(shape=(2, 3))
    blob = np.arange(6.0).reshape(2, 3)
    assert layer.blob_shapes(()) == layer.infer(()) == ((2, 3),)
    np.testing.assert_array_equal(layer.forward([], [blob])[0], blob)
    assert layer.spelled() == {"shape": (2, 3)}
    assert Parameter.parsed({"shape": [2, 3]}) == layer
    with pytest.raises(ValueError, match="Parameter needs shape"):
        Parameter.parsed({})


def test_dummy_data_is_full_of_one_number():
    layer = DummyData(shape=(2, 3), value=0.5)
    np.testing.assert_array_equal(layer.forward([], [])[0], [[0.5] * 3] * 2)
    assert layer.infer(()) == ((2, 3),)
    assert layer.spelled() == {"data_filler": [{"type": "constant", "value": 0.5}], "shape": [(2, 3)]}
    assert DummyData.parsed(layer.spelled()) == layer
    assert DummyData(shape=(1,)).spelled() == {"shape": [(1,)]}


def test_dummy_data_by_its_old_four_numbers():
    old = {"num": [1], "channels": [2], "height": [3], "width": [4]}
    assert DummyData.parsed(old) == DummyData(shape=(1, 2, 3, 4))


@pytest.mark.parametrize(
    "spelled",
    [
        {"shape": [(1,)], "data_filler": [{"type": "gaussian"}]},
        {"shape": [(1,), (2,)]},
        {"num": [1, 1], "channels": [2, 2], "height": [3, 3], "width": [4, 4]},
        {"num": [1]},
        {},
    ],
)
def test_dummy_data_that_is_not_read(spelled):
    with pytest.raises(ValueError):
        DummyData.parsed(spelled)


def test_silence_has_no_top():
    assert Silence().infer(((1, 2), (3,))) == ()
    assert Silence().forward([np.zeros((1, 2)), np.zeros(3)], []) == []
    assert Silence.bottoms[0] == 1
