"""The drawings of a report as SVG: the error of every layer on a log scale, and how one layer's differences spread."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from caffe_ir.visible import visible
from converters.verify.comparison import DECADES, Row
from converters.verify.trial import Trial

# Relative errors below this are drawn as if they were this large: a log scale has no 0.
_FLOOR = 1e-17
_CEILING = 1e2
# Inches that the name of a comparison takes in the legend.
_LEGEND = 1.7
_MARKS = ("o", "s", "^", "D", "v", "P")


def errors_drawn(trials: Sequence[Trial], names: Sequence[str], values: Sequence[str]) -> str:
    """The relative error of every value, a row of marks for each trial; wrong ones stand out in red."""
    width = max(7.0, min(30.0, 0.16 * len(values)))
    columns = max(1, int(width / _LEGEND))
    rows = -(-len(trials) // columns)
    height = 3.5 + 0.2 * rows
    above, below = (0.1 + 0.2 * rows) / height, 1.1 / height
    margins = (0.75 / width, 1 - 0.1 / width, below, 1 - above)
    figure, axes = _figure(width=width, height=height, margins=margins)
    place = {value: number for number, value in enumerate(values)}
    for trial, name, mark in zip(trials, names, _MARKS * len(trials), strict=False):
        wrong = {row.value for row in trial.wrong}
        points = [(place[row.value], drawn(row.relative)) for row in trial.rows]
        axes.plot(*zip(*points, strict=True), mark, markersize=3.5, label=name, alpha=0.8)
        faulty = [(place[row.value], drawn(row.relative)) for row in trial.rows if row.value in wrong]
        if faulty:
            axes.plot(*zip(*faulty, strict=True), "x", color="red", markersize=8, markeredgewidth=2)
    step = max(1, len(values) // 60)
    labels = [visible(value) for value in values[::step]]
    axes.set_xticks(range(0, len(values), step), labels, rotation=90, fontsize=6, parse_math=False)
    axes.set_yscale("log")
    axes.set_ylim(_FLOOR / 2, None)
    axes.set_ylabel("largest difference / largest value", fontsize=7)
    axes.tick_params(axis="y", labelsize=7)
    axes.grid(True, axis="y", linewidth=0.3)
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, borderpad=0)
    return _svg(figure)


def spread_drawn(row: Row) -> str:
    """How many numbers of a value differ by how much, by decades."""
    figure, axes = _figure(width=3.4, height=1.6, margins=(0.16, 0.97, 0.27, 0.97))
    axes.bar(DECADES, row.spread or (0,) * len(DECADES), width=0.9)
    axes.set_yscale("symlog")
    axes.set_xticks(DECADES[::4], [f"1e{decade}" for decade in DECADES[::4]], fontsize=6)
    axes.tick_params(axis="y", labelsize=6)
    axes.set_xlabel("difference / largest value", fontsize=6)
    axes.set_ylabel("numbers", fontsize=6)
    return _svg(figure)


def drawn(relative: float) -> float:
    """Where an error is drawn: what is 0 or infinite at the edge."""
    return min(max(relative, _FLOOR), _CEILING)


def _figure(*, width: float, height: float, margins: tuple[float, float, float, float]) -> tuple[Any, Any]:
    """An empty drawing with one pair of axes; margins are the left, right, lower and upper edge of what they span."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    left, right, bottom, top = margins
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top)
    return figure, figure.subplots()


def _svg(figure: Any) -> str:
    """The drawing without anything that a browser would look up, the same at every run."""
    import matplotlib

    sink = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "verify", "font.family": "sans-serif"}):
        figure.savefig(sink, format="svg", transparent=True, metadata=nothing)
    text = sink.getvalue()
    return text[text.index("<svg") :]
