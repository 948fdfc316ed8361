"""From values that are wrong to the layers at fault, and from layers that are other ones to what that is worth.

A number in a layer's parameters or weights that is not the source's is a fault whatever the values say: no input shows
every difference. Other layers than the converter writes may compute the same, as where somebody edits a prototxt by
hand; there the values decide, and the numbers of the layers around them may be other ones too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.node import Node
from converters.verify.beside import facts_beside
from converters.verify.blame import Fault, in_order, place
from converters.verify.comparison import Row, off
from converters.verify.foreign import foreign_faults, foreign_warnings
from converters.verify.in_place import in_place_faults
from converters.verify.outputs import output_faults, output_warnings, promised
from converters.verify.pair import pair_faults, pair_warnings
from converters.verify.trial import Beside, Trial
from converters.verify.work import Work


class Findings(Struct, kw_only=True):
    """What is at fault, one entry for each layer, and what is other than it ought to be without changing a value."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """The layers whose differences have been weighed."""
    places: dict[str, int] = field(default_factory=dict)
    """Where each layer of either net stands."""

    def add(self, faults: Iterable[Fault]) -> None:
        blamed = {fault.layer for fault in self.faults}
        for fault in faults:
            if fault.layer not in blamed:
                blamed.add(fault.layer)
                self.faults.append(fault)

    def warn_of_files(self, warnings: Iterable[Fault]) -> None:
        """Add warnings of the two files; where the layer's weights are at fault, they are why."""
        wrong = {fault.layer: place for place, fault in enumerate(self.faults) if fault.kind == "weights"}
        for warning in warnings:
            if warning.layer in wrong:
                fault = self.faults[wrong[warning.layer]]
                self.faults[wrong[warning.layer]] = replace(fault, text=f"{fault.text}; {warning.text}")
            else:
                self.warnings.append(warning)


def findings(work: Work, trials: Sequence[Trial]) -> Findings:
    """The layers at fault, in the order of the net: each wrong value has its own, for its inputs were right."""
    if work.foreign:
        return _of_foreign(work, trials)
    expected, net = work.source.expected, work.files.net
    places = {name: place for place, name in enumerate(in_order(net, expected))}
    found, wrong, held = Findings(places=places), _wrong(trials), work.matched.held
    for blob in (blob for blob, label in held.items() if label in wrong):
        found.add(_of_wrong_value(work, blob, wrong[held[blob]], found))
    for value in work.matched.missing:
        found.add(_marked(_differences(work, work.theirs(value), found), work, value))
    for blob in (blob for blob, label in held.items() if label not in wrong):
        _weigh(work, blob, found)
    _weigh_the_rest(work, found)
    found.faults.sort(key=lambda fault: places[fault.layer])
    found.add(output_faults(expected, net))
    found.add(in_place_faults(net))
    found.add(pair_faults(work.pair))
    found.warnings += output_warnings(expected, net)
    found.warn_of_files(pair_warnings(work.pair, expected))
    found.warnings += _that_say_little(work, trials)
    for fault, is_wrong in facts_beside(work.files.prototxt, work.source.beside):
        (found.faults if is_wrong else found.warnings).append(fault)
    blamed = {fault.layer for fault in found.faults}
    found.warnings = [warning for warning in found.warnings if warning.kind == "file" or warning.layer not in blamed]
    return found


def _of_foreign(work: Work, trials: Sequence[Trial]) -> Findings:
    """The same of a prototxt that is not the converter's: of its outputs, and of what is wrong with any files."""
    found = Findings()
    found.add(foreign_faults(work, trials))
    found.add(in_place_faults(work.files.net))
    found.add(pair_faults(work.pair))
    found.warnings += foreign_warnings(work)
    found.warn_of_files(pair_warnings(work.pair, work.files.net))
    found.warnings += _that_say_little(work, trials)
    return found


def _wrong(trials: Sequence[Trial]) -> dict[str, Row]:
    """The values that are wrong by themselves: in float32 alone the first one, for those behind it only follow."""
    if meant := [trial for trial in trials if trial.kind == "meaning"]:
        return {seen.value: seen for trial in meant for seen in trial.wrong}
    return {seen.value: seen for trial in trials if trial.asked for seen in trial.wrong[:1]}


