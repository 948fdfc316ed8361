from __future__ import annotations

import pytest

from caffe_ir.near_misses import did_you_mean, near_misses

KNOWN = ("resnet18", "resnet50", "LeakyReLU", "main")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("resnet19", ["resnet18", "resnet50"]),
        ("leakyrelu", ["LeakyReLU"]),
        ("RESNET50", ["resnet50", "resnet18"]),
        ("mian", ["main"]),
        ("vgg", []),
    ],
)
def test_the_best_comes_first(name: str, found: list[str]) -> None:
    assert near_misses(name, KNOWN) == found
    assert near_misses(name, KNOWN, most=1) == found[:1]


def test_names_that_differ_by_capitals_are_both_found() -> None:
    assert near_misses("NET", ["net", "Net", "other"]) == ["net", "Net"]
    assert near_misses("NET", ["net", "Net", "other"], most=1) == ["net"]


def test_how_alike_they_must_be() -> None:
    assert near_misses("resnet19", KNOWN, alike=0.8) == ["resnet18"]


def test_the_question() -> None:
    assert did_you_mean("resnet1", KNOWN) == "did you mean resnet18?"
    assert did_you_mean("resnet1", KNOWN, "[{}]", most=2) == "did you mean [resnet18] or [resnet50]?"
    assert did_you_mean("vgg", KNOWN) == ""
    assert did_you_mean("vgg", []) == ""
