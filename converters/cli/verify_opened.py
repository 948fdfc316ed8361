"""A source that `convert verify` has opened, and the net that it ought to have become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from msgspec import Struct, field

from converters.cli.files import lowered
from converters.cli.verify_stated import Options, Stated, stated_options
from converters.options import DarknetOptions, PyTorchOptions, declared

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.verify import Source
    from converters.verify.readings import Reading


class Pair(Struct, frozen=True, kw_only=True):
    """The two files of a Caffe net."""

    prototxt: Path
    caffemodel: Path


class Asked(Struct, frozen=True, kw_only=True):
    """The options that the user has given, by name: for reading the source, and for the net."""

    read: Mapping[str, Any] = field(default_factory=dict)
    caffe: Mapping[str, Any] = field(default_factory=dict)
    reference: Literal["auto", "embedded", "darknet"] = "auto"


class Opened(Struct, frozen=True, kw_only=True):
    """A source with what the user should know about the programs that it is compared with."""

    source: Source
    remarks: tuple[str, ...] = ()
    readings: Callable[[], Iterator[Reading]] = lambda: iter(())
    """Other ways to read the same files, for one of which the Caffe net may have been made."""


def expected(net: Net, as_stated: Stated[Any]) -> Net:
    """The source lowered as it was for these files. Raises ConversionError."""
    return lowered(net.copy(), as_stated.lowering)


def stated(reader: type[Options], files: Sequence[Path], pair: Pair, asked: Asked) -> Stated[Options]:
    """What the prototxt says of how it was made from these files, under what the user says.

    Raises UsageError for options of other sources, and ConversionError where there is no prototxt.
    """
    own = {one.name for one in declared(reader)}
    others = {one.name: one.flag for kind in (DarknetOptions, PyTorchOptions) for one in declared(kind)}
    if wrong := [others[name] for name in asked.read if name not in own]:
        model = "a Darknet model" if reader is DarknetOptions else "a PyTorch model"
        raise click.UsageError(f"{', '.join(wrong)}: not an option for {model}")
    sizes = {path.name: path.stat().st_size for path in (*files, pair.caffemodel) if path.is_file()}
    return stated_options(pair.prototxt, reader, asked.read, asked.caffe, sizes)
