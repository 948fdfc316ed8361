from __future__ import annotations

import os
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

from converters.batch.job import Result
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome
from converters.batch.page import page


class Read(HTMLParser):
    """The cells of the table by rows, the links, and all tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


def outcome(*results: Result, unpaired: tuple[Unpaired, ...] = ()) -> Outcome:
    return Outcome(results=results, unpaired=unpaired, begin=datetime(2020, 1, 1))


def test_files_of_no_model_are_listed_and_counted(tmp_path: Path) -> None:
    good = Result(name="a", target="caffe", state="converted")
    text = page(outcome(good, unpaired=(Unpaired(path="<b>.cfg", why="no weights"),)), tmp_path)
    assert "<h1>1 of 2 converted, 1 not paired</h1>" in text
    assert "<li>&lt;b&gt;.cfg: no weights</li>" in text
    assert "not paired" not in page(outcome(good), tmp_path)


def test_the_page_lists_all_models_failures_first_and_links_their_reports(tmp_path: Path) -> None:
    good = Result(
        name="a<b>&c",
        target="caffe",
        state="converted",
        seconds=1.5,
        peak_memory=48_000_000,
        layers=3,
        files={"/o/a.caffemodel": (1234567, 1)},
        verify={"verdict": "agrees"},
        report=str(tmp_path / "out/a b.verify.html"),
    )
    bad = Result(name="bad", target="caffe", state="failed", problems=("x.cfg:3: <script>", "second"))
    read = Read(page(outcome(good, bad), tmp_path / "reports"))
    assert read.rows[0] == ["model", "target", "state", "verify", "seconds", "peak MB", "layers", "bytes"]
    assert read.rows[1][:3] == ["bad", "caffe", "failed"]
    assert read.rows[2] == ["x.cfg:3: <script>\nsecond"]
    assert read.rows[3] == ["a<b>&c", "caffe", "converted", "agrees", "1.50", "48", "3", "1,234,567"]
    assert read.links == ["../out/a%20b.verify.html"]
    assert "script" not in read.tags


def test_a_link_holds_the_bytes_of_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    report = os.fsdecode(os.fsencode(tmp_path) + b"/net\xff.verify.html")
    read = Read(page(outcome(Result(name="net", target="caffe", state="converted", report=report)), tmp_path))
    assert read.links == ["net%FF.verify.html"]


def test_it_fits_a_phone_and_follows_the_dark_mode(tmp_path: Path) -> None:
    text = page(outcome(Result(name="a", target="caffe", state="converted")), tmp_path)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "prefers-color-scheme: dark" in text


def test_it_says_which_command_made_it(tmp_path: Path) -> None:
    good = outcome(Result(name="a", target="caffe", state="converted"))
    assert "<p><code>convert batch &lt;zoo&gt;</code>, tocaffe" in page(good, tmp_path, command="convert batch <zoo>")
    assert "<p>tocaffe" in page(good, tmp_path)
