"""What came of each job, a line each, on disk as soon as it is known: where the next run of a batch begins."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

from caffe_ir.error_kinds.batch import ANOTHER_BATCH
from caffe_ir.error_kinds.files import CANNOT_WRITE, OUTPUT_EXISTS
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.locks import is_at, locked
from caffe_ir.files.writable import cannot_write
from converters.batch.job import Result
from converters.batch.places import leads_out

_HEAD = b'{"tool": "tocaffe", "file": "journal of convert batch"}\n'
"""The first line, by which a journal is known: no other file is ever added to, or cut."""
_PATIENCE = 10.0
"""Seconds that a run waits for the one before it, whose processes may still be ending."""
_LONGEST = 16 << 20
"""Bytes of a line: room for every warning of the longest nets."""
_WORN = 4
"""How many lines a result may have, on average, before the file is written anew."""


class Journal(Struct, frozen=True, kw_only=True):
    """The results of earlier runs, and the file that further ones are added to. `lock` keeps other runs out."""

    known: Mapping[str, Result]
    file: IO[bytes]

    @property
    def lock(self) -> int:
        """The descriptor that holds the lock: a process that inherits it keeps other runs out while it lives."""
        return self.file.fileno()

    def add(self, result: Result) -> None:
        """Keep a job that was done. One that failed has changed nothing, and one that was found done is known."""
        if result.state == "converted":
            self.file.write(_line(result))
            self.file.flush()


@contextmanager
def opened(path: Path, *, patience: float = _PATIENCE) -> Iterator[Journal]:
    """The journal at a path, made if it is not there.

    Raises ConversionError, also where another run has it, and where there is a file that is not a journal of ours.
    """
    if leads_out(path.parent, path):
        raise ConversionError(
            Problem(kind=CANNOT_WRITE, what=f"cannot write {path}", why="it is a link out of the manifest's folder")
        )
    try:
        file = _locked(path, patience)
    except OSError as error:
        raise ConversionError(cannot_write(path, error)) from None
    try:
        try:
            begin = _begun(file)
            if begin is None:
                why, hint = "it does not begin as a journal of tocaffe does", "move it away, or rename the manifest"
                raise ConversionError(Problem(kind=OUTPUT_EXISTS, what=f"{path} already exists", why=why, hint=hint))
            known, lines = _read(file, begin)
            if begin == 0 or lines > _WORN * max(len(known), 1):
                file = _rewritten(path, file, known)
        except OSError as error:
            raise ConversionError(cannot_write(path, error)) from None
        yield Journal(known=known, file=file)
    finally:
        file.close()


def _locked(path: Path, patience: float) -> IO[bytes]:
    """The file, open for reading and adding, and locked; opened again where it was replaced meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    while True:
        file = open(path, "a+b")  # noqa: SIM115 - the caller closes it
        if locked(file.fileno()) and is_at(file.fileno(), path):
            return file
        file.close()
        if time.monotonic() - begin > patience:
            hint = "wait for it, or end it; what it has done is not done again"
            raise ConversionError(
                Problem(kind=ANOTHER_BATCH, what="another batch is at work on this manifest", why=str(path), hint=hint)
            )
        time.sleep(0.05)


def _begun(file: IO[bytes]) -> int | None:
    """Where the results of a journal begin; None where a file is not a journal.

    One that is empty, or whose first line was cut short, is begun anew. Those of version 0.1.0 begin with a result.
    """
    file.seek(0)
    head = file.read(len(_HEAD))
    if head != _HEAD and _HEAD.startswith(head):
        file.truncate(0)
        file.write(_HEAD)
        file.flush()
    elif head != _HEAD:
        file.seek(0)
        line = file.readline(_LONGEST)
        return 0 if line.endswith(b"\n") and _result(line) else None
    return len(_HEAD)


def _result(line: bytes) -> Result | None:
    """The result in a line; None where it is of another version, or no result."""
    try:
        return Result.from_json(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _read(file: IO[bytes], begin: int) -> tuple[dict[str, Result], int]:
    """The last result of each job, and the number of lines; a last line that was cut short is taken away."""
    known: dict[str, Result] = {}
    file.seek(begin)
    whole, lines = begin, 0
    while (line := file.readline(_LONGEST)).endswith(b"\n"):
        whole += len(line)
        lines += 1
        if result := _result(line):  # the jobs of all other lines are done again
            known[result.key] = result
    file.truncate(whole)
    file.seek(0, os.SEEK_END)
    return known, lines


def _rewritten(path: Path, old: IO[bytes], known: Mapping[str, Result]) -> IO[bytes]:
    """The file with a line for each result alone.

    On Windows, which renames no open file, it is written over: a run that is killed just then does its jobs again.
    """
    lines = [_HEAD, *map(_line, known.values())]
    if sys.platform == "win32":
        file = old
        file.truncate(0)
        file.writelines(lines)
        file.flush()
    else:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        file = os.fdopen(handle, "r+b")
        locked(file.fileno())
        file.writelines(lines)
        file.flush()
        os.replace(name, path)
        old.close()
    return file


def _line(result: Result) -> bytes:
    return json.dumps(result.to_json()).encode() + b"\n"
