from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.errors import ShapeError
from caffe_ir.layers.bvlc.windows import (
    parse_repeated,
    parse_singular,
    require_windows,
    spell_repeated,
    spell_singular,
)


@pytest.mark.parametrize(
    ("spelled", "name", "axes", "values"),
    [
        ({"kernel_size": [3]}, "kernel_size", 2, (3, 3)),
        ({"kernel_size": [3]}, "kernel_size", 3, (3, 3, 3)),
        ({"kernel_size": [3, 5]}, "kernel_size", 2, (3, 5)),
        ({"kernel_h": 3, "kernel_w": 5}, "kernel_size", 2, (3, 5)),
        ({"kernel_size": [1]}, "kernel_size", 0, ()),
        ({"stride": []}, "stride", 2, (7, 7)),
        ({}, "stride", 2, (7, 7)),
        ({"pad_h": 2}, "pad", 2, (2, 0)),  # the other one is 0, whatever the default
        ({"dilation": [2]}, "dilation", 1, (2,)),
    ],
)
def test_parse_repeated(spelled, name, axes, values):
    assert parse_repeated(spelled, name, 7, axes) == values


@pytest.mark.parametrize(
    ("spelled", "name", "axes"),
    [
        ({"kernel_size": [3], "kernel_h": 3, "kernel_w": 3}, "kernel_size", 2),
        ({"kernel_h": 3, "kernel_w": 3}, "kernel_size", 3),
        ({"kernel_size": [3, 3, 3]}, "kernel_size", 2),
        ({"pad": [1], "pad_w": 1}, "pad", 2),
    ],
)
def test_parse_repeated_refuses_what_caffe_refuses(spelled, name, axes):
    with pytest.raises(ValueError):
        parse_repeated(spelled, name, 1, axes)


@pytest.mark.parametrize(
    ("spelled", "name", "default", "values"),
    [
        ({"kernel_size": 3}, "kernel_size", None, (3, 3)),
        ({"kernel_h": 3, "kernel_w": 5}, "kernel_size", None, (3, 5)),
        ({}, "kernel_size", None, ()),
        ({}, "pad", 0, (0, 0)),
        ({"pad_h": 0, "pad_w": 1}, "pad", 0, (0, 1)),
        ({"stride": 2}, "stride", 1, (2, 2)),
    ],
)
def test_parse_singular(spelled, name, default, values):
    assert parse_singular(spelled, name, default) == values


@pytest.mark.parametrize("spelled", [{"pad": 1, "pad_h": 1, "pad_w": 1}, {"pad_h": 1}, {"pad_w": 1}])
def test_parse_singular_refuses_what_caffe_refuses(spelled):
    with pytest.raises(ValueError, match="either pad or both pad_h and pad_w"):
        parse_singular(spelled, "pad", 0)


def test_spelled_by_hand():
    assert spell_repeated("kernel_size", (3, 3), None) == {"kernel_size": [3]}
    assert spell_repeated("kernel_size", (1, 7), None) == {"kernel_h": 1, "kernel_w": 7}
    assert spell_repeated("kernel_size", (1, 7, 7), None) == {"kernel_size": [1, 7, 7]}
    assert spell_repeated("kernel_size", (), None) == {"kernel_size": [1]}
    assert spell_repeated("stride", (1, 1), 1) == {}
    assert spell_repeated("pad", (0, 3), 0) == {"pad_h": 0, "pad_w": 3}
    assert spell_repeated("dilation", (1, 2), 1) == {"dilation": [1, 2]}
    assert spell_singular("kernel_size", (3, 3), None) == {"kernel_size": 3}
    assert spell_singular("kernel_size", (), None) == {}
    assert spell_singular("stride", (2, 1), 1) == {"stride_h": 2, "stride_w": 1}
    assert spell_singular("pad", (0, 0), 0) == {}


@given(st.sampled_from(["kernel_size", "stride", "pad", "dilation"]), st.lists(st.integers(0, 4), max_size=4))
def test_what_is_spelled_is_parsed(name, values):
    default = {"kernel_size": None, "stride": 1, "pad": 0, "dilation": 1}[name]
    spelled = spell_repeated(name, tuple(values), default)
    assert parse_repeated(spelled, name, default or 0, len(values)) == tuple(values)
    if len(values) == 2 and name != "dilation":
        assert parse_singular(spell_singular(name, tuple(values), default), name, default) == tuple(values)


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "dilation"),
    [
        ((3,), (1, 1), (0, 0), (1, 1)),
        ((3, 0), (1, 1), (0, 0), (1, 1)),
        ((3, 3), (1, 0), (0, 0), (1, 1)),
        ((3, 3), (1, 1), (0, -1), (1, 1)),
        ((3, 3), (1, 1, 1), (0, 0), (1, 1)),
    ],
)
def test_windows_that_no_layer_can_have(kernel, stride, pad, dilation):
    with pytest.raises(ShapeError):
        require_windows(kernel, stride, pad, dilation, 2)


def test_dilation_zero_is_accepted():
    require_windows((3, 3), (1, 1), (0, 0), (0, 0), 2)
