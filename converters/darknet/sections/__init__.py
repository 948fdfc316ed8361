"""A handler for each type of section that a static net can hold.

It is called with the section and the net that is built, adds layers with Darknet's meaning and weights in Darknet's
order, and returns the value (batch, channels, height, width) that the section makes; its docstring names the function
of Darknet's source. It raises `build.refusal(...)`, a ConversionError with the section's line, for what has no exact
form; an option that it does not read is reported by itself.
"""

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
