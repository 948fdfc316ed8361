"""`convert batch MANIFEST`: many models in one command, on this machine or on a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.extras import require
from converters.cli.batch_shown import show_table, shown
from converters.cli.command import Command, refuse_missing
from converters.cli.failure import failures_told
from converters.cli.say import say, say_whole
from converters.options.caffe import TARGETS

if TYPE_CHECKING:
    from converters.batch.job import Result
    from converters.batch.manifest import Manifest
    from converters.batch.pool import Pool
    from converters.batch.slots import Steps

SOME_FAILED, REFUSED = 1, 2
_PATH = click.Path(path_type=Path)
_WORKER = "converters.cli.batch_work"


@click.command(cls=Command)
@click.argument("models", metavar="MANIFEST", nargs=-1, required=True)
@click.option("--init", is_flag=True, help="Print a manifest of the models in a folder, and do nothing else.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="all processors",
    help="Models converted at the same time, each in its own process.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Run on the Dask cluster at tcp://HOST:PORT.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Longest time for one model."
)
@click.option("--force", is_flag=True, help="Convert unchanged models again too.")
@click.option(
    "--summary",
    type=_PATH,
    metavar="FILE",
    help="Where to write the summary.  [default: summary.json beside the manifest]",
)
@click.option(
    "--report",
    type=_PATH,
    metavar="FILE",
    help="Write an HTML page of all models with links to their verify reports.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def batch(
    models: tuple[str, ...],
    init: bool,
    jobs: int,
    scheduler: str | None,
    timeout: float | None,
    force: bool,
    summary: Path | None,
    report: Path | None,
    quiet: bool,
) -> None:
    """Convert all models that MANIFEST (a .toml file) names, or those of a folder, or of files and patterns ('zoo/*').

    A model whose files and options are as they were when it was converted is not converted again: to go on after an
    interruption, give the same command again. Exit code 0: all are converted; 1: some failed; 2: nothing was begun.
    """
    begin = time.monotonic()
    refuse_missing(Path(name) for name in models if not has_magic(name))
    with failures_told(" ".join(models), code=REFUSED), _interruptions_told():
        from converters.batch import journal
        from converters.batch.run import run

        if init:
            say_whole(_manifest_text(models)[0])
            return
        manifest, name = _manifest(models)
        with (
            journal.opened(manifest.folder / f"{name}.state.jsonl") as kept,
            shown(len(manifest.jobs), quiet=quiet) as watch,
            _pool(scheduler, min(jobs, len(manifest.jobs)), timeout, kept.lock, watch.steps) as pool,
        ):
            results = run(manifest.jobs, pool, kept, force=force, seen=watch.seen)
        _tell(results, summary or manifest.folder / "summary.json", report, time.monotonic() - begin, quiet=quiet)
    if any(result.state == "failed" for result in results):
        raise click.exceptions.Exit(SOME_FAILED)


@contextmanager
def _interruptions_told() -> Iterator[None]:
    """Say what to do after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted; to continue, give the same command again", err=True)
        raise


def _pool(
    scheduler: str | None, jobs: int, timeout: float | None, lock: int, steps: Steps
) -> AbstractContextManager[Pool]:
    if scheduler is None:
        from converters.batch.pool import local

        threads = max(1, (os.cpu_count() or 1) // jobs)
        return local(_WORKER, jobs, timeout=timeout, threads=threads, keep=(lock,), steps=steps)
    require("--scheduler", "distributed")
    from converters.batch.cluster import cluster

    return cluster(scheduler, _WORKER, timeout=timeout)


def _manifest(models: Sequence[str]) -> tuple[Manifest, str]:
    """The manifest that was named, or one made of what was named, and the name for what is kept about it."""
    from converters.batch.manifest import manifest_of, read_manifest

    if len(models) == 1 and models[0].endswith(".toml"):
        return read_manifest(models[0], TARGETS), Path(models[0]).stem
    text, folder = _manifest_text(models)
    return manifest_of(text, folder, TARGETS, file=" ".join(models)), "batch"


def _manifest_text(models: Sequence[str]) -> tuple[str, Path]:
    """A manifest of what lies in a folder, or of files and patterns, and the folder that it is relative to."""
    from converters.batch.folder import chosen, manifest_text

    if len(models) == 1 and Path(models[0]).is_dir():
        return manifest_text(Path(models[0])), Path(models[0])
    return manifest_text(Path(), chosen(models)), Path()


def _tell(results: Sequence[Result], summary: Path, report: Path | None, seconds: float, *, quiet: bool) -> None:
    """Write the summary and the page, and show the table."""
    from caffe_ir.text_files import HTML, write_text
    from converters.batch.page import page
    from converters.batch.summary import write_summary
    from converters.cli.batch_work import own_version

    write_summary(summary, results, seconds=seconds, version=own_version())
    if report:
        write_text(report, page(results, report.parent), mark=HTML)
    if quiet:
        return
    show_table(results)
    say(f"summary: {summary}")
    if report:
        say(f"report: {report}")
