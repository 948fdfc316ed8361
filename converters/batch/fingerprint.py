"""What decides the bytes of a job's outputs, as one short text: contents of files, options, and the converter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from caffe_ir.version import VERSION
from converters.batch.job import Job

_PIECE = 1 << 20
_DIGITS = 32


def fingerprint(job: Job, inputs: Iterable[Path], version: str) -> str:
    """SHA-256 of the job's options, of the names and contents of its files and further `inputs`, and of `version`.

    The names belong to it because nets are called after them, their folders do not. SHA-256 because most processors
    compute it by themselves, at about the speed of reading. Raises OSError.
    """
    options = {key: value for key, value in job.options.items() if key not in job.files}
    files = {key: job.options[key] for key in job.files}
    contents = {key: _contents([held] if isinstance(held, str) else held) for key, held in files.items()}
    further = _contents(inputs)
    told = [version, job.source, job.target, job.stem.name, options, contents, further]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _contents(paths: Iterable[str | Path]) -> list[tuple[str, str]]:
    return [(Path(path).name, content_hash(Path(path))) for path in paths]


def content_hash(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    read = hashlib.sha256()
    piece = memoryview(bytearray(_PIECE))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(piece):
            read.update(piece[:count])
    return read.hexdigest()


def converter_version(*packages: Path) -> str:
    """The version of tocaffe, and what its sources below these folders are: a changed checkout is another converter."""
    sources = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            sources.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return f"{VERSION}+{sources.hexdigest()[:12]}"
