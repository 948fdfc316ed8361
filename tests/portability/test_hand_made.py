"""What `check` says of the hand-made nets is what the engines do with them, in those that are installed.

OpenCV and MNN, which need no environment of their own, are tested beside their targets too.
"""

from __future__ import annotations

import pytest

from tests.caffe_ir.targets.hand_made import cases_of, compared
from tests.caffe_ir.targets.hand_made_weights import FURTHER
from tests.portability.engines import ENGINES, Engine

TRIED = ("caffe", "ncnn", "caffe2onnx", "x2paddle", "openvino", "rknn2")


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_check_says_what_the_engine_does_with_each(name: str, engine: Engine) -> None:
    found = {case: (said, measured) for case, said, measured in compared(list(cases_of(name)), engine)}
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) == len(cases_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", [engine.name for engine in ENGINES])
def test_check_says_what_the_engine_does_with_weights_that_are_not_as_caffe_writes_them(engine: Engine) -> None:
    found = {case: (said, measured) for case, said, measured in compared(sorted(FURTHER), engine)}
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) == len(FURTHER)
