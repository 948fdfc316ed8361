"""What a layer's settled neighbour says: a BatchNorm behind its convolution, the next one of a numbered run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from converters.transplant.modules import Module
from converters.transplant.receivers import Receiver

_NUMBERED = re.compile(r"(.*?)(\d+)")


def known_by_neighbours(
    receivers: Sequence[Receiver],
    modules: Sequence[Module],
    settled: Mapping[Receiver, Module],
    norm_of: Mapping[Module, Module],
) -> dict[Receiver, Module]:
    """Receivers of a class with the module that a neighbour says; with the last pair too where one alone remains."""
    said: list[tuple[Receiver, Module]] = []
    if receivers[0].kind == "norm":
        said = _behind_filters(receivers, modules, settled, norm_of)
    elif receivers[0].kind == "filter":
        said = _before_norms(receivers, modules, settled, norm_of) + _in_runs(receivers, modules, settled)
    found: dict[Receiver, Module] = {}
    for receiver, module in said:
        told_otherwise = found.get(receiver, module) is not module
        if told_otherwise or any(its is module and other is not receiver for other, its in found.items()):
            return {}
        found[receiver] = module
    if found and len(found) == len(receivers) - 1 == len(modules) - 1:
        (receiver,) = (each for each in receivers if each not in found)
        (module,) = (each for each in modules if each not in found.values())
        found[receiver] = module
    return found


def _behind_filters(
    receivers: Sequence[Receiver],
    modules: Sequence[Module],
    settled: Mapping[Receiver, Module],
    norm_of: Mapping[Module, Module],
) -> list[tuple[Receiver, Module]]:
    by_place = {receiver.place: module for receiver, module in settled.items()}
    said = []
    for receiver in receivers:
        own = by_place.get(receiver.behind) if receiver.behind is not None else None
        norm = norm_of.get(own) if own is not None else None
        if norm in modules and norm is not None:
            said.append((receiver, norm))
    return said


def _before_norms(
    receivers: Sequence[Receiver],
    modules: Sequence[Module],
    settled: Mapping[Receiver, Module],
    norm_of: Mapping[Module, Module],
) -> list[tuple[Receiver, Module]]:
    filters = {norm: own for own, norm in norm_of.items()}
    by_place = {receiver.place: receiver for receiver in receivers}
    return [
        (by_place[norm.behind], filters[module])
        for norm, module in settled.items()
        if norm.behind in by_place and module in filters and filters[module] in modules and norm.behind is not None
    ]


def _in_runs(
    receivers: Sequence[Receiver], modules: Sequence[Module], settled: Mapping[Receiver, Module]
) -> list[tuple[Receiver, Module]]:
    """conv3 stands behind conv2, where conv2 stands directly behind conv1 in the net too.

    It says nothing where two modules of the class belong to one run, or two layers of the class stand behind conv2.
    """
    by_name = {module.name: receiver for receiver, module in settled.items()}
    runs = [_run(module) for module in modules]
    said = []
    for module, run in zip(modules, runs, strict=True):
        if not run or runs.count(run) > 1:
            continue
        number = int(_numbered(module)[1])
        last, last_but_one = by_name.get(f"{run}{number - 1}"), by_name.get(f"{run}{number - 2}")
        if last is None or last_but_one is None or last.feeder != last_but_one.place:
            continue
        fed = [receiver for receiver in receivers if receiver.feeder == last.place]
        if len(fed) == 1:
            said.append((fed[0], module))
    return said


def _run(module: Module) -> str:
    prefix, number = _numbered(module)
    return prefix if number and not module.leaf.isdecimal() else ""


def _numbered(module: Module) -> tuple[str, str]:
    found = _NUMBERED.fullmatch(module.name)
    return (found[1], found[2]) if found else (module.name, "")
