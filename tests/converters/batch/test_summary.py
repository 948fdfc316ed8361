from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from converters.batch.job import Result
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome
from converters.batch.summary import write_summary

RESULTS = [
    Result(
        name="a",
        target="caffe",
        state="converted",
        seconds=0.5,
        peak_memory=1000,
        layers=3,
        files={"/o/a.prototxt": (5, 1), "/o/a.caffemodel": (10, 2)},
        warnings=("é",),
        verify={"verdict": "agrees", "worst": 1e-7},
        engines={"mnn": {"result": "right", "evidence": "run"}},
        report="/o/a.verify.html",
        fingerprint="f",
    ),
    Result(name="b", target="caffe", state="failed", problems=("out of memory",)),
]


def test_the_summary_tells_each_model(tmp_path: Path) -> None:
    outcome = Outcome(
        results=RESULTS,
        unpaired=[Unpaired(path="c.cfg", why="no weights")],
        begin=datetime(2020, 1, 1),
        seconds=1.23456,
        version="0.1+abc",
    )
    write_summary(tmp_path / "deep/summary.json", outcome)
    told = json.loads((tmp_path / "deep/summary.json").read_text())
    models = told.pop("models")
    assert told.pop("files_of_no_model") == [{"path": "c.cfg", "why": "no weights"}]
    counted = {"converted": 1, "unchanged": 0, "failed": 1, "unpaired": 1}
    assert told == {"tool": "tocaffe", "version": "0.1+abc", "seconds": 1.235, **counted}
    assert models[0] == {
        "name": "a",
        "target": "caffe",
        "state": "converted",
        "seconds": 0.5,
        "peak_memory": 1000,
        "layers": 3,
        "bytes": 15,
        "files": {"/o/a.prototxt": 5, "/o/a.caffemodel": 10},
        "verify": {"verdict": "agrees", "worst": 1e-7},
        "engines": {"mnn": {"result": "right", "evidence": "run"}},
        "report": "/o/a.verify.html",
        "warnings": ["é"],
        "problems": [],
    }
    assert (models[1]["state"], models[1]["problems"]) == ("failed", ["out of memory"])
