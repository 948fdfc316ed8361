"""What a target is: data that says which layers it computes rightly, and within which limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from caffe_ir.cost import Work
from caffe_ir.layer import Layer, Shapes
from caffe_ir.net import Net, Node

Evidence = Literal["run", "source", "document"]
"""How a limit is known: run by us, read in the importer's source code, or stated in a document or report."""
Effect = Literal["refused", "wrong", "slow"]
"""What a target makes of a layer that it does not compute as it should, the worst first."""
EFFECTS: tuple[Effect, ...] = ("refused", "wrong", "slow")


class Limit(Struct, frozen=True, kw_only=True):
    """A case in which a target does not compute a layer type that it reads.

    `silent`: it reads such a layer and computes something else, without a message. `slow`: it computes it rightly, and
    another form many times faster. `source` is the trial, file or document that shows it; `evidence` says which of
    these it is, where that differs from the rest of the target's.
    """

    silent: bool = False
    slow: bool = False
    source: str = ""
    evidence: Evidence | None = None

    @property
    def effect(self) -> Effect:
        return "slow" if self.slow else "wrong" if self.silent else "refused"

    @property
    def title(self) -> str:
        """The case in a few words, for a list of limits."""
        raise NotImplementedError

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        """What is wrong with the layer on bottoms of these shapes; empty where the limit is kept."""
        raise NotImplementedError


class Only(Limit, frozen=True, kw_only=True):
    """A field may have these values and no others."""

    field: str
    values: tuple[object, ...]

    @property
    def title(self) -> str:
        return f"{self.field} other than {', '.join(map(str, self.values))}"

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        value = getattr(layer, self.field)
        return "" if value in self.values else f"{self.field} is {value}, where only {list(self.values)} is known"


class AtMost(Limit, frozen=True, kw_only=True):
    """A field, or each number of a tuple, may not exceed a number."""

    field: str
    most: float

    @property
    def title(self) -> str:
        return f"{self.field} above {self.most}"

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        value = getattr(layer, self.field)
        over = max(value, default=0) > self.most if isinstance(value, tuple) else value > self.most
        return f"{self.field} is {value}, and {self.most} is the most" if over else ""


class Never(Limit, frozen=True, kw_only=True):
    """A case that the layer and the shapes of its bottoms decide; `text` says in a sentence what is not possible."""

    text: str
    where: Callable[[Any, Shapes], bool]

    @property
    def title(self) -> str:
        return self.text

    def broken(self, layer: Layer, bottoms: Shapes) -> str:
        return self.text if self.where(layer, bottoms) else ""


class Verdict(Struct, frozen=True, kw_only=True):
    """Why a target does not compute a layer as it should: it refuses the file, or reads it and computes another thing,
    or is slow. `source` shows it, `evidence` is how we know."""

    why: str
    effect: Effect = "refused"
    source: str = ""
    evidence: Evidence = "run"

    @property
    def silent(self) -> bool:
        return self.effect == "wrong"

    @property
    def is_fault(self) -> bool:
        """Whether the target does not compute the layer; a slow one it does."""
        return self.effect != "slow"


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
    evidence: Evidence = "run"
    """How the list of layers and most limits are known."""
    source: str = ""
    """The versions or documents that they were taken from."""

    def verdict(self, layer: Layer, bottoms: Shapes) -> Verdict | None:
        """What is wrong with a layer on bottoms of these shapes in this target; None where it computes it rightly.

        A limit that makes the target refuse the file counts before one that makes it compute something else, and that
        before one that makes it slow.
        """
        if type(layer) not in self.layers:
            return Verdict(
                why=f"{self.title} has no layer {layer.type_name()}", source=self.source, evidence=self.evidence
            )
        broken = [(limit, why) for limit in self.layers[type(layer)] if (why := limit.broken(layer, bottoms))]
        if not broken:
            return None
        effect = min((limit.effect for limit, _ in broken), key=EFFECTS.index)
        worst = [(limit, why) for limit, why in broken if limit.effect == effect]
        return Verdict(
            why="; ".join(why for _, why in worst),
            effect=effect,
            source="; ".join(dict.fromkeys(limit.source for limit, _ in worst if limit.source)),
            evidence=self.evidence_of(worst[0][0]),
        )

    def evidence_of(self, limit: Limit) -> Evidence:
        """How a limit of this target is known."""
        return limit.evidence or self.evidence

    def holds(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target computes the layer rightly, and fast."""
        return self.verdict(layer, bottoms) is None

    def verdicts(self, net: Net) -> Iterator[tuple[Node, Verdict]]:
        """Each node of a net that the target does not compute as it should, and why."""
        for node in net.nodes:
            if verdict := self.verdict(node.layer, net.shapes_of(node.bottoms)):
                yield node, verdict
