"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from caffe_ir.layers import Convolution, ReLU, Scale, Slice
from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import differences


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("caffe2onnx", CAFFE2ONNX, tmp_path) == {}


def test_a_slice_of_rows_is_not_for_it() -> None:
    rows, channels = (CAFFE2ONNX.verdict(Slice(axis=axis, slice_point=(1,)), ((1, 4, 8, 8),)) for axis in (2, 1))
    assert rows is not None
    assert channels is None


def test_rows_are_right_where_nobody_asks_for_channels() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "rows", Slice(axis=2, slice_point=(3,)), tops=("a", "b"))
    assert list(CAFFE2ONNX.verdicts(net)) == []
    add(net, "relu", ReLU(), bottoms=["a"])
    add(net, "conv", Convolution(num_output=4, kernel_size=(3, 3)), np.zeros((4, 4, 3, 3)), np.zeros(4))
    add(net, "scale", Scale(), np.ones(4))
    assert list(CAFFE2ONNX.verdicts(net)) == []
    add(net, "scaled", Scale(), np.ones(4), bottoms=["relu"])
    assert [node.name for node, _ in CAFFE2ONNX.verdicts(net)] == ["rows"]
