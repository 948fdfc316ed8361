from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.weights.sets import only_set, sets_in
from converters.weights.tensors import Nested, held

T = held(np.zeros(2))
MODEL: Nested = {"conv.weight": T, "conv.bias": T}
NAMES = ["conv.weight", "conv.bias"]


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
def test_the_only_set_is_found(checkpoint: Nested) -> None:
    assert list(only_set(checkpoint).tensors) == NAMES


def test_what_was_assumed_is_told() -> None:
    (note,) = only_set({"model": {f"module.{name}": T for name in MODEL}}).notes()
    assert str(note) == "weights taken from model without the prefix module."
    assert only_set(MODEL).notes() == []


def test_a_prefix_that_not_all_have_stays() -> None:
    assert list(only_set({"module.conv.weight": T, "fc.weight": T}).tensors) == ["module.conv.weight", "fc.weight"]


def test_several_sets_are_refused_until_one_is_named() -> None:
    checkpoint: Nested = {"model": MODEL, "ema": {"conv.weight": T}}
    with pytest.raises(ConversionError, match=r"2 sets of weights: model, ema(.|\n)*--weights-key model"):
        only_set(checkpoint)
    assert list(only_set(checkpoint, "ema").tensors) == ["conv.weight"]


DEEP: Nested = {
    "loose": T,
    "state_dict": {f"{who}.{name}": T for who in ("student", "teacher") for name in MODEL},
    "ema": {"model": MODEL, "average": {f"module.{name}": T for name in MODEL}},
}


@pytest.mark.parametrize(
    ("key", "labels"),
    [
        ("", [".", "state_dict", "ema.model", "ema.average"]),
        (".", ["."]),
        ("state_dict", ["state_dict"]),
        ("ema", ["ema.model", "ema.average"]),
        ("ema.model", ["ema.model"]),
        ("state_dict.student", ["state_dict.student"]),
        ("ema.average.module", ["ema.average.module"]),
        ("state_dict.student.conv", ["state_dict.student.conv"]),
    ],
)
def test_a_key_is_a_path_with_a_prefix_at_its_end(key: str, labels: list[str]) -> None:
    found = sets_in(DEEP, key)
    assert [one.label for one in found] == labels


def test_the_names_of_a_part_are_without_its_prefix() -> None:
    (one,) = sets_in(DEEP, "state_dict.teacher")
    assert (one.nest, one.prefix, list(one.tensors)) == ("state_dict", "teacher.", NAMES)
    assert only_set(DEEP, "ema.average").label == "ema.average.module"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("swa", r"no weights under swa \(it has \., state_dict, ema\.model, ema\.average\)$"),
        ("teacher", r"did you mean --weights-key state_dict\.teacher\?"),
        ("state_dict.studnet", r"did you mean --weights-key state_dict\.student\?"),
        ("ema.modle", r"did you mean --weights-key ema\.model\?"),
    ],
)
def test_a_key_that_is_not_there(key: str, told: str) -> None:
    with pytest.raises(ConversionError, match=told):
        sets_in(DEEP, key)


def test_a_state_dict_has_none_inside() -> None:
    with pytest.raises(ConversionError, match=r"it is one itself.*\n.*leave --weights-key out"):
        sets_in({"conv.weight": T}, "model")


def test_many_sets_are_listed_in_part() -> None:
    many: Nested = {f"epoch{number}": {"weight": T} for number in range(20)}
    with pytest.raises(ConversionError, match=r"20 sets of weights: epoch0, .*, epoch7 and 12 more"):
        only_set(many)
