"""Work for the next of several things, done in threads while the caller is busy with this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def ahead(things: Iterable[T], *workers: Callable[[T], R]) -> Iterator[Iterator[Future[R]]]:
    """Gives the results in the order of the things; each worker, in a thread of its own, takes the next one in turn.

    A result raises what its worker has raised. So many things are worked on ahead of the caller as there are workers,
    and with the caller's own there is one result more. The first begin at once. When the block ends, at most the work
    that has begun is waited for.
    """
    with ExitStack() as stack:
        threads = [ThreadPoolExecutor(1, "ahead") for _ in workers]
        for thread in threads:
            stack.callback(thread.shutdown, cancel_futures=True)
        begun = (
            thread.submit(worker, thing)
            for thing, (thread, worker) in zip(things, cycle(zip(threads, workers, strict=True)), strict=False)
        )
        coming = deque(islice(begun, len(workers)))
        yield _in_order(coming, begun)


def _in_order(coming: deque[Future[R]], begun: Iterator[Future[R]]) -> Iterator[Future[R]]:
    while coming:
        coming[0].exception()  # waits, so that the next is not begun before its time
        this = coming.popleft()
        coming.extend(islice(begun, 1))
        yield this
        del this
