"""All jobs of a batch, the longest first, by whoever does them; what is done is kept at once."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from itertools import islice

from msgspec.structs import replace

from caffe_ir.error_kinds.batch import STOPPED
from converters.batch.job import Job, Result
from converters.batch.journal import Journal
from converters.batch.pool import Pool
from converters.batch.publish import remove_leftovers


def run(
    jobs: Iterable[Job], pool: Pool, journal: Journal, *, force: bool, seen: Callable[[Result], None]
) -> list[Result]:
    """Do the jobs and give their results in the jobs' order; `seen` is called with each as it comes.

    Unless forced, a job may find that it was done before. Only as many jobs as the pool wants wait in it, so that a
    batch of any length costs this process little. Raises nothing for a job that fails.
    """
    ordered = list(jobs)
    remove_leftovers(job.stem for job in ordered)
    longest_first = iter(sorted(ordered, key=lambda job: -job.size))
    finished: queue.SimpleQueue[tuple[Job, Future[Result]]] = queue.SimpleQueue()
    results: dict[str, Result] = {}
    for job in islice(longest_first, pool.ahead):
        _begin(job, pool, journal, finished, force=force)
    while len(results) < len(ordered):
        job, future = finished.get()
        result = _outcome(job, future)
        journal.add(result)
        results[job.key] = result
        seen(result)
        for following in islice(longest_first, 1):
            _begin(following, pool, journal, finished, force=force)
    return [results[job.key] for job in ordered]


def _begin(
    job: Job, pool: Pool, journal: Journal, finished: queue.SimpleQueue[tuple[Job, Future[Result]]], *, force: bool
) -> None:
    known = journal.known.get(job.key)
    if known and force:
        known = replace(known, fingerprint="")  # its files are still ours to remove
    future = pool.submit(replace(job, known=known))
    future.add_done_callback(lambda done: finished.put((job, done)))


def _outcome(job: Job, future: Future[Result]) -> Result:
    try:
        return future.result()
    except CancelledError:
        return job.failed(STOPPED.mark("it was abandoned: the connection to the cluster is lost"))
    except Exception as error:
        return job.failed(STOPPED.mark(f"{type(error).__name__}: {error}"))
