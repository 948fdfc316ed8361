"""The tables of a comparison: each program's figures and the worst layers, as wide as the terminal and never cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from converters.cli.say import plain

if TYPE_CHECKING:
    from rich.table import Table

    from converters.verify import Comparison, Trial
    from converters.verify.comparison import Row

_WORST_SHOWN = 8
_GAP = 2
_LEAST_NAME = 12
"""Characters of a name that stay in one line; a longer one goes on in the next."""
_LEAST_TITLE = 30


class Column(Struct, frozen=True, kw_only=True):
    """A column of texts. Of the optional ones that with the highest number goes first where the terminal is narrow.

    One that folds may be so narrow that its texts take several lines; the others are never cut.
    """

    heading: str
    cells: Sequence[str]
    optional: int = 0
    folds: bool = False

    @property
    def width(self) -> int:
        """Characters of its longest line."""
        return max(len(line) for text in (self.heading, *self.cells) for line in text.split("\n"))

    @property
    def least(self) -> int:
        return min(self.width, _LEAST_NAME) if self.folds else self.width


def fitted(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that a terminal has room for."""
    shown = list(columns)
    while sum(column.least + _GAP for column in shown) > width and any(column.optional for column in shown):
        shown.remove(max(shown, key=lambda column: column.optional))
    return shown


def table_of(columns: Sequence[Column]) -> Table:
    """A table for rich."""
    from rich.table import Table

    table = Table(box=None, padding=(0, _GAP, 0, 0))
    for column in columns:
        least = column.least
        table.add_column(column.heading, no_wrap=not column.folds, overflow="fold", min_width=least)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(plain, row))
    return table


def needed(columns: Sequence[Column]) -> int:
    """The width below which something would be cut."""
    return sum(column.least + _GAP for column in columns)


def programs(trials: Sequence[Trial]) -> list[Column]:
    """What each program finds, a row for each: the error on which its verdict rests, and its limit."""
    from converters.verify.trial import limit

    worst = [trial.worst for trial in trials]
    return [
        Column(heading="comparison", cells=[trial.heading for trial in trials]),
        Column(heading="verdict", cells=[trial.verdict for trial in trials]),
        Column(heading="error", cells=[figure(seen[0].relative) if seen else "" for seen in worst]),
        Column(heading="allowed", cells=[limit(seen[1]) if seen else "" for seen in worst]),
        Column(heading="in layer", cells=[seen[0].value if seen else "" for seen in worst], optional=1, folds=True),
    ]


def titles(trials: Sequence[Trial]) -> Column:
    """The programs with their versions, or why they stopped."""
    return Column(heading="program", cells=[trial.stopped or trial.title for trial in trials], folds=True)


def has_room(columns: Sequence[Column], width: int) -> bool:
    """Whether long texts have room beside these columns."""
    return width - needed(columns) >= _LEAST_TITLE


def layers(comparison: Comparison, *, verbose: bool) -> tuple[list[Column], str]:
    """The errors of the worst layers, or with `verbose` of all in the order of the net; and what is left out."""
    shown = [trial for trial in comparison.trials if trial.rows]
    by_value = [{row.value: row for row in trial.rows} for trial in shown]
    values = comparison.values
    order = values if verbose else comparison.worst_first[:_WORST_SHOWN]
    worst = [_worst([each[value] for each in by_value if value in each]) for value in order]
    errors = [
        Column(
            heading=f"{trial.kind}\n{trial.name}",
            cells=[figure(each[value].relative) if value in each else "" for value in order],
        )
        for trial, each in zip(shown, by_value, strict=True)
    ]
    left_out = f"the worst {len(order)} of {len(values)} layers; -v lists all" if len(order) < len(values) else ""
    columns = [
        Column(heading="layer", cells=order, folds=True),
        Column(heading="shape", cells=[_shapes(row) for row in worst], optional=2),
        *errors,
        Column(heading="largest\nvalue", cells=[f"{row.largest:.3g}" for row in worst], optional=1),
        Column(heading="cosine", cells=[f"{row.cosine:.9f}" for row in worst], optional=4),
        Column(heading="place", cells=[",".join(map(str, row.place)) for row in worst], optional=3),
    ]
    return columns, left_out


def _worst(rows: Sequence[Row]) -> Row:
    return max(rows, key=lambda row: row.relative)


def _shapes(row: Row) -> str:
    from caffe_ir.blob import shape_text

    ours = shape_text(row.shape)
    return ours if row.same_size else f"{ours} / {shape_text(row.other_shape)}"


def figure(relative: float) -> str:
    """A relative error in as few characters as show it."""
    return "0" if relative == 0 else f"{relative:.1e}"
