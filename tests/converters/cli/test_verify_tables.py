from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from rich.console import Console

from converters.cli.verify_tables import Column, figure, fitted, layers, needed, programs, table_of
from converters.verify.comparison import row
from converters.verify.trial import Comparison, Trial

NAMES = ("conv_0", "a_layer_with_quite_a_long_name/and_a_part", "yolo_16")


def trial(kind: Literal["meaning", "rounding"], name: str) -> Trial:
    rows = [
        row(value, np.full((1, 64, 104, 104), 3.0), np.full((1, 64, 104, 104), 3.0 + 10.0 ** -(3 + number)))
        for number, value in enumerate(NAMES)
    ]
    return Trial(kind=kind, name=name, title=f"the program {name}", rows=tuple(rows), allowed=(1.0,) * 3)


TRIALS = (trial("meaning", "embedded"), trial("meaning", "darknet"), trial("rounding", "opencv"))
COMPARISON = Comparison(source="s", caffe="c", trials=TRIALS)


def printed(columns: list[Column], width: int) -> str:
    shown = fitted(columns, width)
    out = Console(file=io.StringIO(), width=max(width, needed(shown)))
    out.print(table_of(shown))
    return out.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [30, 45, 60, 80, 100, 160])
def test_no_number_and_no_name_is_cut_whatever_the_width(width) -> None:
    columns, _ = layers(COMPARISON, verbose=True)
    text = printed(columns, width)
    assert text.count("3.3e-04") == text.count("3.3e-05") == text.count("3.3e-06") == 3
    assert "\u2026" not in text
    lines = text.splitlines()
    behind = lines[1].index(lines[1].split()[1])  # where the second column begins
    assert "".join(line[:behind].strip() for line in lines) == "layer" + "".join(NAMES)
    if width >= 60:
        assert max(map(len, text.splitlines())) <= width


def test_what_tells_least_goes_first() -> None:
    columns, _ = layers(COMPARISON, verbose=True)
    headings = [[column.heading.split("\n")[0] for column in fitted(columns, width)] for width in (160, 85, 70, 45)]
    assert "cosine" in headings[0]
    assert "cosine" not in headings[1]
    assert "place" not in headings[2]
    assert headings[3] == ["layer", "meaning", "meaning", "rounding"]


@pytest.mark.parametrize("width", [40, 60, 160])
def test_the_programs_figures_are_whole(width) -> None:
    text = printed(programs(TRIALS), width)
    assert text.count("3.3e-04") == 3
    assert text.count("1.0e+00") == 3
    assert text.count("agrees") == 3
    assert "rounding, opencv" in text


def test_the_worst_come_first_and_are_counted() -> None:
    rows = tuple(row(f"v{number}", np.ones(2), np.ones(2) + 10.0 ** -(14 - number)) for number in range(12))
    twelve = Comparison(source="", caffe="", trials=(Trial(kind="meaning", name="x", title="", rows=rows,
                                                             allowed=(1e-6,) * 12),))  # fmt: skip
    columns, left_out = layers(twelve, verbose=False)
    assert list(columns[0].cells) == [f"v{number}" for number in range(11, 3, -1)]
    assert left_out == "the worst 8 of 12 layers; -v lists all"
    columns, left_out = layers(twelve, verbose=True)
    assert (len(columns[0].cells), left_out) == (12, "")


def test_an_error_is_told_in_few_characters() -> None:
    assert [figure(each) for each in (0.0, 1.234e-7, float("inf"))] == ["0", "1.2e-07", "inf"]
