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
:root { color-scheme: light dark } .wide { overflow-x: auto } li, code { overflow-wrap: anywhere }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { padding: .3rem .7rem; text-align: left; vertical-align: top }
tr { border-bottom: 1px solid #ddd } .n { text-align: right; font-variant-numeric: tabular-nums }
.failed { color: #b00020; font-weight: 600 } .converted { color: #0a7a3d }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 .3rem 1.5rem }
.n, .failed { white-space: nowrap }
@media (max-width: 40em) { body { margin: .5rem auto; padding: 0 .7rem } h1 { font-size: 1.3rem }
th, td { padding: .2rem .4rem }
pre { margin-left: 0; max-width: calc(100vw - 2.4rem); font-size: .85rem } }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } tr { border-color: #444 }
a { color: #8ab4f8 } .failed { color: #ff8a80 } .converted { color: #81c995 } }
"""
_HEADINGS = ("model", "target", "state", "verify", "seconds", "peak MB", "layers", "bytes")
_NUMBERS = 4, 5, 6, 7


def page(outcome: Outcome, folder: Path, *, command: str = "") -> str:
    """The page as HTML that fetches nothing; links are relative to `folder`, and `command` is the line that made it."""
    title = outcome.headline()
    heads = "".join(f"<th{_number(place)}>{name}</th>" for place, name in enumerate(_HEADINGS))
    ordered = sorted(outcome.results, key=lambda result: result.state != "failed")
    rows = "\n".join(_row(result, folder) for result in ordered)
    made_by = f"<code>{_escaped(command)}</code>, " if command else ""
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{HTML}<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n"
        f"<p>{made_by}tocaffe {VERSION}</p>\n"
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
    cells = [_escaped(result.name), _escaped(result.target), state, _verified(result, folder), *figures]
    row = "<tr>" + "".join(f"<td{_number(place)}>{cell}</td>" for place, cell in enumerate(cells)) + "</tr>"
    if not result.problems:
        return row
    why = _escaped("\n".join(result.problems))
    return f'{row}\n<tr><td colspan="{len(_HEADINGS)}"><pre>{why}</pre></td></tr>'


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
