"""What a target is: data that says which layers it computes rightly, and within which limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import DIALECTS, FORK_PARAMS, LAYERS
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.limits import EFFECTS, Case, Effect, Evidence, Limit, Names, NetLimit, Pair, Spelling
from caffe_ir.targets.price import Price
from caffe_ir.targets.stored import UNTRIED, Stored, WeightsLimit

OldForm = Literal["layers", "input_dim", "input_shape"]
OLD_FORMS: tuple[OldForm, ...] = ("layers", "input_dim", "input_shape")
"""Forms of a prototxt before `layer` and layers of the type Input."""
_IN_PLACE = "{} in place is not read as it is in Caffe"


class Verdict(Struct, frozen=True, kw_only=True):
    """Why a target does not compute a layer as it should: it refuses the file, or reads it and computes another thing,
    or is slow. `source` shows it, `evidence` is how we know. `of_weights`: due to the weights as Caffe writes them."""

    why: str
    effect: Effect = "refused"
    source: str = ""
    evidence: Evidence = "run"
    of_weights: bool = False

    @property
    def silent(self) -> bool:
        return self.effect == "wrong"

    @property
    def is_fault(self) -> bool:
        """Whether the target does not compute the layer; a slow one, or one whose rows are others, it does."""
        return self.effect in ("refused", "wrong")


class Target(Struct, frozen=True, kw_only=True):
    """One reader of Caffe files: `layers` has the types that it reads, each with its limits.

    A type is a class, so that two spellings of one type (`upsample_param { scale }` or `{ stride }`) are two entries.
    """

    name: str
    title: str
    layers: Mapping[type[Layer], tuple[Limit, ...]]
    every: tuple[Limit, ...] = ()
    """Limits of all of them."""
    pairs: tuple[Pair, ...] = ()
    net: tuple[NetLimit, ...] = ()
    names: Names | None = None
    in_place: tuple[type[Layer], ...] | None = None
    """The types that it reads where they write into their bottom; None: all that Caffe does."""
    leaves_out: Callable[[Net, Node], bool] | None = None
    """Where it leaves out a layer of a type that it does not have, and says nothing; elsewhere it refuses the file."""
    shares_memory: bool = False
    """Its blobs share memory as Caffe's do, so that layers may overwrite views and factors."""
    spellings: tuple[Spelling, ...] = ()
    said: Mapping[type[Layer], tuple[str, ...]] = {}
    """The fields that files for it set even where they have Caffe's default."""
    fields: frozenset[str] = frozenset()
    """The fields beyond those of BVLC Caffe 1.0 that its proto has besides the messages of the forks' layers that it
    lists: `pooling_param.round_mode`, and `permute_param` where it parses a Permute and computes none."""
    old_forms: frozenset[OldForm] = frozenset(OLD_FORMS)
    """The forms of older prototxts that it reads."""
    weights: tuple[WeightsLimit, ...] = UNTRIED
    """What it does not read of a caffemodel that does not hold just what Caffe writes."""
    old_weights: bool = True
    """It reads weights in the form of before 2014, `layers`."""
    hdf5: Effect | None = "refused"
    """What it makes of weights in HDF5; None: it reads them."""
    price: Price = Price()
    for_others: bool = False
    """Files for it are for the other targets as well, as far as they can be."""
    for_converters: bool = False
    """Of those also for the old converters, which refuse much."""
    engine: str = ""
    """The engine of `convert verify` that is this target, where there is one."""
    evidence: Evidence = "run"
    """How the list of layers and most limits are known."""
    source: str = ""
    """The versions or documents that they were taken from."""
    listed: bool = True
    """Whether there is a list of its layers; else the layers here are those of another target."""

    def verdict(
        self, layer: Layer, bottoms: Shapes, images: int | None = None, around: tuple[Net, Node] | None = None
    ) -> Verdict | None:
        """What is wrong with a layer on bottoms of these shapes in this target; None where it computes it rightly.

        `images` is how many the net takes at once (`Net.images`); without it those of the first bottom. `around` is the
        net with its node for the layer, where that is known: some limits do not hold everywhere.

        A limit that makes the target refuse the file counts before one that makes it compute something else, and that
        before one that makes it slow.
        """
        if type(layer) not in self.layers:
            if self.takes_otherwise(layer):
                why = f"{self.title} takes {layer.type_name()} for another layer"
                return Verdict(why=why, effect="wrong", source=self.source, evidence=self.evidence)
            of_the_type = any(kind.type_name() == layer.type_name() for kind in self.layers)
            why = f"{self.title} has no layer {layer.type_name()}"
            if layer.variant and of_the_type:
                why = f"{why} {{ {layer.variant} }}"
            elif around and self.leaves_out and self.leaves_out(*around):
                why = f"{why}, and leaves it out without a message"
                return Verdict(why=why, effect="wrong", source=self.source, evidence=self.evidence)
            return Verdict(why=why, source=self.source, evidence=self.evidence)
        if images is None:
            images = bottoms[0][0] if bottoms and bottoms[0] else 1
        broken = [
            (limit, why)
            for limit in (*self.layers[type(layer)], *self.every)
            if (why := limit.broken(layer, bottoms, images)) and not (around and limit.unless(*around))
        ]
        return self._worst(broken)

    def weights_verdict(self, stored: Stored) -> Verdict | None:
        """What is wrong with the weights that a file holds for a layer; None where the target reads them rightly."""
        return self._worst([(limit, limit.case.text) for limit in self.weights if limit.case.where(stored)])

    def takes_otherwise(self, layer: Layer) -> bool:
        """Whether it has a layer of this type that computes something else."""
        alike = DIALECTS.get(layer.type_name(), ())
        return type(layer) in alike and LAYERS[layer.type_name()] in self.layers

    def meaning(self, type_name: str) -> type[Layer] | None:
        """What it takes a type for that others take for something else; None where it takes it as they do."""
        return next((kind for kind in DIALECTS.get(type_name, ()) if kind in self.layers), None)

    def evidence_of(self, case: Case) -> Evidence:
        """How a limit of this target is known."""
        return case.evidence or self.evidence

    @property
    def parsed_fields(self) -> frozenset[str]:
        """All fields beyond those of BVLC Caffe 1.0 that its proto has."""
        return self.fields | {kind.param for kind in self.layers if kind.param in FORK_PARAMS}

    def holds(self, layer: Layer, bottoms: Shapes, images: int | None = None) -> bool:
        """Whether the target computes the layer rightly, and fast."""
        return self.verdict(layer, bottoms, images) is None

    def verdicts(self, net: Net) -> Iterator[tuple[Node, Verdict]]:
        """Each node of a net that the target does not compute as it should, and why.

        Of a layer of a type that it lacks, or does not read in place, no more is said than that it is refused: not that
        it is computed otherwise.
        """
        refused = set[str]()
        images = net.images
        for node in net.nodes:
            bottoms = net.shapes_of(node.bottoms)
            if verdict := self.verdict(node.layer, bottoms, images, (net, node)):
                yield node, verdict
            for pair in self.pairs:
                if isinstance(node.layer, pair.second) and self._follows(net, node, pair):
                    yield node, self._verdict_of(pair, pair.text)
            if type(node.layer) not in self.layers and verdict and not verdict.silent:
                refused.add(node.name)
            elif node.in_place and self.in_place is not None and not isinstance(node.layer, self.in_place):
                refused.add(node.name)
                yield node, Verdict(why=_IN_PLACE.format(node.layer.type_name()), evidence=self.evidence)
            if (names := self.names) is not None and (name := next(_broken_names(net, node, names), "")):
                why = names.title if name == node.name else f"{names.title}: {name}"
                yield node, self._verdict_of(names, why)
        for limit in self.net:
            for node in limit.where(net):
                if not (limit.silent and node.name in refused):
                    yield node, self._verdict_of(limit, limit.text)

    def mistaken(self, net: Net) -> frozenset[str]:
        """The names of the nodes that break a limit of whole nets, in a net of which it refuses no layer by itself.

        Where a view helps, that is another matter: see `joined`.
        """
        broken = frozenset(node.name for limit in self.net if not limit.apart for node in limit.where(net))
        verdicts = (self.verdict(one.layer, net.shapes_of(one.bottoms), net.images) for one in net.nodes)
        refused = broken and any(verdict.effect == "refused" for verdict in verdicts if verdict)
        return frozenset() if refused else broken

    def joined(self, net: Net) -> Mapping[str, frozenset[int]]:
        """The nodes that views in front of some of their bottoms keep from being joined wrongly with what they read: by
        their names, the places of those bottoms."""
        pairs = [pair for pair in self.pairs if pair.apart]
        found = {
            node.name: frozenset((0,))
            for node in net.nodes
            for pair in pairs
            if isinstance(node.layer, pair.second) and self._follows(net, node, pair)
        }
        for limit in self.net:
            for node in limit.where(net) if limit.apart else ():
                found[node.name] = found.get(node.name, frozenset()) | frozenset(limit.places(net, node))
        return found

    def spelled(self, layer: Layer) -> dict[str, Any]:
        """The fields of a layer's parameters as a file for this target sets them."""
        return {**{name: getattr(layer, name) for name in self.said.get(type(layer), ())}, **layer.spelled()}

    def misspelled(self, type_name: str, fields: Mapping[str, Any]) -> Iterator[Verdict]:
        """What is wrong with the way in which a file writes a layer, whatever it means."""
        for spelling in self.spellings:
            if spelling.type_name == type_name and spelling.where(fields):
                yield self._verdict_of(spelling, spelling.text)

    def _follows(self, net: Net, node: Node, pair: Pair) -> bool:
        bottoms = net.shapes_of(node.bottoms)
        before = [net.producer(bottom).layer for bottom in node.bottoms]
        return any(isinstance(one, pair.first) and pair.where(one, node.layer, bottoms) for one in before)

    def _worst(self, broken: Sequence[tuple[Case, str]]) -> Verdict | None:
        """One verdict of several limits and why each is broken: of those with the worst effect."""
        if not broken:
            return None
        effect = min((case.effect for case, _ in broken), key=EFFECTS.index)
        worst = [(case, why) for case, why in broken if case.effect == effect]
        return Verdict(
            why="; ".join(why for _, why in worst),
            effect=effect,
            source="; ".join(dict.fromkeys(case.source for case, _ in worst if case.source)),
            evidence=self.evidence_of(worst[0][0]),
            of_weights=all(case.of_weights for case, _ in worst),
        )

    def _verdict_of(self, case: Case, why: str) -> Verdict:
        return Verdict(why=why, effect=case.effect, source=case.source, evidence=self.evidence_of(case))


def _broken_names(net: Net, node: Node, names: Names) -> Iterator[str]:
    tops = [top for top in node.tops if not names.ends_only or net.is_output(top) or not node.bottoms]
    layer = [] if names.ends_only else [node.name]
    tops = [] if names.layers_only else tops
    if names.small_ends and node.name != node.name.lower() and any(map(net.is_output, node.tops)):
        yield node.name
    yield from (name for name in (*layer, *tops) if names.broken(name))
