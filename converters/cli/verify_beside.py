"""The source of `convert verify STEM`: the files that the prototxt's comment names, where they lie beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from caffe_ir.visible import visible
from converters.cli.verify_opened import Pair

_FILES = {"darknet": ("cfg", "weights"), "caffe": ("prototxt", "caffemodel")}
"""The keys of sources that are read and never run: only these are opened because a comment says so."""


def source_beside(pair: Pair) -> tuple[str, ...]:
    """The files of the source. Raises UsageError where the comment names none that may be opened and is there."""
    from caffe_ir.files.header import read_header

    header = read_header(pair.prototxt) if pair.prototxt.is_file() else None
    options: Mapping[str, Any] = header.options if header is not None else {}
    source = options.get("source")
    keys = _FILES.get(source, ("model", "factory")) if isinstance(source, str) else ()
    names = [name for key in keys if isinstance(name := options.get(key), str)]
    files = [str(pair.prototxt.with_name(Path(name).name or "-")) for name in names]
    if source in _FILES and len(files) == len(keys) and all(Path(file).is_file() for file in files):
        return tuple(files)
    said = "give the source and then the Caffe net"
    if not names:
        raise click.UsageError(f"{said}: convert verify net.cfg net.weights net.prototxt")
    why = "it is not all beside it" if source in _FILES else "a model may run code, and is opened only if you name it"
    raise click.UsageError(f"{said}: {pair.prototxt.name} was made of {visible(' '.join(names))}; {why}")
