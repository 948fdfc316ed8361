"""Writes the files of a net: all of them whole, or none; and refuses a net that its target cannot hold."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from caffe_ir.error_kinds.files import CAFFEMODEL_TOO_LARGE
from caffe_ir.error_kinds.targets import TARGET_REFUSES
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.files import caffemodel, caffemodel_hdf5
from caffe_ir.files.file_names import BINARY, HDF5, PROTOTXT, stem_of_weights
from caffe_ir.files.header import Origins, with_header
from caffe_ir.files.prototxt import prototxt
from caffe_ir.files.replaceable import check_set, check_weights, stale, with_ending
from caffe_ir.files.spelling import misspelled, written
from caffe_ir.files.whole_files import whole_files
from caffe_ir.files.writable import cannot_write
from caffe_ir.net import Net
from caffe_ir.targets import Target

Progress = Callable[[int, int], None]
"""Called with the bytes of the caffemodel written since the last call, and those of the whole."""


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
    hdf5: bool = False,
    others: Mapping[str, str | bytes] | None = None,
    origins: Origins | None = None,
    force: bool = False,
    durable: bool = False,
    progress: Progress = lambda count, total: None,
    watch: caffemodel.Watch | None = None,
    text: str | None = None,
) -> Written:
    """Write STEM.prototxt and STEM.caffemodel, and further files by their endings (`.heads.json`).

    The prototxt begins with a comment that says what it was made of, as far as `origins` says (header.py).
    With `hdf5` the weights are STEM.caffemodel.h5, which Caffe reads too, and at any length. `text` is that of a
    prototxt which spells the same net otherwise.
    The files are written beside their places first, in a folder that is made if it is not there, and moved there at the
    end: whatever ends the process, never do files of two runs load together (whole_files.py). `durable` says
    so of a power cut too. Raises ConversionError where the target cannot hold the net, where the caffemodel would be
    longer than Caffe reads, where a file cannot be written, and where it would replace one that the net is read from
    or, without `force`, one that tocaffe did not make (caffe_ir/files/replaceable.py).
    """
    refuse(net, target)
    pieces, length = _framed(net, hdf5=hdf5)
    stem, ending = Path(stem), HDF5 if hdf5 else BINARY
    contents = {ending: _encoded(content) for ending, content in (others or {}).items()}
    sizes = {ending: length, **{one: len(content) for one, content in contents.items()}}
    spelled = (text or prototxt(net, target)) + _named_sources(net)
    contents[PROTOTXT] = with_header(spelled, origins or Origins(), target.name, sizes).encode()
    places = {each: with_ending(stem, each) for each in (ending, *contents)}
    check_set(stem, places, inputs=_sources(net), force=force)
    try:
        with whole_files(*places.values(), gone=lambda: stale(stem, places), durable=durable, make_folders=True) as (
            weights,
            *files,
        ):
            check_set(stem, places, inputs=_sources(net), force=force)  # somebody else may have written it meanwhile
            _reserve(weights, length)
            caffemodel.stream(pieces, weights, lambda count: progress(count, length), watch)
            for file, content in zip(files, contents.values(), strict=True):
                file.write(content)
    except OSError as error:
        raise ConversionError(_cannot_write(stem, error)) from error
    return Written(
        prototxt=places[PROTOTXT],
        caffemodel=places[ending],
        prototxt_bytes=len(contents[PROTOTXT]),
        caffemodel_bytes=length,
        others=tuple(places[each] for each in others or {}),
    )


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def write_weights(
    net: Net, path: str | Path, *, force: bool = False, progress: Progress = lambda count, total: None
) -> int:
    """Write the caffemodel alone, for a prototxt that exists already; gives its size in bytes.

    It is HDF5 where the path ends in .h5. It appears whole or not at all. Raises ConversionError as `write` does; the
    layers are the prototxt's matter.
    """
    path = Path(path)
    pieces, length = _framed(net, hdf5=path.suffix == ".h5")
    check_weights(path, force=force)
    stem = path.with_name(stem_of_weights(path.name) or path.name)
    try:
        with whole_files(path, of_set=with_ending(stem, PROTOTXT), make_folders=True) as (file,):
            check_weights(path, force=force)
            _reserve(file, length)
            caffemodel.stream(pieces, file, lambda count: progress(count, length))
    except OSError as error:
        raise ConversionError(_cannot_write(path.with_suffix(""), error)) from error
    return length


def _framed(net: Net, *, hdf5: bool) -> tuple[list[caffemodel.Frame], int]:
    """The pieces of the caffemodel and their length. Raises ConversionError where Caffe could not read so much."""
    pieces = caffemodel_hdf5.frames(net) if hdf5 else caffemodel.frames(net)
    length = caffemodel.size(pieces)
    if not hdf5 and length > caffemodel.LARGEST:
        raise ConversionError(
            Problem(
                kind=CAFFEMODEL_TOO_LARGE,
                what=f"the caffemodel would have {length:,} bytes",
                why=f"Caffe's reader gives up beyond {caffemodel.LARGEST:,}",
                hint="--hdf5 (in Python hdf5=True) writes a .caffemodel.h5, which Caffe reads at any length",
            )
        )
    return pieces, length


def refuse(net: Net, target: Target) -> None:
    """Raise ConversionError with a reason for every layer that the target cannot hold, or would not read as written."""
    problems = Problems()
    for node, verdict in target.verdicts(net):
        if verdict.is_fault:
            problems.add(
                f"{node.name} ({node.layer}) cannot be written",
                why=verdict.why,
                origin=node.origin,
                kind=TARGET_REFUSES,
            )
    if not problems.found:
        for node in net.nodes:
            for verdict in misspelled(node.layer.type_name(), written(node.layer, target), target):
                problems.add(
                    f"{node.name} ({node.layer}) would not be read",
                    why=verdict.why,
                    origin=node.origin,
                    kind=TARGET_REFUSES,
                )
    problems.raise_if_any()


def _named_sources(net: Net) -> str:
    """Where its weights come from; loads nothing for a net that was made from no checkpoint."""
    if not net.behind.used:
        return ""
    from caffe_ir.files.weight_sources import sources_text

    return sources_text(net)


def _sources(net: Net) -> set[Path]:
    """The files whose numbers the net has."""
    return {blob.span.path for node in net.nodes for blob in node.blobs if blob.span is not None}


def _reserve(file: BinaryIO, length: int) -> None:
    """Ask for the whole room on the disk at once: a third less time to fill it, and a full disk is noticed at once.

    Raises OSError where there is not so much; where the system or its file system cannot say, the writing will.
    """
    if not length or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), 0, length)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def _cannot_write(stem: Path, error: OSError) -> Problem:
    return cannot_write(stem, error, named=f"{stem}.*", hint="no file was changed; the old files are intact")
