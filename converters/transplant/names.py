"""What names say: who is called the same, and which words speak for one rather than another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from converters.transplant.modules import Module
from converters.transplant.receivers import Receiver

_GENERIC = """
    a b backbone batchnorm block blocks bn body bottleneck branch c classifier conv convolution d dense
    eltwise fc feature features gamma group inner inception innerproduct ip layer layers linear model
    module net network norm p relu res residual resnet scale seq stage unit x
"""
GENERIC = frozenset(_GENERIC.split())
"""Words that say what a layer is or where it stands in a count, and so do not distinguish two alike layers for sure."""

_COUNTER = re.compile(r"([a-z]*)_?(\d+)")
_WORD = re.compile(r"[a-z]+")


def plain(name: str) -> str:
    """A name without regard to how its parts are joined."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def same_names(receivers: Iterable[Receiver], names: Mapping[Module, str]) -> dict[Receiver, Module]:
    """Receivers with the one module that is called like one of their layers."""
    by_name: dict[str, list[Module]] = {}
    for module, name in names.items():
        by_name.setdefault(plain(name), []).append(module)
    found = {}
    for receiver in receivers:
        called = {module for name in receiver.names for module in by_name.get(plain(name), ())}
        if len(called) == 1:
            found[receiver] = called.pop()
    twice = [module for module in found.values() if list(found.values()).count(module) > 1]
    return {receiver: module for receiver, module in found.items() if module not in twice}


def without_counters(same: Mapping[Receiver, Module], names: Mapping[Module, str]) -> dict[Receiver, Module]:
    """`same_names` without conv1, conv2, ..., where both sides count in their own order.

    Whoever numbers his convolutions as he writes them gives such names too; they agree without meaning the same.
    """
    counted = {receiver: number for receiver, module in same.items() if (number := _counter(names[module])) is not None}
    by_layer = sorted(counted, key=lambda receiver: receiver.place)
    by_module = sorted(counted, key=lambda receiver: same[receiver].place)
    numbers = sorted(counted.values())
    if numbers != [counted[each] for each in by_layer] or numbers != [counted[each] for each in by_module]:
        return dict(same)
    return {receiver: module for receiver, module in same.items() if receiver not in counted}


def _counter(name: str) -> int | None:
    """The number of a name that is nothing but a generic word and a number."""
    found = _COUNTER.fullmatch(plain(name))
    return int(found[2]) if found and (not found[1] or found[1] in GENERIC) else None


def without_common_prefix(modules: Sequence[Module]) -> dict[Module, str]:
    """The names of modules without the parts that all begin with (`backbone.`)."""
    parts = [module.name.split(".") for module in modules]
    count = 0
    while parts and all(len(each) > count + 1 for each in parts) and len({each[count] for each in parts}) == 1:
        count += 1
    return {module: ".".join(each[count:]) for module, each in zip(modules, parts, strict=True)}


def words(*names: str) -> frozenset[str]:
    """The words of names that can distinguish alike layers: no bare numbers, no word of GENERIC, numbered or not."""
    parts = {part for name in names for part in plain(name).split("_")}
    return frozenset(part for part in parts if (found := _WORD.findall(part)) and not GENERIC.issuperset(found))


def by_words(receivers: Sequence[Receiver], modules: Sequence[Module]) -> dict[Receiver, Module] | None:
    """All receivers with the modules that words speak for, if they leave no doubt; the last one may be what remains."""
    left, right = _telling([words(*each.names) for each in receivers]), _telling([words(each.name) for each in modules])
    scores = [[len(one & other) for other in right] for one in left]
    found: dict[Receiver, Module] = {}
    for row, receiver in enumerate(receivers):
        best = max(scores[row])
        places = [place for place, score in enumerate(scores[row]) if score == best]
        if best == 0:
            continue
        column = [scores[other][places[0]] for other in range(len(receivers))]
        if len(places) > 1 or max(column) > best or column.count(best) > 1:
            return None
        found[receiver] = modules[places[0]]
    rest = [receiver for receiver in receivers if receiver not in found]
    remaining = [module for module in modules if module not in found.values()]
    if not found or len(rest) != len(remaining) or len(rest) > 1:
        return None
    return found | dict(zip(rest, remaining, strict=True))


def speak_against(reading: Mapping[Receiver, Module]) -> tuple[Receiver, Receiver] | None:
    """Two receivers of a reading that words would rather have the other way round."""
    pairs = list(reading.items())
    known = [(words(*receiver.names), words(module.name)) for receiver, module in pairs]
    for first, (names, own) in enumerate(known):
        for second in range(first + 1, len(known)):
            names_2, own_2 = known[second]
            if len(names & own_2) + len(names_2 & own) > len(names & own) + len(names_2 & own_2):
                return pairs[first][0], pairs[second][0]
    return None


def _telling(sets: list[frozenset[str]]) -> list[frozenset[str]]:
    common = frozenset.intersection(*sets) if sets else frozenset()
    return [each - common for each in sets]
