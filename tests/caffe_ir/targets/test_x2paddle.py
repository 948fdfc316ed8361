"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.targets.x2paddle import X2PADDLE
from tests.caffe_ir.targets.hand_made import differences


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("x2paddle", X2PADDLE, tmp_path) == {}
