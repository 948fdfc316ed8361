"""Faults planted into files: each is found, and the guilty layer is named first; what is harmless is a warning."""

from __future__ import annotations

import numpy as np
import pytest

from tests.converters.verify.file_faults import FAULTS, WARNED
from tests.converters.verify.planted_nets import planted_nets, several

WRONG = ("differs", "refused")  # an input of another size is not compared, and said to be the reason


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    return list(planted_nets(tmp_path_factory.mktemp("nets"), pytorch=False))


def test_one_fault_of_every_kind_is_found_and_named_first(nets, tmp_path) -> None:
    found = list(several(nets, FAULTS, 1, np.random.default_rng(1), tmp_path))
    assert {outcome.kind for outcome in found} == FAULTS.keys()
    assert [outcome for outcome in found if outcome.verdict not in WRONG or not outcome.first] == []


def test_what_changes_nothing_that_caffe_computes_is_a_warning(nets, tmp_path) -> None:
    found = list(several(nets, WARNED, 1, np.random.default_rng(1), tmp_path))
    assert {outcome.kind for outcome in found} == WARNED.keys()
    assert [outcome for outcome in found if outcome.verdict != "agrees" or not outcome.first] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_three_hundred_faults_in_six_nets(seed, tmp_path) -> None:
    nets = list(planted_nets(tmp_path))
    (tmp_path / "spoilt").mkdir()
    found = list(several(nets, FAULTS, 8, np.random.default_rng(seed), tmp_path / "spoilt"))
    assert len(found) >= 300
    assert len({outcome.net for outcome in found}) == 6
    assert [outcome for outcome in found if outcome.verdict not in WRONG or not outcome.first] == []
