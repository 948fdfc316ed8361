"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from tests.caffe_ir.targets.hand_made import differences


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("caffe2onnx", CAFFE2ONNX, tmp_path) == {}
