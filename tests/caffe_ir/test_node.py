from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.layers import Concat, InnerProduct, ReLU
from caffe_ir.node import Node

NOWHERE = Origin(layer="here")


def test_one_bottom_and_one_top() -> None:
    node = Node(name="r", layer=ReLU(), bottoms=("x",), tops=("y",), origin=NOWHERE)
    assert (node.bottom, node.top) == ("x", "y")


def test_several_are_no_single_one() -> None:
    node = Node(name="c", layer=Concat(axis=1), bottoms=("a", "b"), tops=("y",), origin=NOWHERE)
    with pytest.raises(ValueError, match="too many values"):
        _ = node.bottom


def test_its_text_has_weights_and_marks() -> None:
    weights = Blob.of(np.zeros((3, 2), np.float32))
    node = Node(
        name="f", layer=InnerProduct(num_output=3), bottoms=("x",), tops=("y",), blobs=(weights,), origin=NOWHERE
    )
    assert str(node) == f"f: {node.layer} x -> y | [3, 2]"
    assert str(Node(name="r", layer=ReLU(), bottoms=("x",), tops=("y",), in_place=True, origin=NOWHERE)).endswith(
        "x -> y in place"
    )
