"""What capture refuses, and the line of the test to which it points."""

from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from converters.pytorch.capture.capture import capture


def problem_of(model, *inputs, **named):
    with pytest.raises(ConversionError) as refused:
        capture(model, inputs, named)
    (problem,) = refused.value.problems
    return problem


def line_of(problem):
    with open(problem.origin.file, encoding="utf-8") as file:
        return file.read().splitlines()[problem.origin.line - 1].strip()
