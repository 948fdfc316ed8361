"""From values that are wrong to the layers at fault, and to the lines of both files where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from converters.verify.alone import run_alone
from converters.verify.blame import Fault, faults, place
from converters.verify.comparison import Row
from converters.verify.embedded_engine import EMBEDDED
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.matching import Matches, segment
from converters.verify.outputs import output_faults
from converters.verify.source import Feeds, Source, inputs_of
from converters.verify.trial import Beside, Trial

Progress = Callable[[str, str, int, int], None]
"""Told what is at work, at which value, the how many-eth it is, and how many there are."""


class Work(Struct, frozen=True, kw_only=True):
    """What is compared: a source and two Caffe files, on which inputs, and who is told."""

    source: Source
    files: CaffeFiles
    matched: Matches
    feeds: Sequence[Feeds]
    progress: Progress


def layers_at_fault(work: Work, trials: Sequence[Trial]) -> Iterator[Fault]:
    """The layers at fault, in the order of the net: each wrong value has its own, for its inputs were right."""
    wrong = {seen.value: seen for trial in trials if trial.kind == "meaning" for seen in trial.wrong}
    found = [_faults_of(work, blob, wrong[label]) for blob, label in work.matched.held.items() if label in wrong]
    found += [_faults_of_missing(work, value) for value in work.matched.missing]
    told: set[str] = set()
    for fault in chain(*found, output_faults(work.source.expected, work.files.net)):
        if fault.layer not in told:
            told.add(fault.layer)
            yield fault


def _faults_of(work: Work, blob: str, seen: Row) -> Iterator[Fault]:
    """What is wrong with the layers that make a blob, of which the values are wrong."""
    expected, net = work.source.expected, work.files.net
    value = work.matched.value(seen.value)
    bounds = _known(work) - {blob}
    behind = expected.values[value] != blob and expected.values[value] in bounds
    theirs = [] if behind else segment(expected, expected.values[value], bounds)
    ours = segment(net, blob, bounds)
    found = list(faults(expected, net, [node.name for node in (*theirs, *ours)]))
    for fault in found or [_meant_otherwise(work, blob, seen)]:
        text = f"{fault.text}; for it a reader of {seen.value} gets what is {off(seen)}" if behind else fault.text
        yield replace(fault, text=text, value=value, source=fault.source or _source_place(work, value))


def _faults_of_missing(work: Work, value: str) -> Iterator[Fault]:
    """Which layers are not there that would make a value."""
    expected, net = work.source.expected, work.files.net
    blob = expected.values[value]
    for fault in faults(expected, net, [node.name for node in segment(expected, blob, _known(work) - {blob})]):
        yield replace(fault, value=value, source=fault.source or _source_place(work, value))


def _known(work: Work) -> set[str]:
    """The blobs of which the values are known: at these the layers that make another blob begin."""
    return set(work.matched.held) | set(inputs_of(work.files.net))


def _meant_otherwise(work: Work, blob: str, seen: Row) -> Fault:
    value, node = work.matched.value(seen.value), work.files.net.producer(blob)
    meant = work.source.meant.get(value, value)
    text = (
        f"not what the source computes ({meant}), {off(seen)}, though parameters, "
        "weights and inputs are those that the converter writes: other options than the files were made with, or a "
        "fault of the converter"
    )
    return Fault(layer=node.name, kind="meaning", text=text, written=place(node))


def faults_of_engine(work: Work, engine: Engine, trial: Trial) -> Iterator[Fault]:
    """The first value that an engine gets wrong, and whether it does so too where the layer runs alone."""
    if trial.stopped or engine is EMBEDDED or not trial.wrong:
        return
    first = trial.wrong[0]
    blob = next(blob for blob, label in work.matched.held.items() if label == first.value)
    value = work.matched.value(first.value)
    nodes = segment(work.files.net, blob, _known(work) - {blob})
    try:
        alone = run_alone(work.files, engine, nodes, blob, work.feeds[0])
        text = (
            f"run alone on the right input it is {off(alone)}: {engine.name} "
            "computes this layer otherwise than Caffe does"
            if not alone.relative <= engine.tolerance
            else f"{off(first)} in the whole net, yet right ({alone.relative:.2g}) on its own: rounding "
            f"that has grown, or how {engine.name} joins layers"
        )
    except EngineFailed as error:
        text = f"{off(first)}; it cannot be run alone: {error}"
    yield Fault(
        layer=nodes[-1].name,
        kind="meaning",
        text=text,
        value=value,
        source=_source_place(work, value),
        written=place(nodes[-1]),
    )


def off(seen: Row) -> str:
    """How far a value is off, in words."""
    if not seen.same_size:
        return f"of the shape {seen.other_shape} where {seen.shape} belongs"
    if seen.error == float("inf"):
        return f"no number (NaN or infinity) at {seen.place} on one side alone"
    return f"off by {seen.relative:.2g} of the largest value at {seen.place}"


def _source_place(work: Work, value: str) -> str:
    origin = work.source.origins.get(value)
    return str(origin) if origin is not None else ""


def both_sides(work: Work) -> dict[str, Beside]:
    """What stands on either side of each value, by the label of its row."""
    net, known = work.files.net, _known(work)
    found: dict[str, Beside] = {}
    for blob, label in work.matched.held.items():
        value, nodes = work.matched.value(label), segment(net, blob, known - {blob})
        found[label] = Beside(
            blob=blob,
            source=work.source.meant.get(value, ""),
            source_place=_source_place(work, value),
            caffe=tuple(f"{node.name}: {node.layer}" for node in nodes),
            caffe_place=place(nodes[0]) if nodes else "",
        )
    return found
