"""Which module fills which layer: by shape, by name, by order along the net; never by a guess.

Modules and layers of one class (fits.py) are matched together, in this order of trust: a class of one needs no more;
all have the same names; each stands where its neighbour, already known, says it must (neighbours.py); or the net's own
dependencies leave one order, which is the one in which the modules are registered. Layers that run side by side have
no order: there words must decide. What is left, or is decided two ways by two kinds of evidence, stays open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

from msgspec import Struct, field

from converters.transplant import fits, names
from converters.transplant.modules import Module
from converters.transplant.neighbours import known_by_neighbours
from converters.transplant.order import Family, Reading, by_order, disorder, runs
from converters.transplant.receivers import Receiver


class Open(Struct, frozen=True, kw_only=True):
    """Layers and modules that can be matched in more than one way, or in none; `readings` are ways that remain."""

    receivers: tuple[Receiver, ...]
    modules: tuple[Module, ...]
    why: str
    readings: tuple[tuple[str, Reading], ...] = ()


class Matched(Struct, kw_only=True):
    """What is settled, and why; and what is open."""

    pairs: Reading = field(default_factory=dict)
    why: dict[Receiver, str] = field(default_factory=dict)
    open: list[Open] = field(default_factory=list)
    folded: Reading = field(default_factory=dict)
    """Filters with the BatchNorm that goes into them, as no layer of the net takes it."""

    def settle(self, reading: Mapping[Receiver, Module], why: str) -> None:
        self.pairs.update(reading)
        self.why.update(dict.fromkeys(reading, why))


class Known(Struct, frozen=True, kw_only=True):
    """What every class is matched with: the names of modules, BatchNorms by their filter, filters read by a norm."""

    called: Mapping[Module, str]
    norm_of: Mapping[Module, Module]
    with_norm: frozenset[int | None]
    aliases: Mapping[Module, Module]


def match(receivers: Sequence[Receiver], modules: Sequence[Module], matched: Matched, known: Known) -> None:
    """Match what is not settled yet in `matched`; what has no counterpart at all stays out of it."""
    settled = -1
    while settled != _count(matched):
        settled = _count(matched)
        matched.open.clear()
        proposals: list[_Proposal] = []
        for family in _families(receivers, modules, matched, known):
            found = _settle(family, matched, known)
            if isinstance(found, Open):
                matched.open.append(found)
            elif found is not None:
                proposals.append(found)
        # order is asked last, and of filters first, so that what stands behind them can follow them
        order = [one for one in proposals if one.family.receivers[0].kind == "filter"] or proposals
        if settled == _count(matched):
            _settle_by_order(order, matched, known)


def _count(matched: Matched) -> int:
    return len(matched.pairs) + len(matched.folded)


class _Proposal(Struct, frozen=True, kw_only=True):
    """What the order along the net says of a class."""

    family: Family
    reading: Reading
    why: str


def _settle_by_order(proposals: Sequence[_Proposal], matched: Matched, known: Known) -> None:
    """Take the proposals in which layers run in the order in which modules are registered, all others beside them."""
    everything = matched.pairs | {receiver: module for one in proposals for receiver, module in one.reading.items()}
    doubts = [disorder(one.reading, everything) for one in proposals]
    for one, doubt in zip(proposals, doubts, strict=True):
        found = _taken(one.family, one.reading, one.why, doubt, matched, known)
        if found is not None:
            matched.open.append(found)


def _families(receivers: Sequence[Receiver], modules: Sequence[Module], matched: Matched, known: Known) -> list[Family]:
    taking, giving = defaultdict[Hashable, list[Receiver]](list), defaultdict[Hashable, list[Module]](list)
    given = {*matched.pairs.values(), *matched.folded.values()}
    for receiver in receivers:
        if receiver not in matched.pairs:
            taking[fits.receiver_class(receiver)].append(receiver)
    for module in modules:
        if module not in given:
            giving[fits.module_class(module)].append(module)
    found = []
    for kind in [*taking, *(kind for kind in giving if kind not in taking)]:
        takers, givers = taking[kind], giving[kind]
        if len(givers) > len(takers):
            givers = [module for module in givers if module not in known.aliases]
        if len(givers) > len(takers):
            givers = _unfolded(givers, len(givers) - len(takers), matched, known)
        if takers and givers:
            found += _split(takers, givers)
    return found


def _unfolded(givers: list[Module], excess: int, matched: Matched, known: Known) -> list[Module]:
    """The modules without the BatchNorms that go into a filter, if those are exactly the ones that are too many."""
    into = {
        receiver: norm
        for receiver, module in matched.pairs.items()
        if (norm := known.norm_of.get(module)) in givers
        and norm is not None
        and receiver.place not in known.with_norm
        and receiver.has_bias
        and receiver.nodes[0].blobs[1].shape == norm.main.shape
    }
    if len(into) != excess:
        return givers
    matched.folded.update(into)
    return [module for module in givers if module not in into.values()]


def _split(takers: list[Receiver], givers: list[Module]) -> list[Family]:
    """Smaller classes, where a closer look divides both sides alike."""
    whole = Family(receivers=tuple(takers), modules=tuple(givers))
    by_form = _divided(whole, fits.receiver_form, fits.module_form)
    return [part for each in by_form for part in _divided(each, fits.receiver_outputs, fits.module_outputs)]


def _divided(
    whole: Family, of_receiver: Callable[[Receiver], Hashable], of_module: Callable[[Module], Hashable]
) -> list[Family]:
    taking, giving = defaultdict[Hashable, list[Receiver]](list), defaultdict[Hashable, list[Module]](list)
    for receiver in whole.receivers:
        taking[of_receiver(receiver)].append(receiver)
    for module in whole.modules:
        giving[of_module(module)].append(module)
    alike = {kind: len(each) for kind, each in taking.items()} == {kind: len(each) for kind, each in giving.items()}
    # what is known by missing something is not known for sure
    if not alike or None in taking:
        return [whole]
    return [Family(receivers=tuple(taking[kind]), modules=tuple(giving[kind])) for kind in taking]


def _settle(family: Family, matched: Matched, known: Known) -> Open | _Proposal | None:
    """Settle a class by what is surer than order, or say what order says of it, or why it is open."""
    named = names.same_names(family.receivers, {module: known.called[module] for module in family.modules})
    sure = names.without_counters(named, known.called)
    fewer = min(len(family.receivers), len(family.modules))
    if len(sure) == fewer and _fit(sure, known):
        matched.settle(sure, "the same name")
        return None
    if fewer == 1 or len(family.receivers) != len(family.modules):
        return _settle_one(family, matched, known)
    near = known_by_neighbours(family.receivers, family.modules, matched.pairs, known.norm_of)
    if len(near) == fewer:
        doubt = _contradiction(near, named, {})
        if doubt is None and family.receivers[0].kind == "filter":
            doubt = disorder(near, matched.pairs)
        return _taken(family, near, "its neighbour's place", doubt, matched, known)
    ordered, why = by_order(family, sure, near)
    if ordered is None:
        return _open(family, why)
    if doubt := _contradiction(ordered, named, near):
        return _taken(family, ordered, why, doubt, matched, known)
    return _Proposal(family=family, reading=ordered, why=why)


def _settle_one(family: Family, matched: Matched, known: Known) -> Open | None:
    if len(family.receivers) != len(family.modules):
        why = f"{len(family.receivers)} layers take such weights, and {len(family.modules)} modules have them"
        return Open(receivers=family.receivers, modules=family.modules, why=why)
    (receiver,), (module,) = family.receivers, family.modules
    if reason := fits.misfit(receiver, module, receiver.place in known.with_norm):
        return Open(receivers=(receiver,), modules=(module,), why=reason)
    matched.settle({receiver: module}, "the only one of its shape")
    return None


def _taken(
    family: Family, reading: Reading, why: str, doubt: tuple[str, Reading] | None, matched: Matched, known: Known
) -> Open | None:
    if doubt is not None:
        text, other = doubt
        readings = ((why, reading), ("as that says", other)) if other else ((why, reading),)
        return Open(receivers=family.receivers, modules=family.modules, why=text, readings=readings)
    if not _fit(reading, known):
        return _open(family, "in the order of the net they do not fit")
    matched.settle(reading, why)
    return None


def _fit(reading: Reading, known: Known) -> bool:
    return not any(
        fits.misfit(receiver, module, receiver.place in known.with_norm) for receiver, module in reading.items()
    )


def _contradiction(reading: Reading, named: Reading, near: Reading) -> tuple[str, Reading] | None:
    """Evidence of another kind that speaks against a reading, with what it says instead."""
    for said, how in ((named, "the name"), (near, "its neighbour")):
        for receiver, module in said.items():
            if reading[receiver] is not module:
                what = f"for {receiver.name} {how} says {module.name}, and its place says {reading[receiver].name}"
                return what, _exchanged(reading, receiver, module)
    if crossed := names.speak_against(reading):
        first, second = crossed
        what = f"the names of {first.name} and {second.name} speak for the other order"
        return what, reading | {first: reading[second], second: reading[first]}
    return None


def _exchanged(reading: Reading, receiver: Receiver, module: Module) -> Reading:
    other = next(each for each, its in reading.items() if its is module)
    return reading | {receiver: module, other: reading[receiver]}


def _open(family: Family, why: str) -> Open:
    first = family.in_order()
    run = next((run.receivers for run in runs(family) if len(run.receivers) > 1), family.receivers)
    crossed = first | {run[0]: first[run[1]], run[1]: first[run[0]]}
    readings = (("in the order of both files", first), ("the other way round", crossed))
    return Open(receivers=family.receivers, modules=family.modules, why=why, readings=readings)
