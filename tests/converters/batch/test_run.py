from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from pathlib import Path

from msgspec.structs import replace

from converters.batch import journal
from converters.batch.job import Job, Result
from converters.batch.pool import Pool
from converters.batch.run import run
from tests.converters.batch.jobs import odd_job


def immediate(do: Callable[[Job], Result], ahead: int = 2) -> tuple[Pool, list[Job]]:
    """A pool that does a job at once, and the jobs that it was given."""
    given: list[Job] = []

    def submit(job: Job) -> Future[Result]:
        given.append(job)
        future: Future[Result] = Future()
        try:
            future.set_result(do(job))
        except (CancelledError, RuntimeError) as error:
            future.set_exception(error)
        return future

    return Pool(submit=submit, ahead=ahead), given


def converted(job: Job) -> Result:
    return Result(name=job.name, target=job.target, state="converted", fingerprint="f")


def test_results_come_in_the_jobs_order_and_the_longest_job_goes_first(tmp_path: Path) -> None:
    jobs = [odd_job(tmp_path, name=name, size=size) for name, size in (("a", 1), ("b", 9), ("c", 5))]
    pool, given = immediate(converted)
    seen: list[str] = []
    with journal.opened(tmp_path / "state") as kept:
        results = run(jobs, pool, kept, force=False, seen=lambda result: seen.append(result.name))
    assert [job.name for job in given] == ["b", "c", "a"]
    assert [result.name for result in results] == ["a", "b", "c"]
    assert sorted(seen) == ["a", "b", "c"]


def test_no_more_jobs_wait_in_a_pool_than_it_wants(tmp_path: Path) -> None:
    waiting: list[tuple[Job, Future[Result]]] = []
    most = 0

    def submit(job: Job) -> Future[Result]:
        nonlocal most
        future: Future[Result] = Future()
        waiting.append((job, future))
        most = max(most, len(waiting))
        if len(waiting) == 3 or job.name == "9":
            for begun, its in waiting:
                its.set_result(converted(begun))
            waiting.clear()
        return future

    jobs = [odd_job(tmp_path, name=str(number)) for number in range(10)]
    with journal.opened(tmp_path / "state") as kept:
        results = run(jobs, Pool(submit=submit, ahead=3), kept, force=False, seen=lambda result: None)
    assert len(results) == 10
    assert most == 3


def test_what_is_known_goes_with_the_job_and_without_its_fingerprint_when_forced(tmp_path: Path) -> None:
    job = odd_job(tmp_path)
    for force, known in ((False, None), (False, "f"), (True, "")):
        pool, given = immediate(converted)
        with journal.opened(tmp_path / "state") as kept:
            run([job], pool, kept, force=force, seen=lambda result: None)
        assert (given[0].known.fingerprint if given[0].known else None) == known
        assert replace(given[0], known=None) == job


def test_a_job_that_the_pool_could_not_do_has_failed_alone(tmp_path: Path) -> None:
    def do(job: Job) -> Result:
        if job.name == "lost":
            raise RuntimeError("KilledWorker")
        if job.name == "cancelled":
            raise CancelledError
        return converted(job)

    jobs = [odd_job(tmp_path, name=name) for name in ("lost", "cancelled", "good")]
    pool, _ = immediate(do)
    with journal.opened(tmp_path / "state") as kept:
        results = run(jobs, pool, kept, force=False, seen=lambda result: None)
    assert [result.state for result in results] == ["failed", "failed", "converted"]
    assert results[0].problems == ("TC1106 RuntimeError: KilledWorker",)
    with journal.opened(tmp_path / "state") as kept:
        assert list(kept.known) == ["good@caffe"]


def test_leftovers_of_killed_runs_are_removed_first(tmp_path: Path) -> None:
    left = tmp_path / "out" / ".one.prototxt.tocaffe"
    left.mkdir(parents=True)

    def do(job: Job) -> Result:
        assert not left.exists()
        return converted(job)

    pool, _ = immediate(do)
    with journal.opened(tmp_path / "state") as kept:
        run([odd_job(tmp_path)], pool, kept, force=False, seen=lambda result: None)


def test_nothing_to_do_is_done(tmp_path: Path) -> None:
    pool, _ = immediate(converted)
    with journal.opened(tmp_path / "state") as kept:
        assert run([], pool, kept, force=False, seen=lambda result: None) == []
