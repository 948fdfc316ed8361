"""`convert batch MANIFEST`: many models in one command, on this machine or on a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from caffe_ir.extras import require
from converters.cli.batch_shown import show_outcome, show_unpaired, shown
from converters.cli.command import Command, command_line, refuse_missing
from converters.cli.failure import failures_reported
from converters.cli.say import say, say_whole
from converters.options.caffe import TARGETS

if TYPE_CHECKING:
    from converters.batch.folder import Found
    from converters.batch.job import Job
    from converters.batch.manifest import Manifest
    from converters.batch.pool import Pool
    from converters.batch.slots import Steps

SOME_FAILED, REFUSED = 1, 2
_PATH = click.Path(path_type=Path)
_WORKER = "converters.cli.batch_work"


def _print_keys(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """What --keys does."""
    if not wanted or context.resilient_parsing:
        return
    from converters.batch.reference import EXAMPLE, sections

    formatter = context.make_formatter()
    formatter.write_text(
        "A manifest is a TOML file with a table for each model, [NAME]. What stands under [defaults] is meant for all "
        "models, and a model's own table goes before it. Paths are relative to the manifest's folder."
    )
    with formatter.section("Example"):
        for line in EXAMPLE.splitlines():
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")
    for title, keys in sections():
        with formatter.section(title):
            formatter.write_dl([(key.name, str(key)) for key in keys])
    say_whole(formatter.getvalue())
    context.exit()


@click.command(cls=Command)
@click.argument("models", metavar="MANIFEST", nargs=-1, required=True)
@click.option(
    "--keys",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_keys,
    help="Explain the keys of a manifest, and do nothing else.",
)
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
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Time limit for one model.")
@click.option("--force", is_flag=True, help="Convert unchanged models again too.")
@click.option(
    "--no-verify",
    is_flag=True,
    help="Do not compare any net with its source. Without this option every net is compared, except those with "
    "`verify = false`.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 also if a file of the folder belongs to no model.")
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
@click.option("--junit", type=_PATH, metavar="FILE", help="Write JUnit XML, a test case for each model and target.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and models that fail.")
def batch(
    models: tuple[str, ...],
    init: bool,
    jobs: int,
    scheduler: str | None,
    timeout: float | None,
    force: bool,
    no_verify: bool,
    strict: bool,
    summary: Path | None,
    report: Path | None,
    junit: Path | None,
    quiet: bool,
) -> None:
    """Convert all models that MANIFEST (a .toml file) names, or those of a folder, or of files and patterns ('zoo/*').

    A model is not converted again while its files and options stay the same: after an interruption, repeat the command.
    Exit code 0: all are converted; 1: some failed, or with --strict files were left that belong to no model; 2: nothing
    was begun.
    """
    begin, started = datetime.now(), time.monotonic()
    refuse_missing(Path(name) for name in models if not has_magic(name))
    with failures_reported(" ".join(models), code=REFUSED), _interruptions_reported():
        if init:
            _print_manifest(models, strict=strict)
            return
        manifest, name = _manifest(models)
        from converters.batch import journal
        from converters.batch.outcome import Outcome
        from converters.batch.run import run
        from converters.cli.batch_reports import Reports
        from converters.cli.batch_work import own_version

        state = manifest.folder / f"{name}.state.jsonl"
        reports = Reports(folder=manifest.folder, asked=summary, page=report, junit=junit)
        reports.check(manifest.jobs, inputs=[Path(name) for name in models], written=[state])
        if strict or not quiet:
            show_unpaired(manifest.unpaired)
        wanted = [_unverified(job) for job in manifest.jobs] if no_verify else manifest.jobs
        with (
            journal.opened(state) as kept,
            shown(len(wanted), quiet=quiet) as watch,
            _pool(scheduler, min(jobs, len(wanted)), timeout, kept.lock, watch.steps) as pool,
        ):
            results = run(wanted, pool, kept, force=force, seen=watch.seen)
        outcome = Outcome(
            results=results,
            unpaired=manifest.unpaired,
            strict=strict,
            begin=begin,
            seconds=time.monotonic() - started,
            version=own_version(),
        )
        reports.write(outcome, command_line())
        if not quiet:
            show_outcome(outcome)
            for place, _ in reports.marked():
                say(f"written: {place}")
    if outcome.failed:
        raise click.exceptions.Exit(SOME_FAILED)


def _unverified(job: Job) -> Job:
    return replace(job, options={**job.options, "verify": False})


@contextmanager
def _interruptions_reported() -> Iterator[None]:
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


def _print_manifest(models: Sequence[str], *, strict: bool) -> None:
    """What --init does. Raises Exit where it is strict and files are left that belong to no model."""
    found = _found(models)
    say_whole(found.text())
    show_unpaired(found.unpaired)
    if strict and found.unpaired:
        raise click.exceptions.Exit(SOME_FAILED)


def _manifest(models: Sequence[str]) -> tuple[Manifest, str]:
    """The manifest that was named, or one made of what was named, and the name for what is kept about it."""
    from converters.batch.manifest import read_manifest

    if len(models) == 1 and models[0].endswith(".toml"):
        return read_manifest(models[0], TARGETS), Path(models[0]).stem
    return _found(models).manifest(TARGETS, file=" ".join(models)), "batch"


def _found(models: Sequence[str]) -> Found:
    """What lies in a folder, or what files and patterns stand for."""
    from converters.batch.folder import chosen, found_in

    if len(models) == 1 and Path(models[0]).is_dir():
        return found_in(Path(models[0]))
    return found_in(Path(), chosen(models))
