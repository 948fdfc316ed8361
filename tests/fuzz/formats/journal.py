"""The journal of a batch: a line of JSON for each result; lines that are none are passed over."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from converters.batch import journal
from converters.batch.job import Result
from converters.batch.outcome import Outcome
from converters.cli.batch_shown import line
from tests.fuzz.format import Files, Format
from tests.fuzz.json_values import changed, spelled
from tests.fuzz.mutation import maybe_damaged

HEAD = b'{"tool": "tocaffe", "file": "journal of convert batch"}'
RESULT: dict[str, Any] = Result(
    name="net",
    target="caffe",
    state="converted",
    seconds=1.5,
    files={"net.prototxt": (100, 5), "net.caffemodel": (1000, 6)},
    warnings=("odd",),
    verify={"verdict": "agrees", "values": 3, "worst": {"opencv": 1e-6}},
    fingerprint="f" * 32,
).to_json()


def make(rng: Random) -> Files:
    lines = [spelled(changed(RESULT, rng, most=2), rng) for _ in range(rng.randint(1, 6))]
    return {"state.jsonl": maybe_damaged(b"\n".join([HEAD, *lines, b""]), rng, 0.3)}


def read(folder: Path) -> None:
    with journal.opened(folder / "state.jsonl", patience=0) as kept:
        Outcome(results=list(kept.known.values()), begin=datetime(2020, 1, 1)).headline()
        for result in kept.known.values():
            line(result)


FORMATS = (Format(name="journal", make=make, read=read),)
