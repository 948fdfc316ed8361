from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.transplant.state_dict import state_dict
from converters.weights.tensors import Nested, held

T = held(np.zeros(2))
MODEL: Nested = {"conv.weight": T, "conv.bias": T}


@pytest.mark.parametrize(
    "checkpoint",
    [
        MODEL,
        {"state_dict": MODEL},
        {"model": MODEL, "optimizer": {"state": {"0": {"exp_avg": T}}}},
        {"nested": {"deep": {"net": MODEL}}, "loss": T},
        {"state_dict": {f"module.{name}": T for name in MODEL}},
        {f"_orig_mod.module.{name}": T for name in MODEL},
    ],
)
def test_the_weights_are_found(checkpoint: Nested) -> None:
    tensors, _ = state_dict(checkpoint)
    assert list(tensors) == ["conv.weight", "conv.bias"]


def test_what_was_assumed_is_told() -> None:
    _, notes = state_dict({"model": {f"module.{name}": T for name in MODEL}})
    assert [str(note) for note in notes] == [
        "the weights are taken from 'model' in the checkpoint",
        "the names are taken without 'module.' before them",
    ]
    assert state_dict(MODEL)[1] == []


def test_a_prefix_that_not_all_have_stays() -> None:
    tensors, _ = state_dict({"module.conv.weight": T, "fc.weight": T})
    assert list(tensors) == ["module.conv.weight", "fc.weight"]


def test_several_sets_are_refused_until_one_is_named() -> None:
    with pytest.raises(ConversionError, match=r"2 sets of weights: model, ema(.|\n)*--weights-key model"):
        state_dict({"model": MODEL, "ema": {"conv.weight": T}})
    assert list(state_dict({"model": MODEL, "ema": {"conv.weight": T}}, "ema")[0]) == ["conv.weight"]
    with pytest.raises(ConversionError, match=r"no weights under swa(.|\n)*model"):
        state_dict({"model": MODEL}, "swa")
