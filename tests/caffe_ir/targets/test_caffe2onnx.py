"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.layers import Slice
from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from tests.caffe_ir.targets.hand_made import differences

ENDS = {
    "pool_max_k2s1p1_slice", "slice_axis2", "slice_axis_m1", "x_pool_floor_by_slice_free_k3s2",
    "y_floor_by_input_slice", "y_floor_by_output_slice_k3s2p1",
}  # fmt: skip
"""Parts of rows or columns that no Concat reads are right: a limit of the Slice cannot tell."""
OFFSET = {"ch_crop_default"}
"""It is right with the offset that the net has here (scripts/hand_made), and was refused without one."""


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("caffe2onnx", CAFFE2ONNX, tmp_path, ENDS | OFFSET) == {}


def test_a_slice_of_rows_is_not_for_it() -> None:
    rows, channels = (CAFFE2ONNX.verdict(Slice(axis=axis, slice_point=(1,)), ((1, 4, 8, 8),)) for axis in (2, 1))
    assert rows is not None
    assert channels is None
