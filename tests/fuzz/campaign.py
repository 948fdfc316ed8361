"""Many inputs in processes that may crash or hang: each gets a part of the numbers, and is replaced when it fails."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec import Struct, field

from tests.fuzz import run
from tests.fuzz.format import Files, Format
from tests.fuzz.minimal import minimal
from tests.fuzz.registry import load
from tests.fuzz.run import Failure, Tally

PART = 250
"""Inputs that a process is given at once."""
HANGS = 3 * run.SECONDS
"""Seconds after which an input is stuck in code that no signal reaches."""

Part = tuple[str, range]
Seen = Callable[[str, Tally], None]


class Worker(Struct, kw_only=True):
    """A process, the part that it is at work on, and the number of the input that it is at."""

    process: ForkProcess
    pipe: Connection
    at: Any
    part: Part | None = None
    number: int = -1
    since: float = field(default_factory=monotonic)


def campaign(
    counts: Mapping[str, int],
    *,
    seed: int,
    jobs: int,
    seen: Seen = lambda name, tally: None,
    find: Callable[[str], Format] = load,
) -> dict[str, Tally]:
    """Try so many inputs of each format; `seen` is called with what came of each part."""
    waiting = deque(_parts(counts))
    tallies = {name: Tally() for name in counts}
    workers: list[Worker] = []
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        try:
            while waiting or any(worker.part for worker in workers):
                while waiting and len(workers) < jobs:
                    workers.append(_started(seed, Path(folder), find))
                for worker in workers:
                    if worker.part is None and waiting:
                        _give(worker, waiting.popleft())
                for worker in list(workers):
                    tally = _heard(worker, [each.pipe for each in workers])
                    if worker.part is None or tally is None:
                        continue
                    name, numbers = worker.part
                    worker.part = None
                    tallies[name].add(tally)
                    seen(name, tally)
                    if tally.outcomes.keys() & {"crash", "hang"}:
                        at = tally.failures[-1].number
                        rests = (range(numbers.start, at), range(at + 1, numbers.stop))
                        waiting.extendleft((name, rest) for rest in rests if len(rest))
                        _end(worker)
                        workers.remove(worker)
        finally:
            for worker in workers:
                _end(worker)
    return tallies


def saved(name: str, failure: Failure, folder: Path, *, seed: int, find: Callable[[str], Format] = load) -> Path:
    """Write a failing input, made as small as it gets, and what it led to, into a folder of its own."""
    one = find(name)
    files = one.make(run.generator(seed, name, failure.number))
    if failure.outcome == "foreign":
        files = _minimised(one, files, failure)
    place = folder / f"{name}-{failure.signature}".replace("/", "_")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    run.laid(files, place)
    (place / "failure.txt").write_text(f"{failure.outcome}: seed {seed}, input {failure.number}\n\n{failure.text}")
    return place


def _minimised(one: Format, files: Files, failure: Failure) -> Files:
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:

        def fails(files: Files) -> bool:
            found = run.attempt(one, files, Path(folder))
            return isinstance(found, Failure) and found.signature == failure.signature

        with _silent():
            return minimal(files, fails)


def _parts(counts: Mapping[str, int]) -> Iterator[Part]:
    """All parts, those of one format behind each other: a process pays for its imports and keeps warm."""
    for name, count in counts.items():
        for begin in range(0, count, PART):
            yield name, range(begin, min(begin + PART, count))


def _started(seed: int, folder: Path, find: Callable[[str], Format]) -> Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    at = context.Value("q", -1)
    process = context.Process(target=_work, args=(theirs, at, seed, folder, find), daemon=True)
    process.start()
    theirs.close()
    return Worker(process=process, pipe=ours, at=at)


def _give(worker: Worker, part: Part) -> None:
    worker.part, worker.number, worker.since = part, -1, monotonic()
    worker.at.value = -1
    worker.pipe.send(part)


def _heard(worker: Worker, pipes: Sequence[Connection]) -> Tally | None:
    """What came of the worker's part; a crash or a hang is a tally, too. None where it is still at work."""
    if worker.part is None:
        return None
    if not worker.pipe.poll():
        wait(pipes, timeout=0.2)
    if worker.pipe.poll():
        try:
            told: Tally = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join()
            return _lost(worker, "crash", f"the process ended with {worker.process.exitcode}")
        return told
    if worker.at.value != worker.number:
        worker.number, worker.since = worker.at.value, monotonic()
    elif monotonic() - worker.since > HANGS and worker.number >= 0:
        return _lost(worker, "hang", f"nothing was heard for {HANGS} s")
    return None


def _lost(worker: Worker, outcome: str, text: str) -> Tally:
    assert worker.part is not None
    number = max(worker.at.value, worker.part[1].start)
    failure = Failure(number=number, outcome="slow" if outcome == "hang" else "foreign", signature=outcome, text=text)
    return Tally(outcomes={outcome: 1}, failures=[failure])


def _end(worker: Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()


def _work(pipe: Connection, at: Any, seed: int, folder: Path, find: Callable[[str], Format]) -> None:
    """The loop of a process: a part comes, its tally goes back. What the readers' libraries print goes nowhere."""
    place = Path(tempfile.mkdtemp(dir=folder))
    warm = set[str]()
    with _silent():
        while True:
            try:
                name, numbers = pipe.recv()
            except EOFError:
                return
            one = find(name)
            files = place / name
            files.mkdir(exist_ok=True)
            if name not in warm:
                run.warmed(one, files)
                gc.freeze()  # else every input pays for walks through all that was imported
                warm.add(name)
            tally = Tally()
            for number, so_far in run.run(one, seed, numbers, files):
                at.value, tally = number, so_far
            pipe.send(tally)


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing goes to standard error while the block runs, not even what C libraries write there."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _fast_folder() -> str | None:
    """Where files are written to memory, if there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
