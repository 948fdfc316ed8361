"""A handler for each type of section that a static net can hold."""

from __future__ import annotations

from collections.abc import Mapping

from converters.darknet.build import Handler
from converters.darknet.sections import (
    combination,
    connected,
    convolution,
    heads,
    identity,
    normalization,
    pooling,
    softmax,
    spatial,
)
from converters.darknet.sections.refused import REFUSED

__all__ = ["HANDLERS", "REFUSED", "merged"]


def merged(*tables: Mapping[str, Handler]) -> dict[str, Handler]:
    """One table out of many. Raises ValueError where two of them have a handler for the same section."""
    handlers: dict[str, Handler] = {}
    for table in tables:
        twice = sorted(handlers.keys() & table.keys())
        if twice:
            raise ValueError(f"two handlers for [{twice[0]}]")
        handlers.update(table)
    return handlers


HANDLERS: Mapping[str, Handler] = merged(
    convolution.HANDLERS,
    connected.HANDLERS,
    pooling.HANDLERS,
    spatial.HANDLERS,
    combination.HANDLERS,
    normalization.HANDLERS,
    softmax.HANDLERS,
    heads.HANDLERS,
    identity.HANDLERS,
)
