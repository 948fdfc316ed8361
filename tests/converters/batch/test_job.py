from __future__ import annotations

from pathlib import Path

import pytest

from converters.batch.job import Job, Result

RESULT = Result(
    name="a/b",
    target="caffe",
    state="converted",
    seconds=1.5,
    peak_memory=10,
    layers=3,
    files={"/out/a.prototxt": (5, 1_795_245_452_037_857_114), "/out/a.caffemodel": (7, 2)},
    warnings=("é",),
    verify={"verdict": "agrees"},
    fingerprint="f",
)


def test_a_job_comes_back_from_its_text_with_what_is_known_of_it() -> None:
    job = Job(
        name="a/b",
        target="caffe",
        source="pytorch",
        stem=Path("/out/a"),
        folder=Path("/zoo"),
        options={"weights": "/zoo/é.pth", "input": ["1x3x8x8"], "fold_bn": True},
        files=("weights",),
        size=12,
        known=RESULT,
    )
    text = job.to_text()
    assert Job.from_text(text) == job
    assert "\n" not in text
    assert Job.from_text(Job.from_text(text).to_text().encode()) == job


def test_a_result_sums_its_files_and_tells_nanoseconds_exactly() -> None:
    assert RESULT.bytes == 12
    assert Result.from_json(RESULT.to_json()) == RESULT
    assert RESULT.key == "a/b@caffe"


@pytest.mark.parametrize(
    "told",
    [
        *({}, {"name": "a"}, {**RESULT.to_json(), "files": {"a": 3}}),
        *({**RESULT.to_json(), "peak_memory": 10**400}, {**RESULT.to_json(), "layers": 2**63}),
        *({**RESULT.to_json(), "files": {"a": (10**4000, 1)}}, {**RESULT.to_json(), "seconds": 10**400}),
    ],
)
def test_what_is_no_result_is_refused(told: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        Result.from_json(told)
