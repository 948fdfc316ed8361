"""What a target is: data that says which layers it computes rightly, and within which limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from caffe_ir.cost import Work
from caffe_ir.layer import Layer, Shapes


class Only(Struct, frozen=True, kw_only=True):
    """A field may have these values and no others."""

    field: str
    values: tuple[object, ...]
    silent: bool = False
    source: str = ""

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        value = getattr(layer, self.field)
        return "" if value in self.values else f"{self.field} is {value}, where only {list(self.values)} is known"


class AtMost(Struct, frozen=True, kw_only=True):
    """A field, or each number of a tuple, may not exceed a number."""

    field: str
    most: float
    silent: bool = False
    source: str = ""

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        value = getattr(layer, self.field)
        over = max(value, default=0) > self.most if isinstance(value, tuple) else value > self.most
        return f"{self.field} is {value}, and {self.most} is the most" if over else ""


class Never(Struct, frozen=True, kw_only=True):
    """A case that the layer and the shapes of its bottoms decide; `text` says in a sentence what is not possible."""

    text: str
    where: Callable[[Any, Shapes], bool]
    silent: bool = False
    source: str = ""

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        return self.text if self.where(layer, bottoms) else ""


Limit = Only | AtMost | Never
"""`silent`: the target reads such a layer and computes something else. `source`: the trial or document that says so."""


class Verdict(Struct, frozen=True, kw_only=True):
    """Why a target does not compute a layer: it refuses the file, or (`silent`) reads it and computes another thing."""

    why: str
    silent: bool = False
    source: str = ""


class Price(Struct, frozen=True, kw_only=True):
    """What work costs in a target, in nanoseconds of one thread: a multiply-add, a byte read or written, a layer.

    Only the ratios count: they decide between exact ways to write the same thing.
    """

    multiply_add: float = 0.05
    byte: float = 0.1
    layer: float = 1000.0

    def of(self, work: Work) -> float:
        """Nanoseconds for so much work."""
        return work.multiply_adds * self.multiply_add + work.bytes * self.byte + work.layers * self.layer


class Target(Struct, frozen=True, kw_only=True):
    """One reader of Caffe files: `layers` has the types that it reads, each with its limits.

    A type is a class, so that two spellings of one type (`upsample_param { scale }` or `{ stride }`) are two entries.
    """

    name: str
    title: str
    layers: Mapping[type[Layer], tuple[Limit, ...]]
    price: Price = Price()
    engine: str = ""
    """The engine of `convert verify` that is this target, where there is one."""

    def verdict(self, layer: Layer, bottoms: Shapes) -> Verdict | None:
        """What is wrong with a layer on bottoms of these shapes in this target; None where it computes it rightly.

        A limit that makes the target refuse the file counts before one that makes it compute something else.
        """
        if type(layer) not in self.layers:
            return Verdict(why=f"{self.title} has no layer {layer.type_name()}")
        broken = [(limit, why) for limit in self.layers[type(layer)] if (why := limit.broken(layer, bottoms))]
        if not broken:
            return None
        worst = [(limit, why) for limit, why in broken if not limit.silent] or broken
        sources = dict.fromkeys(limit.source for limit, _ in worst if limit.source)
        return Verdict(why="; ".join(why for _, why in worst), silent=worst[0][0].silent, source="; ".join(sources))

    def holds(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target computes the layer rightly."""
        return self.verdict(layer, bottoms) is None
