"""What a manifest may say of a model: the options of the convert commands, by name, with their types."""

from __future__ import annotations

from collections.abc import Container, Mapping
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
        one.name: replace(
            one,
            option=replace(one.option, sources=_both(one.option.sources, sources)),
            default=one.default if one.option.manifest_default is None else one.option.manifest_default,
        )
        for one in declared(kind)
        if one.option.in_manifest
    }


def _both(some: Container[str], others: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple(source for source in others if source in some)


KINDS: dict[type[Struct], tuple[Source, ...]] = {
    ModelKeys: _BOTH,
    CaffeOptions: _BOTH,
    OutputOptions: _BOTH,
    VerifyOptions: _BOTH,
    DarknetOptions: ("darknet",),
    PyTorchOptions: ("pytorch",),
}
"""The structs that declare the keys, each with whose models it is for. Of two keys of a name the first counts."""

OPTIONS: dict[str, Declared] = {
    name: one for kind, sources in reversed(KINDS.items()) for name, one in _declared(kind, sources).items()
}
"""Every key that [defaults] and the tables of the models may have."""

USUAL: dict[str, Any] = {key: one.default for key, one in OPTIONS.items() if one.option.manifest_default is not None}
"""What a manifest that does not say it means, where the commands mean something else."""

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
