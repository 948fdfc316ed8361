"""What is asked of a model is refused with what there is."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.asked import fed, known, weights_for

SHAPES = {"x": (1, 3), "y": (2,)}


def test_one_name_or_several():
    assert known("engines", "mnn", ("mnn", "opencv")) == ("mnn",)
    assert known("engines", ["opencv", "mnn"], ("mnn", "opencv")) == ("opencv", "mnn")
    with pytest.raises(ConversionError) as refused:
        known("engines", ("openvc", "mnn", "zzz"), ("mnn", "opencv"))
    assert [problem.hint for problem in refused.value.problems] == ["did you mean opencv?", "there are mnn, opencv"]


def test_all_that_is_wrong_with_inputs_is_said_at_once():
    with pytest.raises(ConversionError) as refused:
        fed({"x": [[1.0, 2.0]], "z": np.zeros(1)}, SHAPES)
    assert [problem.what for problem in refused.value.problems] == [
        "the array for the input x is (1, 2)",
        "no array is given for the input y",
        "the net has no input z",
    ]
    assert {problem.hint for problem in refused.value.problems} == {"the inputs are x (1, 3), y (2,)"}
    assert fed({"x": [[1, 2, 3]], "y": np.zeros(2)}, SHAPES).keys() == SHAPES.keys()


def test_weights_that_were_not_read():
    weights_for("a net", missing=False)
    with pytest.raises(ConversionError, match="a net was read without weights"):
        weights_for("a net", missing=True)
