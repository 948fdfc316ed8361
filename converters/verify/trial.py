"""The outcome: trials of one program beside another, their verdicts, and what is at fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct, field

from caffe_ir.net import Net
from converters.verify.blame import Fault
from converters.verify.comparison import Row

Verdict = Literal["agrees", "differs", "not compared"]
FINITE = float(np.finfo(np.float64).max)
"""The limit of a trial that only shows what is usual: every number passes, NaN and infinity do not."""


class Trial(Struct, frozen=True, kw_only=True):
    """One program beside another. "meaning": each layer by itself on the reference's values; "rounding": the whole net.

    `allowed` is the largest relative error that passes, for each row. `stopped` says why there are no rows, `asked`
    whether the net's verdict depends on this one.
    """

    kind: Literal["meaning", "rounding"]
    name: str
    title: str
    rows: tuple[Row, ...] = ()
    allowed: tuple[float, ...] = ()
    stopped: str = ""
    asked: bool = True
    faults: tuple[Fault, ...] = ()
    """For an engine: the layer that it computes otherwise than the net says."""

    @property
    def heading(self) -> str:
        """Its kind, and the reference of the meaning or the engine in whose float32 the net is rounded."""
        return f"{self.kind}, {self.name}"

    @property
    def limited(self) -> tuple[tuple[Row, float], ...]:
        """The rows with what is allowed for each, in the order of the net."""
        return tuple(zip(self.rows, self.allowed, strict=True))

    @property
    def wrong(self) -> tuple[Row, ...]:
        """The rows that exceed what is allowed, in the order of the net."""
        return tuple(seen for seen, most in self.limited if not seen.relative <= most)

    @property
    def blank(self) -> tuple[Row, ...]:
        """The rows in which there was nothing to compare: NaN or infinity at every place, on both sides."""
        return tuple(seen for seen in self.rows if seen.blank)

    @property
    def worst(self) -> tuple[Row, float] | None:
        """The row on which the verdict rests, nearest its limit or farthest beyond, and that limit."""
        return max(self.limited, key=lambda pair: (used(*pair), pair[0].relative), default=None)

    @property
    def verdict(self) -> Verdict:
        if self.stopped or not self.rows:
            return "not compared"
        if self.wrong:
            return "differs"
        return "not compared" if self.blank else "agrees"


def used(seen: Row, most: float) -> float:
    """How much of what is allowed an error takes; above 1 it is wrong."""
    if seen.relative == 0 or not most:
        return float("inf") if seen.relative else 0.0
    return seen.relative / most


def limit(most: float) -> str:
    """What is allowed, in few characters; "any" where every number passes."""
    return "any" if most == FINITE else f"{most:.1e}"


def legend(trials: Sequence[Trial]) -> Iterator[str]:
    """What the kinds of comparison and the limits mean that stand there."""
    kinds = {trial.kind for trial in trials}
    if "meaning" in kinds:
        yield "meaning: each layer by itself in float64, on the reference's values; the error is the layer's own"
    if "rounding" in kinds:
        beside = "the same in float64" if "meaning" in kinds else "the source"
        yield f"rounding: the whole net in that engine's float32, beside {beside}; the error is what float32 loses"
    limits = {most for trial in trials for most in trial.allowed}
    if FINITE in limits:
        yield "allowed: no limit (any) for this program's float32, for other engines 30 times its error, or a tolerance"


class Beside(Struct, frozen=True, kw_only=True):
    """A value's two sides: the source's layer and where it stands, the Caffe layers and where they begin."""

    blob: str
    source: str
    source_place: str
    caffe: tuple[str, ...]
    caffe_place: str


class Comparison(Struct, frozen=True, kw_only=True):
    """All trials of a Caffe net against its source, and what is at fault.

    `missing` are values of the source that the Caffe net does not hold, and on which nothing compared depends.
    """

    source: str
    caffe: str
    trials: tuple[Trial, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    """What is not as it ought to be, and yet changes nothing that Caffe computes."""
    missing: tuple[str, ...] = ()
    sides: Mapping[str, Beside] = field(default_factory=dict)
    net: Net | None = None
    """The net that the files ought to be."""
    refused: str = ""
    """Why the files cannot be read as a net; then only their layers were compared, one by one."""

    @property
    def values(self) -> list[str]:
        """All values that were compared, in the order of the net."""
        return list(dict.fromkeys(seen.value for trial in self.trials for seen in trial.rows))

    @property
    def worst_first(self) -> list[str]:
        """The values, those first that are farthest beyond what their trials allow."""
        beyond: dict[str, tuple[float, float]] = {}
        for trial in self.trials:
            for seen, most in trial.limited:
                beyond[seen.value] = max(beyond.get(seen.value, (0.0, 0.0)), (used(seen, most), seen.relative))
        return sorted(beyond, key=lambda value: beyond[value], reverse=True)

    @property
    def verdict(self) -> Verdict:
        """The net's own: what its layers mean decides, and every engine that was asked for."""
        asked = [trial for trial in self.trials if trial.asked]
        if self.faults or self.missing or any(trial.verdict == "differs" for trial in asked):
            return "differs"
        if not asked or any(trial.verdict == "not compared" for trial in asked):
            return "not compared"
        return "agrees"
