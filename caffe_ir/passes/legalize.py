"""Layers that the target does not compute -> the form of them that costs least there.

Every form is tried: it builds its nodes, and what it costs and who computes it wrongly follow from these. What they
hold that the target lacks is written in a form of its own, and priced as such. Forms that differ by less than 1 % of
the net's cost, for all layers of their kind together, or by less than calling a layer, are equal: of those the one is
taken that the fewest other targets get wrong. Files that are for other targets as well (`Target.for_others`) may cost
more for that, and a layer that the target computes and another one does not is written in one of its forms too, or
stays as it is. Of what a form holds, old converters (`CONVERTERS`) count where they get it wrong in silence, not where
they refuse it. Of that a form is no equal that holds much more memory than another one of no higher cost. A form that
loses digits in float32 is taken only where every other one loses them too.

(A conversion target, and patterns with a benefit each, are MLIR's idea: mlir/Transforms/DialectConversion.h.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import prod

from msgspec import Struct, field

from caffe_ir.cost import FLOAT, work
from caffe_ir.error_kinds.targets import NO_EXACT_FORM
from caffe_ir.errors import ConversionError, Note, Problem, Problems, ShapeError
from caffe_ir.forms import FORMS, Form
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import BVLC
from caffe_ir.memory import held
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CONVERTERS, WIDESPREAD
from caffe_ir.targets.target import Target, Verdict

EQUAL = 0.01
"""Of the net's cost: what all layers of a kind may cost more in a form that more targets compute rightly."""
REFUSAL = 0.02
"""The same where the files are for other targets as well, in a form that one of them fewer refuses."""
UNTRUTH = 1.0
"""The same in a form that one of them fewer gets wrong in silence."""
TIMES, LARGER = 3, 0.05
"""A form is out that holds more than so many times what another one does, for no lower cost, and by so much of the
net's blobs more, for all layers of its kind together."""
CALL = 0.5
"""Of a layer's price: such a difference counts in no net, however small it is."""
CLOSE = 2e-6
"""What float32 may lose by a form, of the largest value: a few roundings."""

Kinds = frozenset[type[Layer]]
Breaks = Mapping[str, int]
"""Other targets that do not compute a form, by name: REFUSED, or WRONG where they get it wrong in silence; UNCOUNTED
where an old converter refuses it. Of several layers the least counts: what is refused is not computed wrongly."""
UNCOUNTED, REFUSED, WRONG = 0, 1, 2
AS_IT_IS = Form(name="as it is", build=lambda new: "")

Priced = tuple[float, Breaks, float]
"""The cost in nanoseconds, the other targets that it breaks, and what float32 loses."""


class Choice(Struct, frozen=True, kw_only=True):
    """A form at its place: what it built, its cost in nanoseconds, and the other targets that it breaks."""

    form: Form
    new: Replacement
    cost: float
    breaks: Breaks
    loss: float
    """What float32 loses by it and by the forms of what it built."""
    kept: bool = False
    """The layer stays as it is."""

    @property
    def held(self) -> int:
        """The numbers in the blobs that it makes itself, views and what is overwritten left out."""
        made = (node for node in self.new.nodes if not node.layer.is_view and not node.in_place)
        return sum(prod(shape) for node in made for shape in self.new.shapes_of(node.tops))

    def commit(self) -> None:
        """Put what was built in the place of the layer."""
        if not self.kept:
            self.new.commit()

    def notes(self) -> list[Note]:
        """What to say of it: the form's own words, or its name."""
        if self.kept or self.new.notes or not self.new.nodes:
            return self.new.notes
        old = self.new.old
        return [Note(kind="lowered", text=f"{old.layer} -> {self.form.name}", origin=old.origin)]


