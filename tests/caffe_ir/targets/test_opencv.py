"""What the data say of OpenCV is what it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.targets import OPENCV
from converters.verify import ENGINES
from tests.caffe_ir.targets.hand_made import BY_SCRIPT, CASES, live, verdict
from tests.caffe_ir.targets.measured import TRIALS, Trial, expected, measured, trial_name


@pytest.mark.parametrize("trial", TRIALS, ids=trial_name)
def test_the_verdict_is_what_the_engine_does(trial: Trial, tmp_path: Path) -> None:
    assert measured(ENGINES[OPENCV.engine], trial, tmp_path) == expected(OPENCV, trial)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES.keys() - BY_SCRIPT))
def test_check_says_what_the_engine_does_with_the_hand_made_nets(name: str, tmp_path: Path) -> None:
    assert verdict(name, OPENCV, tmp_path) == live(name, ENGINES[OPENCV.engine], tmp_path)
