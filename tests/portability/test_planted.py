"""`convert verify --tool ... --reduce` cuts out what a tool gets wrong: a fault for each rule of the readers' books."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.verify.inputs import noise
from converters.verify.reduction import MOST_RUNS, reduced
from converters.verify.source import inputs_of
from tests.portability.planted import HOSTS, Planted, Tool, breaks, planted, read_by_book

MOST_LAYERS = 3


def reduces(one: Planted, *, refuses: bool) -> str:
    """What is wrong with what is left of a net whose tool breaks one rule; empty where nothing is."""
    tool = Tool(rule=one.rule, refuses=refuses)
    feeds = noise(inputs_of(one.files.net), 0, frozenset())
    small = reduced(one.files, tool.engine(), feeds, 1e-6)
    if small is None:
        return "the whole net does not show it"
    if small.runs != tool.runs or small.runs > MOST_RUNS:
        return f"{small.runs} runs, {tool.runs} counted"
    if len(small.layers) > MOST_LAYERS:
        return f"{len(small.layers)} layers left: {', '.join(map(str, small.layers))}"
    path = one.files.prototxt.with_name("small.prototxt")
    path.write_text(small.text, encoding="utf-8")
    part = type(one.files)(net=small.net, prototxt=path, caffemodel=one.files.caffemodel)
    return "" if any(breaks(one.rule, layer) for layer in read_by_book(part)) else "no layer left breaks the rule"


@pytest.mark.slow
def test_what_breaks_a_rule_of_a_book_is_cut_out(tmp_path: Path) -> None:
    found = list(planted(tmp_path))
    wrong = {
        f"{one.reader}, {one.rule[0]}: {one.rule[1]}, {one.files.prototxt.stem}": text
        for place, one in enumerate(found)
        if (text := reduces(one, refuses=place % 2 == 0))
    }
    assert wrong == {}
    assert len({one.rule[:2] for one in found}) > 180
    assert {one.files.prototxt.stem.rpartition("_in_")[2] for one in found} == {*HOSTS}


def test_the_first_rules_are_cut_out_of_a_classifier(tmp_path: Path) -> None:
    found = [one for _, one in zip(range(6), planted(tmp_path), strict=False)]
    assert [reduces(one, refuses=False) for one in found] == [""] * 6
