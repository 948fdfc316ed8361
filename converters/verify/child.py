"""Engines that may end the process that runs them: each in a process of its own, with files in between."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.files.prototxt import written_names
from converters.verify.engine import CaffeFiles, EngineFailed, place_of, stopping_layer
from converters.verify.source import Feeds, inputs_of


def blobs_of_child(
    program: Path, name: str, files: CaffeFiles, wanted: Sequence[str], feeds: Feeds
) -> Iterator[Array | None]:
    """The blobs that a child program leaves as files, None where it could not get at one. Raises EngineFailed."""
    with tempfile.TemporaryDirectory() as folder:
        said = _run(program, files, wanted, feeds, Path(folder))
        if said:
            layer = stopping_layer(files, lambda part: not _tried(program, part))
            raise EngineFailed(f"{name} cannot run {layer or 'the net'}: {said}")
        for number in range(len(wanted)):
            path = Path(folder, f"{number}.npy")
            yield np.load(path) if path.is_file() else None


def _tried(program: Path, files: CaffeFiles) -> str:
    """What a child said when it failed on zeros; nothing where it ran."""
    zeros = {name: np.zeros(shape, np.float32) for name, shape in inputs_of(files.net).items()}
    with tempfile.TemporaryDirectory() as folder:
        return _run(program, files, files.net.outputs, zeros, Path(folder))


def _run(program: Path, files: CaffeFiles, wanted: Sequence[str], feeds: Feeds, folder: Path) -> str:
    inputs = {}
    for number, (name, array) in enumerate(feeds.items()):
        inputs[name] = str(folder / f"input{number}.npy")
        np.save(inputs[name], np.ascontiguousarray(array, np.float32))
    names = written_names(files.net)
    job = {
        "prototxt": str(files.prototxt.resolve()),
        "caffemodel": str(files.caffemodel.resolve()),
        "inputs": inputs,
        "shapes": {name: list(array.shape) for name, array in feeds.items()},
        "wanted": [[place_of(files.net, blob)[0], names[blob], blob] for blob in wanted],
        "in_place": [node.name for node in files.net.nodes if node.in_place],
        "folder": str(folder),
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    command = [sys.executable, str(program), str(folder / "job.json")]
    done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, cwd=folder)
    return "" if (folder / "done").is_file() else last_words(done)


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The line that says best why a program ended: a failed check, an error, or its last one; and the signal."""
    text = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    checks = [line for line in lines if "Check failed" in line or "Error" in line or "Unknown" in line]
    said = (checks or lines or ["it said nothing"])[-1]
    return f"{said} (signal {-done.returncode})" if done.returncode < 0 else said
