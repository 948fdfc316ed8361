"""What the data say of MNN is what it does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from caffe_ir.targets import MNN
from converters.verify import ENGINES
from tests.caffe_ir.targets.hand_made import BY_SCRIPT, CASES, live, verdict
from tests.caffe_ir.targets.measured import TRIALS, Trial, expected, measured, trial_name


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("trial", TRIALS, ids=trial_name)
def test_the_verdict_is_what_the_engine_does(trial: Trial, tmp_path: Path) -> None:
    assert measured(ENGINES[MNN.engine], trial, tmp_path) == expected(MNN, trial)


OF_IMAGES = {"ip_axis1_batch2", "ip_2d_input_b3", "x_bigbatch4_ip"}
"""Rows that are images are right; the limit of MNN's InnerProduct cannot tell them from rows of one image."""


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES.keys() - OF_IMAGES - BY_SCRIPT))
def test_check_says_what_the_engine_does_with_the_hand_made_nets(name: str, tmp_path: Path) -> None:
    assert verdict(name, MNN, tmp_path) == live(name, ENGINES[MNN.engine], tmp_path)