class Chooser(Struct, kw_only=True):
    """Chooses forms for the nodes of one net; remembers what layers cost on given shapes."""

    net: Net
    target: Target
    forms: Mapping[type[Layer], tuple[Form, ...]]
    known: dict[tuple[Layer, Shapes], Priced] = field(default_factory=dict)
    counts: Counter[type[Layer]] = field(default_factory=Counter)
    """The layers of the net as it came, by kind."""
    whole: list[float] = field(default_factory=list)
    """What they cost together in nanoseconds, once it was asked for."""
    held: list[int] = field(default_factory=list)
    """The numbers in its blobs, once they were asked for."""

    def asks(self, node: Node, bottoms: Shapes) -> bool:
        """Whether a layer has forms, and the target, or another one that the files are for, does not compute it.

        One that shares weights with another layer, or works in place so as to write them, stays as it is.
        """
        if type(node.layer) not in self.forms:
            return False
        if not self.target.holds(node.layer, bottoms):
            return True
        shares = bool(node.param_names) or node.in_place
        if shares or not self.target.for_others:
            return False
        _, breaks, _ = self._priced_layer(node.layer, bottoms)
        return any(other.name in breaks for other in WIDESPREAD)

    def best(self, old: Replacement, within: Kinds = frozenset(), share: float = 0.0) -> Choice:
        """The form to take for a node. Raises ConversionError with the reason of each where none will do.

        `within` are the kinds of layers that are being written by this one; a form may not lead back to them. `share`
        is what a layer of the first of them is of all of its kind. A layer that the target computes is a form of
        itself; one that it computes slowly, where there is no other.
        """
        node, tried, refused = old.old, list[Choice](), list[tuple[Form, Exception]]()
        kind, bottoms = type(node.layer), old.shapes_of(node.bottoms)
        share, verdict = share or self.share(kind), self.target.verdict(node.layer, bottoms)
        if verdict is None:
            tried.append(self._kept(old))
        forms = () if verdict is None and kind in within else self.forms[kind]
        for form in forms:
            new = Replacement(net=self.net, old=node, shapes=dict(old.shapes), taken=set(old.taken))
            try:
                if reason := form.build(new):
                    raise ShapeError(reason)
                new.shapes_of(top for node in new.nodes for top in node.tops)
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
        return tried[0] if len(tried) == 1 else self._cheapest(tried, share)

    def share(self, kind: type[Layer]) -> float:
        """What a layer of a kind is of all of its kind in the net."""
        return 1 / max(1, self.counts[kind])

    def _kept(self, old: Replacement) -> Choice:
        cost, breaks, loss = self._priced_layer(old.old.layer, old.shapes_of(old.old.bottoms))
        return Choice(form=AS_IT_IS, new=old, cost=cost, breaks=breaks, loss=loss, kept=True)

    def _no_form(self, old: Replacement, refused: list[tuple[Form, Exception]]) -> ConversionError:
        """Why a node cannot be written: the reason of each form; of a layer of Caffe's own, the target's."""
        if len(refused) == 1 and isinstance(refused[0][1], ConversionError):
            return refused[0][1]
        node, target = old.old, self.target
        why = "; ".join(f"{form.name}: {error}" for form, error in refused)
        if type(node.layer) in BVLC:
            verdict = target.verdict(node.layer, old.shapes_of(node.bottoms))
            why = verdict.why if verdict else why
        what = f"{node.name} ({node.layer}) cannot be written for {target.title}"
        return ConversionError(Problem(kind=NO_EXACT_FORM, what=what, why=why, origin=node.origin))

    def _cheapest(self, tried: list[Choice], share: float) -> Choice:
        tried = [one for one in tried if one.loss <= CLOSE] or tried
        room = LARGER * share * self._held()
        tried = [one for one in tried if not any(self._saves(other, one, room) for other in tried)]
        if self.target.for_others:
            return min(tried, key=lambda one: self._burden(one, share))
        least = min(one.cost for one in tried)
        equal = [one for one in tried if one.cost <= least + self._part(EQUAL * share)]
        return min(equal, key=lambda one: (sum(one.breaks.values()), one.cost))

    def _held(self) -> int:
        """The numbers in all blobs of the net as it came."""
        if not self.held:
            self.held.append(held(self.net).blobs // FLOAT)
        return self.held[0]

    @staticmethod
    def _saves(other: Choice, one: Choice, room: float) -> bool:
        """Whether another form costs no more, and holds so much less that who refuses it does not count.

        Who gets it wrong in silence does.
        """
        much = max(TIMES * other.held, other.held + room)
        as_true = all(one.breaks.get(name) == WRONG for name, fault in other.breaks.items() if fault == WRONG)
        return as_true and not (one.kept or other.kept) and other.cost <= one.cost and one.held > much

    def _burden(self, one: Choice, share: float) -> float:
        """The cost of a form, and what its faults elsewhere would be worth."""
        if not one.breaks:
            return one.cost
        faults = Counter(one.breaks.values())
        return one.cost + faults[REFUSED] * self._part(REFUSAL * share) + faults[WRONG] * self._part(UNTRUTH * share)

    def _part(self, share: float) -> float:
        """Nanoseconds that are a share of the net's, or what does not count in any."""
        price = self.target.price
        if not self.whole:
            costs = (price.of(work(node.layer, self.net.shapes_of(node.bottoms))) for node in self.net.nodes)
            self.whole.append(sum(costs))
        return max(share * self.whole[0], CALL * price.layer)

    def _priced(self, new: Replacement, within: Kinds, share: float) -> Priced:
        """The cost of what a form built, and whom it breaks, what has to be written in forms again included."""
        cost, breaks, loss = 0.0, dict[str, int](), 0.0
        for node in new.nodes:
            bottoms = new.shapes_of(node.bottoms)
            if verdict := self._hopeless(node.layer, bottoms):
                raise ShapeError(verdict.why)
            if not self.asks(node, bottoms):
                one = self._priced_layer(node.layer, bottoms)
            elif type(node.layer) in within and self.is_refused(node.layer, bottoms):
                raise ShapeError(f"it leads back to {node.layer.type_name()}")
            else:
                inner = Replacement(net=self.net, old=node, shapes=new.shapes, taken=new.taken)
                choice = self.best(inner, within, share)
                one = (choice.cost, choice.breaks, choice.loss)
            cost += one[0]
            breaks = _of_both(breaks, one[1])
            loss = max(loss, one[2])
        return cost, breaks, loss

    def is_refused(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target does not compute a layer at all; a slow one it does."""
        verdict = self.target.verdict(layer, bottoms)
        return verdict is not None and verdict.is_fault

    def _hopeless(self, layer: Layer, bottoms: Shapes) -> Verdict | None:
        """What the target says of a layer that it does not compute, and that no form writes otherwise."""
        if type(layer) in self.forms or not self.is_refused(layer, bottoms):
            return None
        return self.target.verdict(layer, bottoms)

    def _priced_layer(self, layer: Layer, bottoms: Shapes) -> Priced:
        if (layer, bottoms) not in self.known:
            cost = self.target.price.of(work(layer, bottoms))
            self.known[layer, bottoms] = (cost, _broken(layer, bottoms, self.target), 0.0)
        return self.known[layer, bottoms]


def _broken(layer: Layer, bottoms: Shapes, target: Target) -> Breaks:
    breaks = dict[str, int]()
    for others, refused in ((WIDESPREAD, REFUSED), (CONVERTERS, UNCOUNTED)):
        verdicts = {other.name: other.verdict(layer, bottoms) for other in others if other is not target}
        faults = {name: verdict for name, verdict in verdicts.items() if verdict and verdict.is_fault}
        breaks.update({name: WRONG if verdict.silent else refused for name, verdict in faults.items()})
    return breaks


def _of_both(first: Breaks, second: Breaks) -> dict[str, int]:
    return {name: min(first.get(name, WRONG), second.get(name, WRONG)) for name in first.keys() | second.keys()}


def _run(net: Net, context: Context) -> None:
    counts = Counter(type(node.layer) for node in net.nodes)
    chooser = Chooser(net=net, target=context.target, forms=FORMS, counts=counts)
    problems, none = Problems(), Kinds()
    waiting = [(node.name, none, chooser.share(type(node.layer))) for node in reversed(net.nodes)]
    while waiting:
        name, within, share = waiting.pop()
        node = net.node(name)  # an earlier choice may have let it read another blob
        if not chooser.asks(node, net.shapes_of(node.bottoms)):
            continue
        with problems.collected():
            choice = chooser.best(Replacement(net=net, old=node), within, share)  # as it was when it was priced
            choice.commit()
            net.notes += choice.notes()
            if not choice.kept:
                waiting += [(one.name, within | {type(node.layer)}, share) for one in reversed(choice.new.nodes)]
    problems.raise_if_any()


LEGALIZE = NetPass(name="legalize", run=_run)
