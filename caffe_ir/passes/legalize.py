"""Layers that the target does not compute -> the form of them that costs least there.

Every form is tried: it builds its nodes, and what it costs and who computes it wrongly follow from these. What they
hold that the target lacks is written in a form of its own, and priced as such. Forms that differ by less than 1 % of
the net's cost, for all layers of their kind together, or by less than calling a layer, are equal: of those the one is
taken that the fewest other targets get wrong. A form that loses digits in float32 is taken only where every other one
loses them too.

(A conversion target, and patterns with a benefit each, are MLIR's idea: mlir/Transforms/DialectConversion.h.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from msgspec import Struct, field

from caffe_ir.cost import work
from caffe_ir.errors import ConversionError, Note, Problem, Problems, ShapeError
from caffe_ir.forms import FORMS, Form
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import BVLC
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import WIDESPREAD
from caffe_ir.targets.target import Target, Verdict

EQUAL = 0.01
"""Of the net's cost: what all layers of a kind may cost more in a form that more targets compute rightly."""
CALL = 0.5
"""Of a layer's price: such a difference counts in no net, however small it is."""
CLOSE = 2e-6
"""What float32 may lose by a form, of the largest value: a few roundings."""

Kinds = frozenset[type[Layer]]
Breaks = Mapping[str, int]
"""Other targets that do not compute a form, by name: 1 where they refuse it, 2 where they get it wrong in silence."""

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

    def notes(self) -> list[Note]:
        """What to say of it: the form's own words, or its name."""
        if self.new.notes or not self.new.nodes:
            return self.new.notes
        old = self.new.old
        return [Note(kind="lowered", text=f"{old.layer} -> {self.form.name}", origin=old.origin)]


class Chooser(Struct, kw_only=True):
    """Chooses forms for the nodes of one net; remembers what layers cost on given shapes."""

    net: Net
    target: Target
    forms: Mapping[type[Layer], tuple[Form, ...]]
    known: dict[tuple[Layer, Shapes], Priced] = field(default_factory=dict)
    equal: dict[type[Layer], float] = field(default_factory=dict)
    """For each kind of layers, the difference in nanoseconds between two forms that does not count."""

    def lacks(self, layer: Layer, bottoms: Shapes) -> bool:
        """Whether the target does not compute a layer, and there are forms of it."""
        return type(layer) in self.forms and not self.target.holds(layer, bottoms)

    def best(self, old: Replacement, within: Kinds = frozenset()) -> Choice:
        """The form to take for a node. Raises ConversionError with the reason of each where none will do.

        `within` are the kinds of layers that are being written by this one; a form may not lead back to them.
        """
        kind, tried, refused = type(old.old.layer), list[Choice](), list[tuple[Form, Exception]]()
        forms = self.forms[kind]
        for form in forms:
            new = Replacement(net=self.net, old=old.old, shapes=dict(old.shapes), taken=set(old.taken))
            try:
                if reason := form.build(new):
                    raise ShapeError(reason)
                new.shapes_of(top for node in new.nodes for top in node.tops)
                alone = len(forms) == 1 and not within
                cost, breaks, loss = (0.0, {}, 0.0) if alone else self._priced(new, within | {kind})
                loss = max(loss, form.loss(old.old.layer))
                tried.append(Choice(form=form, new=new, cost=cost, breaks=breaks, loss=loss))
            except (ConversionError, ShapeError) as error:
                refused.append((form, error))
        if not tried:
            raise self._no_form(old, refused)
        return tried[0] if len(tried) == 1 else self._cheapest(tried)

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
        return ConversionError(Problem(what=what, why=why, origin=node.origin))

    def _cheapest(self, tried: list[Choice]) -> Choice:
        kind = type(tried[0].new.old.layer)
        close = [one for one in tried if one.loss <= CLOSE]
        tried = close or tried
        least = min(one.cost for one in tried)
        equal = [one for one in tried if one.cost <= least + self._allowance(kind)]
        return min(equal, key=lambda one: (sum(one.breaks.values()), one.cost))

    def _priced(self, new: Replacement, within: Kinds) -> Priced:
        """The cost of what a form built, and whom it breaks, what has to be written in forms again included."""
        cost, breaks, loss = 0.0, dict[str, int](), 0.0
        for node in new.nodes:
            bottoms = new.shapes_of(node.bottoms)
            if verdict := self._hopeless(node.layer, bottoms):
                raise ShapeError(verdict.why)
            if not self.lacks(node.layer, bottoms):
                one = self._priced_layer(node.layer, bottoms)
            elif type(node.layer) in within:
                raise ShapeError(f"it leads back to {node.layer.type_name()}")
            else:
                one = self._priced_form(Replacement(net=self.net, old=node, shapes=new.shapes, taken=new.taken), within)
            cost += one[0]
            breaks = _worst(breaks, one[1])
            loss = max(loss, one[2])
        return cost, breaks, loss

    def _priced_form(self, old: Replacement, within: Kinds) -> Priced:
        """The cost of the best form of a layer; of the layer itself where it is slow and has no other."""
        try:
            choice = self.best(old, within)
        except ConversionError:
            if self.is_refused(old.old.layer, bottoms := old.shapes_of(old.old.bottoms)):
                raise
            return self._priced_layer(old.old.layer, bottoms)
        return choice.cost, choice.breaks, choice.loss

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

    def _allowance(self, kind: type[Layer]) -> float:
        if not self.equal:
            counts = Counter(type(node.layer) for node in self.net.nodes)
            price = self.target.price
            whole = sum(price.of(work(node.layer, self.net.shapes_of(node.bottoms))) for node in self.net.nodes)
            self.equal = {one: EQUAL * whole / count for one, count in counts.items()}
        return max(self.equal.get(kind, 0.0), CALL * self.target.price.layer)


def _broken(layer: Layer, bottoms: Shapes, target: Target) -> Breaks:
    verdicts = {other.name: other.verdict(layer, bottoms) for other in WIDESPREAD if other is not target}
    return {name: 1 + verdict.silent for name, verdict in verdicts.items() if verdict is not None}


def _worst(first: Breaks, second: Breaks) -> dict[str, int]:
    return {name: max(first.get(name, 0), second.get(name, 0)) for name in first.keys() | second.keys()}


def _run(net: Net, context: Context) -> None:
    chooser = Chooser(net=net, target=context.target, forms=FORMS)
    problems, none = Problems(), Kinds()
    waiting = [(node.name, none) for node in reversed(net.nodes)]
    while waiting:
        name, within = waiting.pop()
        node = net.node(name)  # an earlier choice may have let it read another blob
        if not chooser.lacks(node.layer, net.shapes_of(node.bottoms)):
            continue
        refused = chooser.is_refused(node.layer, net.shapes_of(node.bottoms))
        with problems.collected() if refused else suppress(ConversionError):  # what is slow may have no other form
            choice = chooser.best(Replacement(net=net, old=node), within)  # as it was when it was priced
            choice.new.commit()
            net.notes += choice.notes()
            waiting += [(one.name, within | {type(node.layer)}) for one in reversed(choice.new.nodes)]
    problems.raise_if_any()


LEGALIZE = NetPass(name="legalize", run=_run)
