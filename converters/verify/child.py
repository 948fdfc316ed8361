"""Engines that may end the process that runs them: each in a process of its own, with files in between.

The program reads jobs, each a line of JSON: the files of the net, those of the inputs, the wanted blobs, and a folder,
in which it leaves NUMBER.npy for what it can get at, and then `done`. Behind each job it says `next`, a line that is in
the job too, as engines write to the same place; it ends where no other job comes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.files.prototxt import written_names
from converters.verify.engine import CaffeFiles, EngineFailed, Forward, place_of, stopping_layer
from converters.verify.source import Feeds, inputs_of

_NEXT = "tocaffe: next"


def blobs_of_child(
    program: Path, name: str, files: CaffeFiles, wanted: Sequence[str], feeds: Feeds
) -> Iterator[Array | None]:
    """The blobs that a child program leaves as files, None where it could not get at one. Raises EngineFailed."""
    yield from _Child(program, name, files).blobs(wanted, feeds)


def opened_in_child(program: Path, name: str, files: CaffeFiles) -> Forward:
    """The net in a child program that stays as long as what is given here; behind a failure there is a new one."""
    child: _Child | None = None

    def forward(wanted: Sequence[str], feeds: Feeds) -> list[Array | None]:
        nonlocal child
        running, child = child or _Child(program, name, files), None
        found = list(running.blobs(wanted, feeds))
        child = running
        return found

    return forward


class _Child:
    """A program with a net, in a process that ends when nobody holds this any more."""

    def __init__(self, program: Path, name: str, files: CaffeFiles) -> None:
        self.program, self.name, self.files = program, name, files
        self.folder = tempfile.TemporaryDirectory()
        self.errors = Path(self.folder.name, "errors")
        pipe = subprocess.PIPE
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(program)], stdin=pipe, stdout=pipe, stderr=errors, cwd=self.folder.name
            )
        weakref.finalize(self, _end, self.process, self.folder)

    def blobs(self, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
        """The blobs for one set of inputs. Raises EngineFailed, and then no other set can be given."""
        with tempfile.TemporaryDirectory(dir=self.folder.name) as folder:
            if said := self.run(wanted, feeds, Path(folder)):
                layer = stopping_layer(self.files, lambda part: not _tried(self.program, self.name, part))
                raise EngineFailed(f"{self.name} cannot run {layer or 'the net'}: {said}")
            for number in range(len(wanted)):
                path = Path(folder, f"{number}.npy")
                yield np.load(path) if path.is_file() else None

    def run(self, wanted: Sequence[str], feeds: Feeds, folder: Path) -> str:
        """What the program said when it failed; nothing where it ran."""
        job = job_of(self.files, wanted, feeds, folder)
        said = _answer(self.process, json.dumps(job))
        if (folder / "done").is_file():
            return ""
        self.process.kill()  # where it goes on without an answer; else it has ended
        code = self.process.wait()
        return last_words(subprocess.CompletedProcess(self.process.args, code, said, self.errors.read_bytes()))


def job_of(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds, folder: Path) -> dict[str, Any]:
    """What a child program reads: one set of inputs, written into the folder, in which it leaves what it finds."""
    inputs = {}
    for number, (name, array) in enumerate(feeds.items()):
        inputs[name] = str(folder / f"input{number}.npy")
        np.save(inputs[name], np.ascontiguousarray(array, np.float32))
    names = written_names(files.net)
    return {
        "prototxt": str(files.prototxt.resolve()),
        "caffemodel": str(files.caffemodel.resolve()),
        "inputs": inputs,
        "shapes": {name: list(array.shape) for name, array in feeds.items()},
        "wanted": [[place_of(files.net, blob)[0], names[blob], blob] for blob in wanted],
        "places": [place_of(files.net, blob)[1] for blob in wanted],
        "layers": [node.name for node in files.net.nodes],
        "blobs": sorted(set(names.values())),
        "folder": str(folder),
        "next": _NEXT,
    }


def _answer(process: subprocess.Popen[bytes], job: str) -> bytes:
    """What a program says until it is ready for the next job, or until it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it may have ended already, and what it said is still there
        process.stdin.write(job.encode() + b"\n")
        process.stdin.flush()
    said = []
    for line in process.stdout:
        if line.strip() == _NEXT.encode():
            break
        said.append(line)
    return b"".join(said)


def _end(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    """Let the program see that no other job comes, and take its files away."""
    with suppress(OSError), process:  # which closes what it reads, and waits
        pass
    folder.cleanup()


def _tried(program: Path, name: str, files: CaffeFiles) -> str:
    """What a program said when it failed on zeros; nothing where it ran."""
    zeros = {blob: np.zeros(shape, np.float32) for blob, shape in inputs_of(files.net).items()}
    with tempfile.TemporaryDirectory() as folder:
        return _Child(program, name, files).run(files.net.outputs, zeros, Path(folder))


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The line that says best why a program ended: a failed check, an error, or its last one; and the signal."""
    text = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    checks = [line for line in lines if "Check failed" in line or "Error" in line or "Unknown" in line]
    said = (checks or lines or ["it said nothing"])[-1]
    return f"{said} (signal {-done.returncode})" if done.returncode < 0 else said
