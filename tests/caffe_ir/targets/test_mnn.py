"""What the data say of MNN is what it does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from caffe_ir.layers import LRN, InnerProduct, Power
from caffe_ir.targets import MNN
from converters.verify import ENGINES
from tests.caffe_ir.targets.hand_made import BY_SCRIPT, CASES, live, verdict
from tests.caffe_ir.targets.measured import TRIALS, Trial, expected, measured, trial_name


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("trial", TRIALS, ids=trial_name)
def test_the_verdict_is_what_the_engine_does(trial: Trial, tmp_path: Path) -> None:
    assert measured(ENGINES[MNN.engine], trial, tmp_path) == expected(MNN, trial)


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES.keys() - BY_SCRIPT))
def test_check_says_what_the_engine_does_with_the_hand_made_nets(name: str, tmp_path: Path) -> None:
    assert verdict(name, MNN, tmp_path) == live(name, ENGINES[MNN.engine], tmp_path)


@pytest.mark.parametrize(("images", "rows"), [(1, 1), (2, 2), (4, 4), (1, 4), (2, 1), (4, 2), (4, 8)])
def test_the_rows_of_a_product_are_the_images(images: int, rows: int) -> None:
    """As MNN 3.6.1 has it for Convolution, Reshape to so many rows, InnerProduct: each of these was run."""
    found = MNN.verdict(InnerProduct(num_output=5), ((rows, 8),), images)
    assert (found is None) == (rows == images)


def test_layers_are_avoided_that_are_slow() -> None:
    layers = [Power(scale=2.0, shift=1.0), Power(power=-1.0), LRN(), LRN(norm_region="WITHIN_CHANNEL")]
    verdicts = [MNN.verdict(layer, ((1, 4, 8, 8),)) for layer in layers]
    assert [verdict.effect if verdict else "" for verdict in verdicts] == ["slow", "", "", "slow"]
