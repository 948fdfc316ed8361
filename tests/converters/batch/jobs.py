"""Jobs for tests: one job of a name that does what `odd_worker` knows."""

from __future__ import annotations

from pathlib import Path

from converters.batch.job import Job

WORKER = "tests.converters.batch.odd_worker"


def odd_job(folder: Path, do: str = "pid", *, name: str = "one", size: int = 0, **options: object) -> Job:
    return Job(
        name=name,
        target="caffe",
        source="darknet",
        stem=folder / "out" / name,
        folder=folder,
        options={"do": do, **options},
        size=size,
    )
