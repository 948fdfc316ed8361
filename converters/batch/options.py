"""What a manifest may say of a model: the options of the convert commands, by name, with their types."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from converters.batch.job import Source
from converters.options import (
    CaffeOptions,
    CaffeSourceOptions,
    DarknetOptions,
    Declared,
    ModelKeys,
    OutputOptions,
    PyTorchOptions,
    VerifyOptions,
    declared,
)

_ALL: tuple[Source, ...] = ("darknet", "pytorch", "caffe")


def _declared(kind: type[Struct], sources: tuple[Source, ...]) -> dict[str, Declared]:
    """The keys that are options of the convert commands."""
    return {
        one.name: replace(
            one,
            option=replace(one.option, sources=_shared(one.option.sources, sources)),
            default=one.default if one.option.manifest_default is None else one.option.manifest_default,
        )
        for one in declared(kind)
        if one.option.in_manifest
    }


def _shared(some: Container[str], others: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple(source for source in others if source in some)


KINDS: dict[type[Struct], tuple[Source, ...]] = {
    ModelKeys: _ALL,
    CaffeOptions: _ALL,
    OutputOptions: _ALL,
    VerifyOptions: _ALL,
    DarknetOptions: ("darknet",),
    PyTorchOptions: ("pytorch",),
    CaffeSourceOptions: ("caffe",),
}
"""The structs that declare the keys, each with whose models it is for. A key of several has the words of the first."""


def _joined() -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    for kind, sources in KINDS.items():
        for name, one in _declared(kind, sources).items():
            first = found.setdefault(name, one)
            told = {*first.option.sources, *one.option.sources}
            found[name] = replace(first, option=replace(first.option, sources=_shared(told, _ALL)))
    return found


OPTIONS: dict[str, Declared] = _joined()
"""Every key that [defaults] and the tables of the models may have."""

USUAL: dict[str, Any] = {key: one.default for key, one in OPTIONS.items() if one.option.manifest_default is not None}
"""What a manifest that does not say it means, where the commands mean something else."""

REQUIRED: dict[Source, tuple[tuple[str, ...], ...]] = {
    "darknet": (("cfg",), ("weights",)),
    "pytorch": (("model", "factory"),),
    "caffe": (("prototxt",), ("caffemodel",)),
}
"""What a model of a source cannot be without; of the keys of one group it has exactly one."""


def source_of(options: Mapping[str, Any]) -> Source | None:
    """The source that a model says, or the one that its files belong to; None where it has none of them."""
    for source, groups in REQUIRED.items():
        if options.get("source") == source:
            return source
        if "source" not in options and any(key in options for key in groups[0]):
            return source
    return None
