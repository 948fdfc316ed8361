"""Writes the files of a net: all of them whole, or none; and refuses a net that its target cannot hold."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from caffe_ir import caffemodel
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.net import Net
from caffe_ir.prototxt import prototxt
from caffe_ir.targets import Target

Progress = Callable[[int, int], None]
"""Told how many bytes of the caffemodel were written since the last time, and how many there are in all."""


class Written(Struct, frozen=True, kw_only=True):
    """The files that were written and their sizes in bytes."""

    prototxt: Path
    caffemodel: Path
    prototxt_bytes: int
    caffemodel_bytes: int
    others: tuple[Path, ...] = ()


def write(
    net: Net,
    stem: str | Path,
    target: Target,
    *,
    others: Mapping[str, str] | None = None,
    progress: Progress = lambda count, total: None,
) -> Written:
    """Write STEM.prototxt and STEM.caffemodel, and further texts by their endings (`.heads.json`).

    All files are written beside their places first and moved there at the end, so an interruption leaves the old ones
    or the new ones. Raises ConversionError where the target cannot hold the net, where the caffemodel would be longer
    than Caffe reads, and where a file cannot be written.
    """
    refuse(net, target)
    pieces, length = _framed(net)
    stem = Path(stem)
    text = prototxt(net)
    texts = {".prototxt": text, **(others or {})}
    try:
        with _published(stem, (".caffemodel", *texts)) as files:
            _reserve(files[".caffemodel"], length)
            caffemodel.stream(pieces, files[".caffemodel"], lambda count: progress(count, length))
            for ending, content in texts.items():
                files[ending].write(content.encode())
    except OSError as error:
        raise ConversionError(_cannot_write(stem, error)) from error
    return Written(
        prototxt=_place(stem, ".prototxt"),
        caffemodel=_place(stem, ".caffemodel"),
        prototxt_bytes=len(text.encode()),
        caffemodel_bytes=length,
        others=tuple(_place(stem, ending) for ending in others or {}),
    )


def write_weights(net: Net, path: str | Path, *, progress: Progress = lambda count, total: None) -> int:
    """Write the caffemodel alone, for a prototxt that exists already; gives its size in bytes.

    It appears whole or not at all. Raises ConversionError as `write` does; the layers are the prototxt's matter.
    """
    path = Path(path)
    pieces, length = _framed(net)
    stem = path.with_suffix("")
    try:
        with _published(stem, (path.suffix,)) as files:
            _reserve(files[path.suffix], length)
            caffemodel.stream(pieces, files[path.suffix], lambda count: progress(count, length))
    except OSError as error:
        raise ConversionError(_cannot_write(stem, error)) from error
    return length


def _framed(net: Net) -> tuple[list[caffemodel.Frame], int]:
    """The pieces of the caffemodel and their length. Raises ConversionError where Caffe could not read so much."""
    pieces = caffemodel.frames(net)
    length = caffemodel.size(pieces)
    if length > caffemodel.LARGEST:
        raise ConversionError(
            Problem(
                what=f"the caffemodel would have {length:,} bytes",
                why=f"Caffe's reader gives up beyond {caffemodel.LARGEST:,}",
                hint="split the net, or store its largest layers in half the channels",
            )
        )
    return pieces, length


def refuse(net: Net, target: Target) -> None:
    """Raise ConversionError with a reason for every layer that the target cannot hold."""
    problems = Problems()
    for node in net.nodes:
        if reason := target.refusal(node.layer):
            problems.add(f"{node.name} ({node.layer}) cannot be written", why=reason, origin=node.origin)
    problems.raise_if_any()


def _place(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


@contextmanager
def _published(stem: Path, endings: tuple[str, ...]) -> Iterator[dict[str, BinaryIO]]:
    """Temporary files for the endings, moved to their places together when all went well, removed when not.

    A file is written through the handle that made it: opened a second time, and so truncated, ext4 would write its
    blocks to the disk when it is closed.
    """
    made: dict[str, Path] = {}
    try:
        with ExitStack() as opened:
            files: dict[str, BinaryIO] = {}
            for ending in endings:
                handle, name = tempfile.mkstemp(prefix=f".{stem.name}.", suffix=ending, dir=stem.parent)
                made[ending] = Path(name)
                files[ending] = opened.enter_context(open(handle, "wb"))
                os.fchmod(handle, 0o666 & ~_umask())
            yield files
        with _undisturbed():
            for ending, path in made.items():
                path.replace(_place(stem, ending))
    finally:
        for path in made.values():
            path.unlink(missing_ok=True)


def _reserve(file: BinaryIO, length: int) -> None:
    """Ask for the whole room on the disk at once: a third less time to fill it, and a full disk is told at once.

    Raises OSError where there is not so much; where the system or its file system cannot tell, the writing will.
    """
    if not length or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), 0, length)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and termination while the files change places, so that the pair stays a pair."""
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _cannot_write(stem: Path, error: OSError) -> Problem:
    folder = stem.parent
    if not folder.is_dir():
        return Problem(what=f"there is no folder {folder} to write to", hint=f"make it first: mkdir -p {folder}")
    return Problem(
        what=f"cannot write {stem}.*",
        why=error.strerror or str(error),
        hint="no file was changed; what was there before is whole",
    )
