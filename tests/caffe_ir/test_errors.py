from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError, Note, Origin, Problems

PLACE = Origin(layer="shortcut_15", what="[shortcut]", file="yolov3.cfg", line=603)


def test_a_problem_reads_as_place_what_why_and_what_to_do() -> None:
    problems = Problems()
    problems.add("from=-99 points at no layer", why="there are 15 before it", hint="count from -1", origin=PLACE)
    problems.add("a second one")
    with pytest.raises(ConversionError) as caught:
        problems.raise_if_any()
    assert str(caught.value) == (
        "yolov3.cfg:603 [shortcut]: from=-99 points at no layer (there are 15 before it)\n"
        "    -> count from -1\n"
        "a second one"
    )
    assert len(caught.value.problems) == 2


def test_no_problem_raises_nothing() -> None:
    Problems().raise_if_any()


def test_a_note_names_its_place() -> None:
    assert str(Note(kind="warning", text="option x was not read", origin=PLACE)).startswith(
        "yolov3.cfg:603 [shortcut]: "
    )
    assert str(Note(kind="assumed", text="batch 1")) == "batch 1"
