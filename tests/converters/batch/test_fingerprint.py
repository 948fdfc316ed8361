from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from converters.batch.fingerprint import content_hash, converter_version, fingerprint
from converters.batch.job import Job


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_file_hashes_to_its_sha256(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    assert content_hash(tmp_path / "a") == hashlib.sha256(content).hexdigest()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "a.cfg").write_text("[net]")
    (folder / "a.tree").write_text("x -1")
    options = {"cfg": str(folder / "a.cfg"), "head": "raw"}
    return Job(
        name="a", target="caffe", source="darknet", stem=folder / "a", folder=folder, options=options, files=("cfg",)
    )


def of(job: Job, version: str = "1") -> str:
    return fingerprint(job, [job.folder / "a.tree"], version)


def test_it_stays_while_nothing_changes(job: Job, tmp_path: Path) -> None:
    first = of(job)
    os.utime(job.options["cfg"], (1, 1))
    assert of(job) == first
    moved = tmp_path / "moved"
    shutil.copytree(job.folder, moved)
    options = {**job.options, "cfg": str(moved / "a.cfg")}
    assert of(replace(job, folder=moved, stem=moved / "a", options=options)) == first


def _write(name: str) -> Callable[[Job], Job]:
    def change(job: Job) -> Job:
        (job.folder / name).write_text("other")
        return job

    return change


@pytest.mark.parametrize(
    "change",
    [
        _write("a.cfg"),
        _write("a.tree"),
        lambda job: replace(job, target="opencv"),
        lambda job: replace(job, stem=job.folder / "b"),
        lambda job: replace(job, options={**job.options, "head": "activated"}),
        lambda job: replace(job, options={**job.options, "fold_bn": True}),
    ],
    ids=["contents", "a further input", "target", "output", "an option", "a further option"],
)
def test_it_changes_with(job: Job, change: Callable[[Job], Job]) -> None:
    first = of(job)
    assert of(change(job)) != first


def test_it_changes_with_the_converter(job: Job) -> None:
    assert of(job, "1") != of(job, "2")


def test_the_version_changes_with_any_source(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/a.py").write_text("x = 1")
    first = converter_version(tmp_path)
    (tmp_path / "notes.txt").write_text("not a source")
    assert converter_version(tmp_path) == first
    (tmp_path / "inner/a.py").write_text("x = 2")
    assert converter_version(tmp_path) != first
