"""Who does the jobs: processes on this machine, or a cluster's; both are `submit`, as concurrent.futures has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from msgspec import Struct

from converters.batch.job import Job, Result
from converters.batch.slots import Slots, Steps


class Pool(Struct, frozen=True, kw_only=True):
    """`submit` begins a job as soon as may be; `ahead` is how many may be submitted and not done yet."""

    submit: Callable[[Job], Future[Result]]
    ahead: int


@contextmanager
def local(
    module: str,
    jobs: int,
    *,
    timeout: float | None = None,
    threads: int = 1,
    keep: Iterable[int] = (),
    steps: Steps = lambda number, name, text: None,
) -> Iterator[Pool]:
    """So many processes on this machine, each running `module`'s main(), which serves.

    They inherit the file descriptors `keep` and may use `threads` threads each. They are gone when the block ends.
    """
    slots = Slots(module, timeout=timeout, threads=threads, keep=keep, steps=steps)
    executor = ThreadPoolExecutor(jobs)
    try:
        yield Pool(submit=lambda job: executor.submit(slots.run, job), ahead=2 * jobs)
    finally:
        slots.stop()
        executor.shutdown(wait=True, cancel_futures=True)
        slots.close()
