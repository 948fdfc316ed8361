"""Inputs by their numbers, given to a reader under a limit of memory and time: what came of each."""

from __future__ import annotations

import gc
import resource
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Literal

from msgspec import Struct, field

from caffe_ir.errors import ConversionError
from tests.fuzz.format import Files, Format

SECONDS = 10
"""That an input may take."""
MEMORY = 1 << 30
"""Bytes that an input may take beyond what the process has before it."""

Outcome = Literal["accepted", "refused", "foreign", "slow", "big"]
_NO_MEMORY = ("can't allocate memory", "bad_alloc", "Cannot allocate memory", "bad allocation")
"""How C++ says it."""
FAULTS: tuple[Outcome, ...] = ("foreign", "slow", "big")


class TooSlow(BaseException):
    """An input has taken SECONDS. No reader can take it for an error of its own."""


class Failure(Struct, frozen=True, kw_only=True):
    """What is wrong with what came of an input; inputs of one signature have the same fault."""

    number: int
    outcome: Outcome
    signature: str
    text: str


class Tally(Struct, kw_only=True):
    """What came of some inputs."""

    outcomes: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = -1

    def add(self, other: Tally) -> None:
        self.outcomes = dict(Counter(self.outcomes) + Counter(other.outcomes))
        self.failures += other.failures
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_number = other.slowest, other.slowest_number


def generator(seed: int, format_name: str, number: int) -> Random:
    """The generator of an input: any one can be made again without those before it."""
    return Random(f"{seed} {format_name} {number}")


def run(one: Format, seed: int, numbers: range, folder: Path) -> Iterator[tuple[int, Tally]]:
    """Give these inputs to the reader; yields the number of each before it is tried, with what came of those before.

    The last one yielded is the end of the range.
    """
    tally, begin = Tally(), perf_counter()
    for number in numbers:
        yield number, tally
        files = one.make(generator(seed, one.name, number))
        tried = perf_counter()
        failure = attempt(one, files, folder, number)
        taken = perf_counter() - tried
        outcome = failure.outcome if isinstance(failure, Failure) else failure
        tally.outcomes[outcome] = tally.outcomes.get(outcome, 0) + 1
        if isinstance(failure, Failure):
            tally.failures.append(failure)
        if taken > tally.slowest:
            tally.slowest, tally.slowest_number = taken, number
    tally.seconds = perf_counter() - begin
    yield numbers.stop, tally


def attempt(one: Format, files: Files, folder: Path, number: int = 0) -> Outcome | Failure:
    """Give one input to the reader, under the limits."""
    laid(files, folder)
    try:
        with limited():
            one.read(folder)
    except ConversionError as error:
        if lacked_memory(error):
            return failed(error, "big", number)
        return "refused" if error.problems and all(map(str, error.problems)) else failed(error, "foreign", number)
    except TooSlow as error:
        return failed(error, "slow", number)
    except MemoryError as error:
        return failed(error, "big", number)
    except BaseException as error:
        return failed(error, "foreign", number)
    return "accepted"


def laid(files: Files, folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def failed(error: BaseException, outcome: Outcome, number: int) -> Failure:
    """The failure that an exception is, by the place in our own code that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/caffe_ir/" in frame.filename or "/converters/" in frame.filename]
    place = ours[-1] if ours else frames[-1] if frames else None
    where = f"{Path(place.filename).name}:{place.lineno}" if place else "nowhere"
    text = "".join(traceback.format_exception(error))
    return Failure(number=number, outcome=outcome, signature=f"{type(error).__name__}-{where}", text=text)


def lacked_memory(error: BaseException) -> bool:
    """Whether an error, or one that it was raised for, is the end of the memory: no reason to call a file damaged."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, MemoryError) or any(text in str(one) for text in _NO_MEMORY):
            return True
        seen.add(id(one))
        waiting += [each for each in (one.__cause__, one.__context__) if each is not None and id(each) not in seen]
    return False


@contextmanager
def limited() -> Iterator[None]:
    """Let the block take no more memory and no more time than an input may."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY, before[1]))
    try:
        with timed(SECONDS):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def timed(seconds: float) -> Iterator[None]:
    """Raise TooSlow in the block when it has taken so long."""
    handler = signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def address_space() -> int:
    """Bytes that the process has mapped, used or not."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def warmed(one: Format, folder: Path) -> None:
    """Let the reader import what it needs, which no input is to pay for: until one has been accepted."""
    for number in range(20):
        laid(one.make(generator(0, f"warm {one.name}", number)), folder)
        with suppress(Exception, TooSlow), timed(10 * SECONDS):
            one.read(folder)
            break
    gc.collect()


def _too_slow(number: int, frame: object) -> None:
    raise TooSlow(f"it took more than {SECONDS} s")
