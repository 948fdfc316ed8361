from __future__ import annotations

import torch

from converters.pytorch.graph.value import Missing, Value


def test_a_value_is_float32_unless_said_otherwise():
    assert Value(blob="x", shape=(1,)).dtype == torch.float32


def test_values_are_compared_by_what_they_say():
    assert Value(blob="x", shape=(1, 4)) == Value(blob="x", shape=(1, 4))
    assert Value(blob="x", shape=(1, 4)) != Value(blob="x", shape=(4, 1))
    assert Missing(what="the indices") != Missing(what="the indices", why="none")
