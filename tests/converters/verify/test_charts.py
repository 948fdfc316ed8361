from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from converters.verify.charts import drawn, errors_drawn, spread_drawn
from converters.verify.comparison import row
from converters.verify.trial import Trial

pytest.importorskip("matplotlib")
GOOD = row("good", np.ones(5), np.ones(5) + 1e-9)
BAD = row("bad", np.ones(5), np.array([1, 1, 1, 1, np.nan]))
TRIAL = Trial(kind="meaning", name="embedded", title="", rows=(GOOD, BAD), allowed=(1e-6, 1e-6))


def test_an_error_is_drawn_at_the_edge_where_a_log_scale_has_no_place() -> None:
    assert (drawn(0.0), drawn(1e-9), drawn(float("inf"))) == (1e-17, 1e-9, 1e2)


def test_drawings_are_svg_that_names_layers_and_fetches_nothing() -> None:
    text = errors_drawn([TRIAL], ["meaning, embedded"], ["good", "bad"])
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for wanted in (">good<", ">bad<", ">meaning, embedded<"):
        assert wanted in text
    assert 'href="http' not in text
    assert "ff0000" in text.lower()


def test_drawings_are_the_same_at_every_run() -> None:
    assert errors_drawn([TRIAL], ["a"], ["good", "bad"]) == errors_drawn([TRIAL], ["a"], ["good", "bad"])
    assert spread_drawn(GOOD) == spread_drawn(GOOD)


def test_a_row_without_common_size_has_an_empty_spread() -> None:
    assert spread_drawn(row("x", np.ones(3), np.ones(4))).startswith("<svg")
