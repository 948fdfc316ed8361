"""What the net's own dependencies say of a class: layers that must run one behind the other, as modules are registered.

Layers that run side by side have no order; names and neighbours must distinguish those.
"""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct

from converters.transplant import names
from converters.transplant.modules import Module
from converters.transplant.receivers import Receiver

Reading = dict[Receiver, Module]


class Family(Struct, frozen=True, kw_only=True):
    """One class: receivers in the net's order, modules in the order of registration."""

    receivers: tuple[Receiver, ...]
    modules: tuple[Module, ...]

    def in_order(self) -> Reading:
        return dict(zip(self.receivers, self.modules, strict=True))


def by_order(family: Family, named: Reading, near: Reading) -> tuple[Reading | None, str]:
    """The reading that the dependencies of the net leave, with names and neighbours where layers run side by side."""
    cut = runs(family)
    if all(len(run.receivers) == 1 for run in cut):
        return family.in_order(), f"its place among {len(family.receivers)} of its shape along the net"
    reading: Reading = {}
    for run in cut:
        part = _side_by_side(run, named, near)
        if part is None:
            alike = ", ".join(receiver.name for receiver in run.receivers)
            return None, f"{alike} do not depend on each other in one order, and no name tells them apart"
        reading |= part
    return reading, "its place along the net, and its name among those side by side"


def runs(family: Family) -> list[Family]:
    """The class cut wherever all before it must run before all behind it; a run of more than one has no sure order."""
    places = {receiver.place for receiver in family.receivers}
    last = [
        len(places) - 1 - sum(receiver.place in other.before for other in family.receivers)
        for receiver in family.receivers
    ]
    cuts = [cut for cut in range(len(places) + 1) if sum(place < cut for place in last) == cut]
    by_last = sorted(range(len(places)), key=last.__getitem__)
    return [
        Family(
            receivers=tuple(family.receivers[index] for index in sorted(by_last[start:end])),
            modules=family.modules[start:end],
        )
        for start, end in pairwise(cuts)
    ]


def _side_by_side(run: Family, named: Reading, near: Reading) -> Reading | None:
    if len(run.receivers) == 1:
        return run.in_order()
    for known in (named, near):
        part = {receiver: known[receiver] for receiver in run.receivers if receiver in known}
        if set(part.values()) == set(run.modules) and len(part) == len(run.receivers):
            return part
    return names.by_words(run.receivers, run.modules)


def disorder(reading: Reading, everything: Reading) -> tuple[str, Reading] | None:
    """Whether modules are registered in another order than the net runs their layers, which then says nothing."""
    for receiver, module in reading.items():
        for other, its in everything.items():
            if other.kind != receiver.kind:
                continue
            too_late = other.place in receiver.before and its.place > module.place
            too_early = receiver.place in other.before and its.place < module.place
            if too_late or too_early:
                first, second = sorted((receiver.name, other.name))
                return f"{first} and {second} run in another order than their modules are registered", {}
    return None
