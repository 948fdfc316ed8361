"""A comparison as one HTML file that needs no network: verdict, faults, charts, worst layers, all rows, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from msgspec import Struct

from caffe_ir.extras import require
from caffe_ir.files.text_files import HTML, write_text
from caffe_ir.version import VERSION
from caffe_ir.visible import visible
from converters.verify.blame import alike
from converters.verify.charts import errors_drawn, spread_drawn
from converters.verify.comparison import Row
from converters.verify.diagram import diagram, places
from converters.verify.trial import Beside, Comparison, Trial, legend, limit, used

TEMPLATE = Path(__file__).with_name("report.html.j2")
WORST = 12
PACKAGES = ("numpy", "protobuf", "opencv-python-headless", "MNN", "torch", "matplotlib", "Jinja2")


class Shown(Struct, frozen=True, kw_only=True):
    """A picture that was an input: for each side a title, and the picture with what was found in it as a data URI."""

    path: str
    sides: tuple[tuple[str, str], ...]


class Worst(Struct, frozen=True, kw_only=True):
    """One of the worst layers: its row in the trial where it is worst, drawn, and both sides."""

    row: Row
    trial: str
    spread: str
    beside: Beside | None


def write_report(
    comparison: Comparison,
    path: Path,
    *,
    remarks: Sequence[str] = (),
    command: str = "",
    pictures: Sequence[Shown] = (),
) -> None:
    """Write the report, whole or not at all. Raises ConversionError, also where anything but a report is there."""
    write_text(path, report(comparison, remarks=remarks, command=command, pictures=pictures), mark=HTML)


def require_drawing() -> None:
    """Raise NotInstalledError where a package that draws reports is missing: to be asked before the work."""
    require("a report", "jinja2", "matplotlib")


def report(
    comparison: Comparison, *, remarks: Sequence[str] = (), command: str = "", pictures: Sequence[Shown] = ()
) -> str:
    """The text of the report; `command` is the line that made it, `pictures` what the nets were fed with.

    Raises ConversionError where the libraries that draw it are not installed.
    """
    require_drawing()
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_printable
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(_facts(comparison, remarks, command), pictures=pictures)


def _printable(value: Any) -> Any:
    """What a template puts in, but for drawings: names may hold characters that a browser hides or obeys."""
    return visible(value, keep="\n") if type(value) is str else value


def _facts(comparison: Comparison, remarks: Sequence[str], command: str) -> Mapping[str, Any]:
    shown = [trial for trial in comparison.trials if trial.rows]
    names = [trial.heading for trial in shown]
    values = comparison.values
    by_value = [{row.value: (row, row in trial.wrong) for row in trial.rows} for trial in shown]
    return {
        "comparison": comparison,
        "command": command,
        "version": VERSION,
        "net": diagram(comparison.net, {fault.layer for fault in comparison.faults}) if comparison.net else "",
        "boxes": places(comparison.net) if comparison.net else {},
        "faults": alike(comparison.faults),
        "warnings": alike(comparison.warnings),
        "legend": list(legend(comparison.trials)),
        "remarks": remarks,
        "trials": list(_trials(comparison)),
        "names": names,
        "errors": errors_drawn(shown, names, values) if shown else "",
        "worst": list(_worst(comparison, shown)),
        "rows": [(value, [each.get(value) for each in by_value], comparison.sides.get(value)) for value in values],
        "versions": dict(_versions()),
    }


def _trials(comparison: Comparison) -> Iterator[tuple[str, Trial, Row | None, str]]:
    """Each trial with the row on which its verdict rests, and what is allowed there."""
    for trial in comparison.trials:
        row, most = trial.worst or (None, None)
        yield trial.heading, trial, row, "" if most is None else limit(most)


def _worst(comparison: Comparison, trials: Sequence[Trial]) -> Iterator[Worst]:
    for value in comparison.worst_first[:WORST]:
        rows = [(row, most, trial) for trial in trials for row, most in trial.limited if row.value == value]
        row, _, trial = max(rows, key=lambda each: (used(each[0], each[1]), each[0].relative))
        yield Worst(row=row, trial=trial.heading, spread=spread_drawn(row), beside=comparison.sides.get(value))


def _versions() -> Iterator[tuple[str, str]]:
    yield "tocaffe", VERSION
    yield "Python", platform.python_version()
    yield "system", platform.platform()
    for package in PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            yield package, "not installed"
