"""The options that files were made with, as the comment of their prototxt states them, under those of the user."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Problem
from converters.options import (
    CaffeOptions,
    CaffeSourceOptions,
    DarknetOptions,
    PyTorchOptions,
    declared,
    recovered,
    spelled,
)
from converters.options.declared import Source

if TYPE_CHECKING:
    from caffe_ir.files.header import Header

Options = TypeVar("Options", bound=Struct)
_SOURCES: dict[type[Struct], Source] = {
    DarknetOptions: "darknet",
    PyTorchOptions: "pytorch",
    CaffeSourceOptions: "caffe",
}


class Stated(Struct, Generic[Options], frozen=True, kw_only=True):
    """How a source is to be read and lowered: as the prototxt says, and where it does not, as the user does.

    `remarks` say what was taken from the comment, and what has to be given anew.
    """

    read: Options
    lowering: CaffeOptions = CaffeOptions()
    remarks: tuple[str, ...] = ()


def stated_options(
    prototxt: Path,
    reader: type[Options],
    given: Mapping[str, Any],
    lowering: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> Stated[Options]:
    """The options of the prototxt's comment; `given` and `lowering` are the user's, who is right where both speak.

    Anybody may have written the comment: what runs code or opens further files is never taken from it. `sizes` are
    those of the source's files and of the caffemodel, by their names. Raises ConversionError where there is no file.
    """
    from caffe_ir.files.header import read_header

    try:
        header = read_header(prototxt)
    except OSError as error:
        raise ConversionError(
            Problem(kind=CANNOT_READ, what=f"cannot read {prototxt}", why=error.strerror or str(error))
        ) from error
    unstated = Stated(read=reader(**given), lowering=CaffeOptions(**lowering))
    if header is None or header.options.get("source") != _SOURCES[reader]:
        why = "does not say how it was made of this source: options that are not given here are at their defaults"
        return replace(unstated, remarks=(f"{prototxt.name} {why}",))
    left_out = {one.name for one in declared(reader) if not one.option.from_file}
    told = {key: value for key, value in header.options.items() if key not in left_out}
    try:
        read, lowered = recovered(reader, told), recovered(CaffeOptions, told)
    except ValueError as error:
        return replace(unstated, remarks=(f"the comment of {prototxt.name} cannot be used: {error}",))
    taken = [*spelled(_without(read, given)), *spelled(_without(lowered, lowering))]
    remarks = [f"options from the comment of {prototxt.name}: {shlex.join(taken)}"] if taken else []
    remarks += _to_be_given(header, left_out & header.options.keys() - given.keys(), reader)
    remarks += _other_sizes(header, sizes)
    return Stated(read=replace(read, **given), lowering=replace(lowered, **lowering), remarks=tuple(remarks))


def _without(options: Options, given: Iterable[str]) -> Options:
    """The options with those at their defaults that the user has given."""
    usual = {one.name: one.default for one in declared(type(options))}
    return replace(options, **{name: usual[name] for name in given})


def _to_be_given(header: Header, names: set[str], reader: type[Struct]) -> Iterator[str]:
    for one in declared(reader):
        if one.name in names:
            yield f"the files were made with {one.flag} ({header.options[one.name]}), which has to be given here too"


def _other_sizes(header: Header, sizes: Mapping[str, int]) -> Iterator[str]:
    known = dict(header.source_bytes)
    for name, size in sizes.items():
        ending = next((ending for ending in header.file_bytes if name.endswith(ending)), "")
        due = known.get(name, header.file_bytes.get(ending, size))
        if due != size:
            yield f"{name} has {size:,} bytes; the one that the prototxt was written with had {due:,}"
