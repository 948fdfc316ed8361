"""What the comment of a prototxt says of its source: the same for a command line and for a model of a batch."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from converters.options import (
    CaffeOptions,
    CaffeSourceOptions,
    DarknetOptions,
    PyTorchOptions,
    declared,
    spelled,
    stated,
    without_folders,
)
from converters.options.declared import Source

if TYPE_CHECKING:
    from caffe_ir.files.header import Origins


def darknet_origins(cfg: str | Path, weights: str | Path, read: DarknetOptions, caffe: CaffeOptions) -> Origins:
    """Of a Darknet net."""
    return _origins("darknet", {"cfg": str(cfg), "weights": str(weights)}, (cfg, weights), read, caffe)


def torch_origins(model: str, read: PyTorchOptions, caffe: CaffeOptions) -> Origins:
    """Of a PyTorch model, which is a file, or a function in one or in a package."""
    key = "model" if Path(model).is_file() else "factory"
    holder = model if key == "model" else model.rpartition(":")[0]
    return _origins("pytorch", {key: model}, (holder, read.weights or "", *read.plugins), read, caffe)


def caffe_origins(
    prototxt: str | Path, caffemodel: str | Path, read: CaffeSourceOptions, caffe: CaffeOptions
) -> Origins:
    """Of a Caffe net that exists already."""
    named = {"prototxt": str(prototxt), "caffemodel": str(caffemodel)}
    return _origins("caffe", named, (prototxt, caffemodel), read, caffe)


def _origins(
    source: Source, named: Mapping[str, str], files: Iterable[str | Path], read: Struct, caffe: CaffeOptions
) -> Origins:
    from caffe_ir.files.header import Origins

    names = {key: Path(name).name for key, name in named.items()}
    lowering = {one.name: getattr(caffe, one.name) for one in declared(CaffeOptions) if source in one.option.sources}
    there = [path for path in map(Path, files) if path.is_file()]
    return Origins(
        command=shlex.join(["convert", source, *names.values(), *spelled(without_folders(read)), *spelled(caffe)]),
        options={"source": source, **names, **stated(read), **lowering},
        source_bytes={path.name: path.stat().st_size for path in there},
    )
