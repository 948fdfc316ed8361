"""Work for the next of several things, done in a thread while the caller is busy with this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def ahead(things: Sequence[T], work: Callable[[T], R]) -> Iterator[Iterator[Future[R]]]:
    """Gives the results in the order of the things; the work for the first begins at once.

    A result raises what its work has raised. One thing is worked on ahead of the caller, so of all results there are
    two at a time. When the block ends, at most the work that has begun is waited for.
    """
    thread = ThreadPoolExecutor(1, "ahead")
    try:
        yield _in_order(thread.submit(work, things[0]), thread, things[1:], work) if things else iter(())
    finally:
        thread.shutdown(cancel_futures=True)


def _in_order(
    coming: Future[R], thread: ThreadPoolExecutor, rest: Sequence[T], work: Callable[[T], R]
) -> Iterator[Future[R]]:
    for thing in rest:
        coming.exception()  # waits, so that of two results none is begun before its time
        this, coming = coming, thread.submit(work, thing)
        yield this
        del this
    yield coming
