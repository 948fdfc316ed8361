"""What each engine makes of the files that a conversion has written, in a few lines, as far as our data of it go."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caffe_ir.files.readings import Reading
    from caffe_ir.net import Net
    from caffe_ir.targets import Target
    from caffe_ir.targets.limits import Effect

UNTRIED = {"source": "source code", "document": "documentation"}
"""What is known of an engine that we did not run."""
_VERBS: Mapping[Effect, str] = {
    "wrong": "WRONG in",
    "refused": "refused by",
    "other form": "in another form in",
    "slow": "slow in",
}
_REASONS_SHOWN = 2
_PLACES_SHOWN = 2


def engine_lines(net: Net, target: Target, *, verbose: bool = False) -> Iterator[str]:
    """Where the files of a net for a target are right, then which layers are wrong, refused or slow where, and why.

    `verbose` names every reason and every layer; else engines that refuse the files are joined by what they all say.
    """
    from caffe_ir.files.readings import readings
    from caffe_ir.targets import TARGETS

    listed = [reader for reader in TARGETS.values() if reader.listed]
    read = list(readings(net, target, listed))
    yield from _right([reading.reader for reading in read if reading.effect is None])
    for effect, verb in _VERBS.items():
        short = [reading for reading in read if reading.effect == effect]
        if effect == "refused" and not verbose:
            yield from (f"{verb} {line}" for line in _refusals(short))
            continue
        alike = defaultdict[str, list[str]](list)
        for reading in short:
            alike[_reasons(reading, verbose=verbose)].append(reading.reader.name)
        yield from (f"{verb} {', '.join(names)}: {reasons}" for reasons, names in alike.items())
    unknown = ", ".join(reader.name for reader in TARGETS.values() if not reader.listed)
    yield f"unknown in {unknown}: no public list of layers"


def engine_results(net: Net, target: Target) -> dict[str, dict[str, str]]:
    """The same as plain data: for each engine `right`, `wrong`, `refused`, `slow` or `unknown`, how that is known, and
    why the files are not right there."""
    from caffe_ir.files.readings import readings
    from caffe_ir.targets import TARGETS

    found = dict[str, dict[str, str]]()
    for reading in readings(net, target, TARGETS.values()):
        reader = reading.reader
        result = (reading.effect or "right") if reader.listed else "unknown"
        found[reader.name] = {"result": result, "evidence": reader.evidence}
        if reading.effect and reader.listed:
            found[reader.name]["why"] = _reasons(reading, verbose=False)
    return found


def _right(targets: Sequence[Target]) -> Iterator[str]:
    """The engines without a known fault: those that we ran, and those of which others' texts are all that we have."""
    tried = [target.name for target in targets if target.evidence == "run"]
    if tried:
        yield f"right in {', '.join(tried)}"
    for evidence, known in UNTRIED.items():
        if names := [target.name for target in targets if target.evidence == evidence]:
            yield f"right by {known} only, not run by us: {', '.join(names)}"


def _refusals(readings: Sequence[Reading]) -> Iterator[str]:
    """One reason for each engine, that which most of them share: whoever wants the file read there meets it first."""
    left = {reading.reader.name: _said(reading, verbose=False) for reading in readings}
    while left:
        counts = Counter(reason for reasons in left.values() for reason in reasons)
        ((shared, _),) = counts.most_common(1)
        names = [name for name, reasons in left.items() if shared in reasons]
        others = sum(len(left.pop(name)) - 1 for name in names) > 0
        yield f"{', '.join(names)}: {shared}{'; other reasons with -v' * others}"


def _reasons(reading: Reading, *, verbose: bool) -> str:
    """Why an engine falls short."""
    reasons = _said(reading, verbose=verbose)
    shown = reasons if verbose else reasons[:_REASONS_SHOWN]
    rest = len(reasons) - len(shown)
    return "; ".join([*shown, *([f"and {rest} reason{'s' * (rest > 1)} more"] if rest else [])])


def _said(reading: Reading, *, verbose: bool) -> list[str]:
    """Each reason with its layers, the most frequent one first."""
    layers = defaultdict[str, list[str]](list)
    for node, verdict in reading.faults:
        if verdict.effect == reading.effect:
            layers[verdict.why.removeprefix(f"{reading.reader.title} ")].append(node.name)
    ordered = sorted(layers.items(), key=lambda one: -len(one[1]))
    return [f"{_names(names, all_of_them=verbose)}: {why}" for why, names in ordered]


def _names(names: Iterable[str], *, all_of_them: bool) -> str:
    unique = list(dict.fromkeys(names))
    shown = unique if all_of_them else unique[:_PLACES_SHOWN]
    rest = len(unique) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
