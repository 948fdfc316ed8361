"""What `check` says of the hand-made nets is what the engines do with them, in those that are installed.

OpenCV and MNN, which need no environment of their own, are tested beside their targets too.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.caffe_ir.targets.hand_made import cases_of, compared
from tests.caffe_ir.targets.hand_made_weights import FURTHER
from tests.portability.engines import ENGINES, installed

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("TOCAFFE_ENGINES", ROOT / "build" / "engines"))
"""Where scripts/install_engines put the engines."""
TRIED = ("caffe", "ncnn", "caffe2onnx", "x2paddle", "openvino", "rknn2")


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_check_says_what_the_engine_does_with_each(name: str) -> None:
    (engine,) = (one for one in installed(FOLDER) if one.name == name)
    if missing := engine.missing():
        pytest.skip(f"{name} is absent ({missing}): scripts/install_engines {FOLDER}")
    found = {case: (said, measured) for case, said, measured in compared(list(cases_of(name)), engine)}
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) == len(cases_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", [engine.name for engine in ENGINES])
def test_check_says_what_the_engine_does_with_weights_that_are_not_as_caffe_writes_them(name: str) -> None:
    (engine,) = (one for one in installed(FOLDER) if one.name == name)
    if missing := engine.missing():
        pytest.skip(f"{name} is absent ({missing}): scripts/install_engines {FOLDER}")
    found = {case: (said, measured) for case, said, measured in compared(sorted(FURTHER), engine)}
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) == len(FURTHER)
