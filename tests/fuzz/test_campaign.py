from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from caffe_ir.errors import ConversionError, Problem
from tests.fuzz import campaign as module
from tests.fuzz import run
from tests.fuzz.campaign import campaign, saved
from tests.fuzz.format import Files, Format
from tests.fuzz.minimal import minimal


def make(rng: Random) -> Files:
    return {"x": rng.choice((b"good", b"bad", b"worse than bad"))}


def read(folder: Path) -> None:
    if b"bad" in (folder / "x").read_bytes():
        raise ConversionError(Problem(what="bad"))


def faulty(folder: Path) -> None:
    content = (folder / "x").read_bytes()
    if content == b"worse than bad":
        raise KeyError("a reader that does not look")
    read(folder)


def slow(folder: Path) -> None:
    if (folder / "x").read_bytes() == b"worse than bad":
        time.sleep(5)


def big(folder: Path) -> None:
    bytearray(128 << 20)


def crashing(folder: Path) -> None:
    if (folder / "x").read_bytes() == b"worse than bad":
        os.kill(os.getpid(), signal.SIGKILL)


def stuck(folder: Path) -> None:
    if (folder / "x").read_bytes() == b"worse than bad":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(60)


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """These readers import nothing."""
    monkeypatch.setattr(run, "warmed", lambda one, folder: None)


READERS = {"read": read, "faulty": faulty, "slow": slow, "big": big, "crashing": crashing, "stuck": stuck}


def find(name: str) -> Format:
    return Format(name=name, make=make, read=READERS[name])


def outcomes(name: str, count: int, jobs: int = 1) -> dict[str, int]:
    tally = campaign({name: count}, seed=0, jobs=jobs, find=find)[name]
    assert sum(tally.outcomes.values()) == count
    assert len(tally.failures) == count - tally.outcomes.get("accepted", 0) - tally.outcomes.get("refused", 0)
    return tally.outcomes


def test_what_is_read_and_what_is_refused_is_counted() -> None:
    contents = [make(run.generator(0, "read", number))["x"] for number in range(600)]
    good = contents.count(b"good")
    assert outcomes("read", 600, jobs=2) == {"accepted": good, "refused": 600 - good}


def test_other_exceptions_are_faults() -> None:
    found = outcomes("faulty", 30)
    assert found["foreign"] > 3
    assert found["refused"] > 3


def test_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.05)
    assert outcomes("slow", 6)["slow"] > 0


def test_what_takes_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MEMORY", 64 << 20)
    assert outcomes("big", 3) == {"big": 3}


def test_a_process_that_ends_is_replaced() -> None:
    found = outcomes("crashing", 20)
    assert 0 < found["crash"] < 20
    assert found["crash"] + found["accepted"] == 20


def test_a_process_that_hears_no_signal_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.05)
    monkeypatch.setattr(module, "HANGS", 0.3)
    found = outcomes("stuck", 4)
    assert found["hang"] > 0
    assert found["hang"] + found["accepted"] == 4


def test_a_failure_is_kept_as_small_as_it_gets(tmp_path: Path) -> None:
    failures = campaign({"faulty": 30}, seed=0, jobs=1, find=find)["faulty"].failures
    place = saved("faulty", failures[0], tmp_path, seed=0, find=find)
    assert (place / "x").read_bytes() == b"worse than bad"
    assert "KeyError: 'a reader that does not look'" in (place / "failure.txt").read_text()
    assert f"seed 0, input {failures[0].number}" in (place / "failure.txt").read_text()


def test_smaller_inputs_have_the_same_fault() -> None:
    files = {"a": b"x" * 1000 + b"needle" + b"y" * 500, "b": b"unneeded"}
    assert minimal(files, lambda smaller: b"needle" in smaller["a"]) == {"a": b"needle", "b": b""}


def test_a_refusal_says_something(tmp_path: Path) -> None:
    def silent(folder: Path) -> None:
        raise ConversionError

    found = run.attempt(Format(name="silent", make=make, read=silent), {"x": b""}, tmp_path)
    assert isinstance(found, run.Failure)
    assert found.outcome == "foreign"


@pytest.mark.parametrize("first", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 4 GB")])
def test_the_end_of_the_memory_is_not_a_refusal(first: Exception, tmp_path: Path) -> None:
    def hungry(folder: Path) -> None:
        try:
            raise first
        except Exception as error:
            raise ConversionError(Problem(what="the file is damaged", why=str(error))) from None

    found = run.attempt(Format(name="hungry", make=make, read=hungry), {"x": b""}, tmp_path)
    assert isinstance(found, run.Failure)
    assert found.outcome == "big"
