"""What `check` says of a Scale is what OpenCV was measured to do; scripts/hand_made asks it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.targets import OPENCV
from tests.caffe_ir.targets.hand_made import verdict
from tests.caffe_ir.targets.hand_made_opencv import OPENCV as OF_OPENCV


@pytest.mark.parametrize("name", OF_OPENCV)
def test_check_says_what_was_measured_of_the_nets_for_it_alone(name: str, tmp_path: Path) -> None:
    assert verdict(name, OPENCV, tmp_path) == OF_OPENCV[name][0]
