from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.files.reader import read
from converters.run.probabilities import probabilities
from tests.converters.caffe.files import CONV, INPUT, SSD_HEADS, pair

BEHIND = """
layer { name: "s" type: "Sigmoid" bottom: "loc" top: "s" }
layer { name: "both" type: "Concat" bottom: "s" bottom: "loc1_flat" top: "both" concat_param { axis: 1 } }
"""


@pytest.mark.parametrize(
    ("blob", "found"),
    [("conf_flat", {True}), ("conf", {False}), ("loc", {False}), ("s", {True}), ("both", {False, True})],
)
def test_the_last_step_that_computes_decides(blob: str, found: set[bool], tmp_path: Path) -> None:
    net = read(*pair(tmp_path, INPUT + CONV + SSD_HEADS + BEHIND))
    assert probabilities(net, blob) == found
