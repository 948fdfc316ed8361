"""What a manifest may say of a model: the options of the convert commands, by name, with their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from converters.batch.job import Source
from converters.options import (
    CaffeOptions,
    DarknetOptions,
    Declared,
    ModelKeys,
    OutputOptions,
    PyTorchOptions,
    VerifyOptions,
    declared,
)

_BOTH: tuple[Source, ...] = ("darknet", "pytorch")


def _declared(kind: type[Struct], sources: tuple[Source, ...]) -> dict[str, Declared]:
    """The keys that are options of the convert commands."""
    return {
        one.name: replace(one, option=replace(one.option, sources=_both(one.option.sources, sources)))
        for one in declared(kind)
        if one.option.in_manifest
    }


def _both(some: tuple[Source, ...], others: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple(source for source in some if source in others)


OPTIONS: dict[str, Declared] = {
    **_declared(CaffeOptions, _BOTH),
    **_declared(OutputOptions, _BOTH),
    **_declared(VerifyOptions, _BOTH),
    **_declared(DarknetOptions, ("darknet",)),
    **_declared(PyTorchOptions, ("pytorch",)),
    **_declared(ModelKeys, _BOTH),
}
"""Every key that [defaults] and the tables of the models may have."""

REQUIRED: dict[Source, tuple[tuple[str, ...], ...]] = {
    "darknet": (("cfg",), ("weights",)),
    "pytorch": (("model", "factory"),),
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