def _differences(work: Work, nodes: Iterable[Node], found: Findings) -> list[Fault]:
    """What is different in some layers and was not weighed before, in the order of the net."""
    names = {node.name for node in nodes} - found.seen
    found.seen |= names
    different = sorted(names & work.differences.keys(), key=found.places.__getitem__)
    return [fault for name in different for fault in work.differences[name]]


def _marked(faults: Iterable[Fault], work: Work, value: str) -> Iterator[Fault]:
    for fault in faults:
        yield replace(fault, value=value, source=fault.source or work.place(value))


def _of_wrong_value(work: Work, blob: str, seen: Row, found: Findings) -> Iterator[Fault]:
    """What is wrong with the layers that make a blob, of which the values are wrong."""
    value, behind = work.matched.value(seen.value), work.behind(blob)
    different = _differences(work, _makers(work, blob, value), found) or [_meant_otherwise(work, blob, seen)]
    for fault in _marked(different, work, value):
        text = f"{fault.text}: with it the output {work.output(blob)} is {off(seen)}" if behind else fault.text
        yield replace(fault, text=text)


def _makers(work: Work, blob: str, value: str) -> list[Node]:
    """The layers of both sides that make a value."""
    return work.ours(blob) if work.behind(blob) else [*work.theirs(value), *work.ours(blob)]


def _weigh(work: Work, blob: str, found: Findings) -> None:
    """What the layers are worth that are other ones, and yet make the right value."""
    value = work.matched.value(work.matched.held[blob])
    different = list(_marked(_differences(work, _makers(work, blob, value), found), work, value))
    absorbed = any(fault.kind in ("missing layer", "weights") and not fault.numbers for fault in different)
    found.add(fault for fault in different if fault.numbers and not absorbed)
    found.warnings += [_harmless(fault) for fault in different if absorbed or not fault.numbers]


def _weigh_the_rest(work: Work, found: Findings) -> None:
    """What is different in layers on which no value depends."""
    rest = [fault for name, faults in work.differences.items() if name not in found.seen for fault in faults]
    found.add(fault for fault in rest if fault.numbers)
    found.warnings += [_harmless(fault) for fault in rest if not fault.numbers]


def _harmless(fault: Fault) -> Fault:
    return replace(fault, text=f"{fault.text}; the values are the same")


def _meant_otherwise(work: Work, blob: str, seen: Row) -> Fault:
    value, node = work.matched.value(seen.value), work.files.net.producer(blob)
    meant = work.source.meant.get(value, value)
    text = (
        f"not what the source computes ({meant}), {off(seen)}, though parameters, "
        "weights and inputs are those that the converter writes: other options than the files were made with, or a "
        "fault of the converter"
    )
    return Fault(layer=node.name, kind="meaning", text=text, written=place(node))


def _that_say_little(work: Work, trials: Sequence[Trial]) -> Iterator[Fault]:
    """Outputs of which the source's own values can hardly be got wrong, and values that are partly no numbers."""
    rows = next((trial.rows for trial in trials if trial.rows), ())
    outputs = {output.blob for output in promised(work.source.expected).values()}
    for seen in rows:
        value = work.matched.value(seen.value)
        count = prod(seen.shape)
        if seen.constant and work.source.expected.values[value] in outputs:
            text = f"all {count} numbers of the output {value} are the same on this input: the comparison proves little"
            yield Fault(layer=value, kind="output", text=text, source=work.place(value))
        if 0 < seen.compared < count and seen.error == 0:
            text = f"{count - seen.compared} of {count} numbers are NaN or infinite on both sides: they prove nothing"
            yield Fault(layer=value, kind="meaning", text=text, source=work.place(value))


def both_sides(work: Work) -> dict[str, Beside]:
    """What stands on either side of each value, by the label of its row."""
    found: dict[str, Beside] = {}
    for blob, label in work.matched.held.items():
        value, nodes = work.matched.value(label), work.ours(blob)
        found[label] = Beside(
            blob=blob,
            source=work.source.meant.get(value, ""),
            source_place=work.place(value),
            caffe=tuple(f"{node.name}: {node.layer}" for node in nodes),
            caffe_place=place(nodes[0]) if nodes else "",
        )
    return found
