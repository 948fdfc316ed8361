"""The ATen operations that have a meaning here: one function each, by family, named as in torch's graph.

An in-place call has the handler of the plain one.

A handler is called with a call of torch's graph and the net that is built, and returns the value that the call makes,
of the shape that torch states (`call.shape`); the formula is that of torch's documentation where it names no other.
It raises `call.refused(...)`, a ConversionError with the line of the user's source, for what has no exact form; an
argument that it does not read, and that is not at its default, is refused by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from converters.pytorch.aten import (
    activation,
    adaptive_pooling,
    arithmetic,
    attention,
    axes,
    convolution,
    elementwise,
    identity,
    index_reduce,
    masks,
    matmul,
    moves,
    normalization,
    order,
    pad,
    pooling,
    powers,
    rearrange,
    recurrent,
    reduction,
    resize,
    running,
    shape,
    writes,
)
from converters.pytorch.aten.hints import HINTS
from converters.pytorch.graph.frontend import Handler

FAMILIES: tuple[Mapping[str, Handler], ...] = (
    activation.HANDLERS,
    adaptive_pooling.HANDLERS,
    arithmetic.HANDLERS,
    attention.HANDLERS,
    axes.HANDLERS,
    convolution.HANDLERS,
    elementwise.HANDLERS,
    identity.HANDLERS,
    index_reduce.HANDLERS,
    masks.HANDLERS,
    matmul.HANDLERS,
    moves.HANDLERS,
    normalization.HANDLERS,
    order.HANDLERS,
    pad.HANDLERS,
    pooling.HANDLERS,
    powers.HANDLERS,
    rearrange.HANDLERS,
    recurrent.HANDLERS,
    reduction.HANDLERS,
    resize.HANDLERS,
    running.HANDLERS,
    shape.HANDLERS,
    writes.HANDLERS,
)


def merged(families: tuple[Mapping[str, Handler], ...]) -> dict[str, Handler]:
    """All handlers in one table. Raises ValueError where two families claim one operation."""
    table: dict[str, Handler] = {}
    for family in families:
        if twice := table.keys() & family.keys():
            raise ValueError(f"two handlers for {', '.join(sorted(twice))}")
        table.update(family)
    return table


HANDLERS = merged(FAMILIES)

__all__ = ["FAMILIES", "HANDLERS", "HINTS", "merged"]
