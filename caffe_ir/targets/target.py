"""What a target is: data that says which layers it computes rightly, and within which limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from caffe_ir.cost import Work
from caffe_ir.layer import Layer, Shapes
from caffe_ir.net import Net, Node

Evidence = Literal["run", "source", "document"]
"""How a limit is known: run by us, read in the importer's source code, or stated in a document or report."""
Effect = Literal["refused", "wrong", "slow"]
"""What a target makes of a layer that it does not compute as it should, the worst first."""
_PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_]*")
OldForm = Literal["layers", "input_dim", "input_shape"]
OLD_FORMS: tuple[OldForm, ...] = ("layers", "input_dim", "input_shape")
"""Forms of a prototxt before `layer` and layers of the type Input."""
EFFECTS: tuple[Effect, ...] = ("refused", "wrong", "slow")
_IN_PLACE = "{} in place is not read as it is in Caffe"


class Case(Struct, frozen=True, kw_only=True):
    """Something that a target does not read as Caffe does.

    `silent`: it reads it and computes something else, without a message. `slow`: it computes it rightly, and another
    form many times faster. `source` is the trial, file or document that shows it; `evidence` says which of these it
    is, where that differs from the rest of the target's.
    """

    silent: bool = False
    slow: bool = False
    source: str = ""
    evidence: Evidence | None = None

    @property
    def effect(self) -> Effect:
        return "slow" if self.slow else "wrong" if self.silent else "refused"


class Limit(Case, frozen=True, kw_only=True):
    """A case of one layer type that the target reads."""

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


class Pair(Case, frozen=True, kw_only=True):
    """Two neighbours: a layer of the type `second` that reads what one of the type `first` writes, in some cases."""

    first: type[Layer]
    second: type[Layer]
    text: str
    where: Callable[[Any, Any, Shapes], bool] = lambda first, second, bottoms: True
    """Of both layers and the shapes of the second one's bottoms."""


class NetLimit(Case, frozen=True, kw_only=True):
    """A case that the whole net decides: `where` gives the nodes that break it."""

    text: str
    where: Callable[[Net], Iterable[Node]]


class Spelling(Case, frozen=True, kw_only=True):
    """One of several ways to write a layer type in a file, of one meaning in Caffe, that a target does not read so.

    `where` is asked with the fields of the layer's parameters as the file sets them.
    """

    type_name: str
    text: str
    where: Callable[[Mapping[str, Any]], bool]


class Names(Case, frozen=True, kw_only=True):
    """What the names of layers and blobs must be: `most` characters (0: any number), `plain` ones are identifiers, and
    without blanks.

    With `ends_only` that holds for the inputs and outputs of the net alone; with `like_tops` a layer of
    several tops is called after the first.
    """

    most: int = 0
    plain: bool = False
    blanks: bool = True
    ends_only: bool = False
    like_tops: bool = False

    @property
    def title(self) -> str:
        like = ", or of a layer of several tops that is not called after the first" if self.like_tops else ""
        whose = "names of inputs and outputs" if self.ends_only else "names"
        long = f"of more than {self.most} characters" if self.most else ""
        odd = "with other characters than letters, digits and _, or a digit in front" if self.plain else ""
        blank = "" if self.blanks else "with blanks"
        return f"{whose} {' or '.join(part for part in (long, odd, blank) if part)}{like}"

    def broken(self, name: str) -> bool:
        if self.most and len(name) > self.most:
            return True
        return (self.plain and not _PLAIN.fullmatch(name)) or (not self.blanks and " " in name)


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
    pairs: tuple[Pair, ...] = ()
    net: tuple[NetLimit, ...] = ()
    names: Names | None = None
    in_place: tuple[type[Layer], ...] | None = None
    """The types that it reads where they write into their bottom; None: all that Caffe does."""
    shares_memory: bool = False
    """Its blobs share memory as Caffe's do, so that layers may overwrite views and factors."""
    spellings: tuple[Spelling, ...] = ()
    fields: frozenset[str] = frozenset()
    """The fields beyond those of BVLC Caffe 1.0 that its proto has: `pooling_param.round_mode`, `permute_param`."""
    old_forms: frozenset[OldForm] = frozenset(OLD_FORMS)
    """The forms of older prototxts that it reads."""
    price: Price = Price()
    for_others: bool = False
    """Files for it are for the other targets as well, as far as they can be."""
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

    def evidence_of(self, case: Case) -> Evidence:
        """How a limit of this target is known."""
        return case.evidence or self.evidence

    def holds(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target computes the layer rightly, and fast."""
        return self.verdict(layer, bottoms) is None

    def verdicts(self, net: Net) -> Iterator[tuple[Node, Verdict]]:
        """Each node of a net that the target does not compute as it should, and why."""
        for node in net.nodes:
            bottoms = net.shapes_of(node.bottoms)
            if verdict := self.verdict(node.layer, bottoms):
                yield node, verdict
            for pair in self.pairs:
                if isinstance(node.layer, pair.second) and self._follows(net, node, pair):
                    yield node, self._verdict_of(pair, pair.text)
            if node.in_place and self.in_place is not None and not isinstance(node.layer, self.in_place):
                yield node, Verdict(why=_IN_PLACE.format(node.layer.type_name()), evidence=self.evidence)
            if (names := self.names) is not None and (name := next(_broken_names(net, node, names), "")):
                yield node, self._verdict_of(names, f"{names.title}: {name}")
        for limit in self.net:
            for node in limit.where(net):
                yield node, self._verdict_of(limit, limit.text)

    def misspelled(self, type_name: str, fields: Mapping[str, Any]) -> Iterator[Verdict]:
        """What is wrong with the way in which a file writes a layer, whatever it means."""
        for spelling in self.spellings:
            if spelling.type_name == type_name and spelling.where(fields):
                yield self._verdict_of(spelling, spelling.text)

    def _follows(self, net: Net, node: Node, pair: Pair) -> bool:
        bottoms = net.shapes_of(node.bottoms)
        before = [net.producer(bottom).layer for bottom in node.bottoms]
        return any(isinstance(one, pair.first) and pair.where(one, node.layer, bottoms) for one in before)

    def _verdict_of(self, case: Case, why: str) -> Verdict:
        return Verdict(why=why, effect=case.effect, source=case.source, evidence=self.evidence_of(case))


def _broken_names(net: Net, node: Node, names: Names) -> Iterator[str]:
    tops = [top for top in node.tops if not names.ends_only or net.is_output(top) or not node.bottoms]
    layer = [] if names.ends_only else [node.name]
    if names.like_tops and len(node.tops) > 1 and node.name != node.tops[0]:
        yield node.name
    yield from (name for name in (*layer, *tops) if names.broken(name))
