"""One page with all models of a batch, those that failed first, links to their reports, and the files of no model."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from caffe_ir.files.text_files import HTML
from caffe_ir.version import VERSION
from caffe_ir.visible import visible
from converters.batch.job import Result
from converters.batch.outcome import Outcome

_STYLE = """
:root { color-scheme: light dark } .wide { overflow-x: auto } li { overflow-wrap: anywhere }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { padding: .3rem .7rem; text-align: left; vertical-align: top }
tr { border-bottom: 1px solid #ddd } .n { text-align: right; font-variant-numeric: tabular-nums }
.failed { color: #b00020; font-weight: 600 } .converted { color: #0a7a3d }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
@media (max-width: 40em) { body { margin: .5rem auto; padding: 0 .7rem } h1 { font-size: 1.3rem }
th, td { padding: .2rem .4rem } }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } tr { border-color: #444 }
a { color: #8ab4f8 } .failed { color: #ff8a80 } .converted { color: #81c995 } }
"""
_HEADINGS = ("model", "target", "state", "seconds", "MB at most", "layers", "bytes", "verify")
_NUMBERS = 3, 4, 5, 6


def page(outcome: Outcome, folder: Path) -> str:
    """The page as HTML that fetches nothing; links are relative to the folder that it will lie in."""
    title = outcome.headline()
    heads = "".join(f"<th{_number(place)}>{name}</th>" for place, name in enumerate(_HEADINGS))
    ordered = sorted(outcome.results, key=lambda result: result.state != "failed")
    rows = "\n".join(_row(result, folder) for result in ordered)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{HTML}<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n"
        f"<p>tocaffe {VERSION}</p>\n"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'
        f"{_unpaired(outcome)}</html>\n"
    )


def _unpaired(outcome: Outcome) -> str:
    """The files that no job takes, as a list; nothing where there is none."""
    if not outcome.unpaired:
        return ""
    lines = "".join(f"<li>{_escaped(one.path)}: {_escaped(one.why)}</li>\n" for one in outcome.unpaired)
    return f"\n<h2>{len(outcome.unpaired)} not paired</h2>\n<ul>\n{lines}</ul>"


def _row(result: Result, folder: Path) -> str:
    figures = (f"{result.seconds:.2f}", f"{result.peak_memory / 1e6:.0f}", str(result.layers), f"{result.bytes:,}")
    state = f'<span class="{result.state}">{result.state}</span>'
    cells = [_escaped(result.name), _escaped(result.target), state, *figures, _verified(result, folder)]
    row = "<tr>" + "".join(f"<td{_number(place)}>{cell}</td>" for place, cell in enumerate(cells)) + "</tr>"
    if not result.problems:
        return row
    why = _escaped("\n".join(result.problems))
    return f'{row}\n<tr><td></td><td colspan="{len(_HEADINGS) - 1}"><pre>{why}</pre></td></tr>'


def _verified(result: Result, folder: Path) -> str:
    verdict = _escaped(str(result.verify["verdict"])) if result.verify else ""
    if not result.report:
        return verdict
    try:
        link = Path(os.path.relpath(result.report, folder.absolute())).as_posix()
    except ValueError:  # on another drive of Windows
        return f'<a href="{escape(Path(result.report).as_uri())}">{verdict or "report"}</a>'
    return f'<a href="{escape(quote(os.fsencode(link)))}">{verdict or "report"}</a>'


def _escaped(text: str) -> str:
    return escape(visible(text, keep="\n"))


def _number(place: int) -> str:
    return ' class="n"' if place in _NUMBERS else ""
