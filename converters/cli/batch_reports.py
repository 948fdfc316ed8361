"""The files about a batch: its summary, its page and its JUnit XML, looked at before it runs, written after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from caffe_ir.error_kinds.files import SAME_FILE
from caffe_ir.errors import Problems
from caffe_ir.files.replaceable import check_file, with_ending
from caffe_ir.files.text_files import HTML, write_text
from converters.batch import junit, summary
from converters.batch.job import Job
from converters.batch.outcome import Outcome
from converters.batch.page import page
from converters.batch.places import ENDINGS, leads_out


class Reports(Struct, frozen=True, kw_only=True):
    """Where each of them goes: the summary into the manifest's `folder` unless it is asked for elsewhere, the page and
    the JUnit XML where they are asked for.
    """

    folder: Path
    asked: Path | None = None
    page: Path | None = None
    junit: Path | None = None

    @property
    def summary(self) -> Path:
        return self.asked or self.folder / "summary.json"

    def marked(self) -> Iterator[tuple[Path, str]]:
        """The places, each with the mark by which a file of ours of that kind is known."""
        yield self.summary, summary.MARK
        if self.page:
            yield self.page, HTML
        if self.junit:
            yield self.junit, junit.MARK

    def check(self, jobs: Sequence[Job], *, inputs: Iterable[Path] = (), written: Iterable[Path] = ()) -> None:
        """Raise ConversionError, before any job has run, where one of them must not or cannot be written.

        That is where it would replace a file that a job or somebody else (`inputs`) reads or one that is not ours, or
        where it has the place of another report, of a file of a job, or of one of `written`.
        """
        problems = Problems()
        read = [*inputs, *(path for job in jobs for path in job.paths())]
        taken = {with_ending(job.stem, ending): f"[{job.name}]" for job in jobs for ending in ENDINGS}
        taken |= {_real(place): "the batch itself" for place in written}
        if not self.asked and leads_out(self.folder, self.summary):
            what = f"{self.summary} is a link out of the manifest's folder"
            problems.add(what, hint=f"write --summary {self.summary} if it is meant", kind=SAME_FILE)
        for place, mark in self.marked():
            with problems.collected():
                check_file(place, mark, read)
            if writer := taken.get(_real(place)):
                problems.add(f"{place} is written by {writer} too", hint="choose another name", kind=SAME_FILE)
            taken[_real(place)] = "another report"
        problems.raise_if_any()

    def write(self, outcome: Outcome, command: str) -> None:
        """Write them all; `command` made them. Raises ConversionError with all that could not be written."""
        problems = Problems()
        with problems.collected():
            summary.write_summary(self.summary, outcome)
        if self.page:
            with problems.collected():
                write_text(self.page, page(outcome, self.page.parent, command=command), mark=HTML)
        if self.junit:
            with problems.collected():
                write_text(self.junit, junit.junit_text(outcome), mark=junit.MARK)
        problems.raise_if_any()


def _real(place: Path) -> Path:
    return Path(os.path.realpath(place))
