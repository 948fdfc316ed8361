"""Tries every form of a node, and prices each by the layers that it builds, forms within forms included.

Nets repeat themselves, and forms are built of the same few layers: what is chosen for a layer without weights follows
from the shapes of its bottoms and what it is part of, and is looked for once. A further layer of that kind is built in
the form that was taken, and in no other; as part of another form it is not even built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import prod

from msgspec import Struct, field

from caffe_ir.cost import work
from caffe_ir.error_kinds.targets import NO_EXACT_FORM
from caffe_ir.errors import ConversionError, Problem, ShapeError
from caffe_ir.forms import Form
from caffe_ir.forms.form import unknown
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import BVLC
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.legalize.choice import AS_IT_IS, WRONG, Choice, Priced, Share, broken, of_both
from caffe_ir.passes.legalize.weighing import Weighing
from caffe_ir.replacement import Replacement
from caffe_ir.targets.target import Target, Verdict

Kinds = frozenset[type[Layer]]
Alike = tuple[Layer, Shapes, tuple[int, ...], int, Kinds, Share]
"""What a choice follows from: the layer, the shapes of its bottoms and which of them are the same blob, its tops, what
it is part of, and its share of its kind."""

SLOWER = 10
"""Times what its work costs: a layer of which the target says that it is slow."""


class NoForm(ConversionError):
    """No form writes a layer; `brief` says it without the forms that were tried, for who tried it as a part of one."""

    def __init__(self, problem: Problem, *, brief: str) -> None:
        self.brief = brief
        super().__init__(problem)


class Chooser(Struct, kw_only=True):
    """Chooses forms for the nodes of one net; remembers what layers cost on given shapes."""

    net: Net
    target: Target
    forms: Mapping[type[Layer], tuple[Form, ...]]
    weighing: Weighing
    known: dict[tuple[Layer, Shapes], Priced] = field(default_factory=dict)
    chosen: dict[Alike, tuple[Form, Priced]] = field(default_factory=dict)
    """The forms taken for layers without weights."""
    counts: Counter[type[Layer]] = field(default_factory=Counter)
    """The layers of the net as it came, by kind."""
    made: Counter[type[Layer]] = field(default_factory=Counter)
    """The numbers that they make."""
    images: int = 1
    """How many the net takes at once."""
    others: frozenset[str] = frozenset()
    """Other targets that the files are for: a layer that one of them does not compute is written otherwise too."""
    compilers: frozenset[str] = frozenset()
    """Compilers, of which the same holds where they get a layer wrong in silence."""
    lost: frozenset[str] = frozenset()
    """Other targets that refuse the net anyway: what they make of its layers does not count."""

    def asks(self, node: Node, bottoms: Shapes) -> bool:
        """Whether a layer has forms, and the target, or another one that the files are for, does not compute it.

        A compiler counts where it gets the layer wrong in silence.

        One that shares weights with another layer, or works in place so as to write them, stays as it is.
        """
        if type(node.layer) not in self.forms:
            return False
        if self._verdict(node.layer, bottoms) is not None:
            return True
        shares = bool(node.param_names) or node.in_place
        if shares or not self.target.for_others:
            return False
        _, breaks, _ = self._priced_layer(node.layer, bottoms)
        return any(name in self.others or (fault == WRONG and name in self.compilers) for name, fault in breaks.items())

    def best(self, old: Replacement, within: Kinds = frozenset(), share: Share | None = None) -> Choice:
        """The form to take for a node. Raises ConversionError with the reason of each where none will do.

        `within` are the kinds of layers that are being written by this one; a form may not lead back to them. `share`
        is what a layer of the first of them is of all of its kind. A layer that the target computes is a form of
        itself; one that it computes slowly, where there is no other.
        """
        share = share or self.share(old.old)
        alike = self._alike(old, within, share)
        if alike is None:
            return self._searched(old, within, share)
        if alike in self.chosen:
            return self._again(old, *self.chosen[alike])
        choice = self._searched(old, within, share)
        self.chosen[alike] = choice.form, choice.priced
        return choice

    def _alike(self, old: Replacement, within: Kinds, share: Share) -> Alike | None:
        """What the choice for a node follows from; None where its weights or its neighbours take part in it."""
        node = old.old
        if node.blobs or node.param_names or any(form.sees_neighbours for form in self.forms[type(node.layer)]):
            return None
        if any(map(self.net.is_output, node.tops)):
            return None
        places = tuple(map(node.bottoms.index, node.bottoms))
        return node.layer, old.shapes_of(node.bottoms), places, len(node.tops), within, share

    def _again(self, old: Replacement, form: Form, priced: Priced) -> Choice:
        """The choice for a node that is like one before."""
        if form is AS_IT_IS:
            return self._kept(old)
        new = _afresh(old)
        form.build(new)
        return Choice(form=form, new=new, cost=priced[0], breaks=priced[1], loss=priced[2])

    def _searched(self, old: Replacement, within: Kinds, share: Share) -> Choice:
        node, tried, refused = old.old, list[Choice](), list[tuple[Form, Exception]]()
        kind, bottoms = type(node.layer), old.shapes_of(node.bottoms)
        verdict = self._verdict(node.layer, bottoms)
        if verdict is None:
            tried.append(self._kept(old))
        forms = () if verdict is None and kind in within else self.forms[kind]
        for form, least in self._by_least(forms, old):
            if least and self.weighing.rules_out(least, tried, share):
                continue
            new = _afresh(old)
            try:
                if reason := form.build(new):
                    raise ShapeError(reason)
                new.infer()
                alone = len(forms) == 1 and not within and verdict is not None
                cost, breaks, loss = (0.0, {}, 0.0) if alone else self._priced(new, within | {kind}, share)
                loss = max(loss, form.loss(node.layer))
                tried.append(Choice(form=form, new=new, cost=cost, breaks=breaks, loss=loss))
            except (ConversionError, ShapeError) as error:
                refused.append((form, error))
        if not tried and verdict and not verdict.is_fault:
            return self._kept(old)
        if not tried:
            raise self._no_form(old, refused)
        tried.sort(key=lambda one: -1 if one.kept else forms.index(one.form))
        return tried[0] if len(tried) == 1 else self.weighing.best(tried, share)

    def refusing(self, nodes: Iterable[Node]) -> frozenset[str]:
        """The other targets that refuse one of some layers, in its best form where it is not written yet."""
        found = set[str]()
        for node in nodes:
            bottoms = self.net.shapes_of(node.bottoms)
            with suppress(ConversionError):  # which is reported where the node is written
                if self.asks(node, bottoms):
                    breaks = self.best(Replacement(net=self.net, old=node)).breaks
                else:
                    _, breaks, _ = self._priced_layer(node.layer, bottoms)
                found.update(name for name, fault in breaks.items() if fault != WRONG)
        return frozenset(found)

    def _by_least(self, forms: tuple[Form, ...], old: Replacement) -> list[tuple[Form, float]]:
        """The forms with what each costs at least: the one first that may cost least."""
        if all(form.least is unknown for form in forms):
            return [(form, 0.0) for form in forms]
        priced = [(form, self.weighing.price.of(form.least(old))) for form in forms]
        return sorted(priced, key=lambda one: one[1])

    def share(self, node: Node) -> Share:
        """What a layer is of all of its kind in the net as it came."""
        kind = type(node.layer)
        numbers = _numbers(self.net, node) / max(1, self.made[kind])
        return Share(layers=1 / max(1, self.counts[kind]), numbers=min(1.0, numbers))

    def _kept(self, old: Replacement) -> Choice:
        cost, breaks, loss = self._priced_layer(old.old.layer, old.shapes_of(old.old.bottoms))
        return Choice(form=AS_IT_IS, new=old, cost=cost, breaks=breaks, loss=loss, kept=True)

    def _no_form(self, old: Replacement, refused: list[tuple[Form, Exception]]) -> ConversionError:
        """Why a node cannot be written: of a layer of Caffe's own the target's reason, then that of each form."""
        if len(refused) == 1 and isinstance(refused[0][1], ConversionError):
            return refused[0][1]
        node, target = old.old, self.target
        why = "; ".join(
            f"{form.name}: {error.brief if isinstance(error, NoForm) else error}" for form, error in refused
        )
        verdict = self._verdict(node.layer, old.shapes_of(node.bottoms))
        what = brief = f"{node.name} ({node.layer}) cannot be written for {target.title}"
        if verdict and type(node.layer) in BVLC:
            why = f"{verdict.why}; other ways to write it: {why}" if why else verdict.why
            brief = f"{what} ({verdict.why})"
        return NoForm(Problem(kind=NO_EXACT_FORM, what=what, why=why, origin=node.origin), brief=brief)

    def _priced(self, new: Replacement, within: Kinds, share: Share) -> Priced:
        """The cost of what a form built, and whom it breaks, what has to be written in forms again included."""
        cost, breaks, loss = 0.0, dict[str, int](), 0.0
        for node in new.nodes:
            bottoms = new.shapes_of(node.bottoms)
            if verdict := self._hopeless(node.layer, bottoms):
                raise ShapeError(verdict.why)
            if not self.asks(node, bottoms):
                one = self._priced_layer(node.layer, bottoms)
            elif type(node.layer) in within and self.is_refused(node.layer, bottoms):
                raise ShapeError(f"it would be written with {node.layer.type_name()} again")
            else:
                one = self._priced_part(_part_of(new, node), within, share)
            cost += one[0]
            breaks = of_both(breaks, one[1])
            loss = max(loss, one[2])
        return cost, breaks, loss

    def _priced_part(self, part: Replacement, within: Kinds, share: Share) -> Priced:
        """The cost of a layer of a form that is itself written in forms, and whom it breaks there."""
        alike = self._alike(part, within, share)
        known = self.chosen.get(alike) if alike else None
        return known[1] if known else self.best(part, within, share).priced

    def _verdict(self, layer: Layer, bottoms: Shapes) -> Verdict | None:
        return self.target.verdict(layer, bottoms, self.images)

    def is_refused(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target does not compute a layer at all; a slow one it does."""
        verdict = self._verdict(layer, bottoms)
        return verdict is not None and verdict.is_fault

    def _hopeless(self, layer: Layer, bottoms: Shapes) -> Verdict | None:
        """What the target says of a layer that it does not compute, and that no form writes otherwise."""
        if type(layer) in self.forms or not self.is_refused(layer, bottoms):
            return None
        return self._verdict(layer, bottoms)

    def _priced_layer(self, layer: Layer, bottoms: Shapes) -> Priced:
        if (layer, bottoms) not in self.known:
            verdict = self._verdict(layer, bottoms)
            times = SLOWER if verdict and verdict.effect == "slow" else 1
            cost = times * self.weighing.price.of(work(layer, bottoms))
            breaks = broken(layer, bottoms, self.images, self.target)
            self.known[layer, bottoms] = (cost, {name: breaks[name] for name in breaks.keys() - self.lost}, 0.0)
        return self.known[layer, bottoms]


def _afresh(old: Replacement) -> Replacement:
    """An empty one for the same node."""
    return Replacement(
        net=old.net, old=old.old, shapes=dict(old.shapes), free_names=FreeNames(set(old.free_names.taken))
    )


def _part_of(new: Replacement, node: Node) -> Replacement:
    """One for a node that was built: it sees the blobs of that alone, as a form may have built thousands."""
    blobs = {blob: new.shapes[blob] for blob in (*node.bottoms, *node.tops) if blob in new.shapes}
    return Replacement(net=new.net, old=node, shapes=blobs, free_names=FreeNames(set(blobs)))


def _numbers(net: Net, node: Node) -> int:
    return sum(map(prod, net.shapes_of(node.tops)))


def made_by_kind(net: Net) -> Counter[type[Layer]]:
    """The numbers that the layers of each kind make together."""
    made = Counter[type[Layer]]()
    for node in net.nodes:
        made[type(node.layer)] += _numbers(net, node)
    return made
