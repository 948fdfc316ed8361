"""What a form is: one exact way to write a layer that a target does not hold."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from caffe_ir.cost import Work
from caffe_ir.layer import Layer
from caffe_ir.replacement import Replacement


def exact(layer: Layer) -> float:
    """The loss of a form that adds no rounding worth the name."""
    return 0.0


def unknown(new: Replacement) -> Work:
    """The least work of a form of which nothing is known before it is built."""
    return Work()


class Form(Struct, frozen=True, kw_only=True):
    """`build` adds the nodes that compute `new.old`, or gives the reason why this form does not apply there.

    What it builds may hold layers that have forms of their own. Everything else follows from the nodes: what they
    cost, and whether the target computes them rightly. `name` is what the user reads.
    """

    name: str
    build: Callable[[Replacement], str]
    loss: Callable[[Layer], float] = exact
    """What float32 loses by this form, relative to the largest value: 2e-3 for (x - 65504) + 65504."""
    error: float = 0.0
    """What it is off by at most where it is not an equality but a formula, of any value of the layer."""
    least: Callable[[Replacement], Work] = unknown
    """Work that what it builds does at least, where that can be said without building it: a form of very many parts is
    not built where that alone costs more than another one."""
    sees_neighbours: bool = False
    """What it builds depends on other nodes of the net as well, so that it is tried anew for each layer."""
