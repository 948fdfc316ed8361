from __future__ import annotations

import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers import InnerProduct, Slice
from caffe_ir.layers.bvlc.caffe_layer import pop_alias, usable


def test_parsed_passes_over_what_changes_nothing():
    spelled = {"num_output": 10, "weight_filler": {"type": "xavier"}, "bias_filler": {}}
    assert InnerProduct.parsed(spelled) == InnerProduct(num_output=10)


def test_parsed_refuses_what_has_no_meaning():
    with pytest.raises(ValueError, match="no meaning here for kernel_size"):
        InnerProduct.parsed({"num_output": 10, "kernel_size": 3})


def test_parsed_says_what_is_missing():
    with pytest.raises(ValueError, match="InnerProduct needs num_output"):
        InnerProduct.parsed({"axis": 2})


def test_parsed_makes_tuples():
    assert Slice.parsed({"slice_point": [1, 2]}).slice_point == (1, 2)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3, 4, 5), (1,) * 32, (2**31 - 1,)])
def test_usable(shape):
    assert usable(shape) == shape


@pytest.mark.parametrize("shape", [(0,), (2, -1), (1,) * 33, (2**31,), (65536, 32768)])
def test_not_usable(shape):
    with pytest.raises(ShapeError):
        usable(shape)


def test_aliases():
    assert pop_alias({"concat_dim": 2}, "axis", "concat_dim") == {"axis": 2}
    assert pop_alias({"axis": 3}, "axis", "concat_dim") == {"axis": 3}
    with pytest.raises(ValueError, match="axis and concat_dim"):
        pop_alias({"axis": 1, "concat_dim": 1}, "axis", "concat_dim")
