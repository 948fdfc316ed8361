"""A Caffe net held against its source: first what each layer means, then what engines make of the whole in float32.

meaning   Each layer of the Caffe net, in float64, on the source's own values: what it makes of them must be the next
          value, to the rounding of the stored weights. An error shows where it is made and nowhere else.
rounding  The whole net in an engine's float32 beside the same net in float64 (beside the source, where meaning was not
          compared). What an engine loses is not the net's fault: only what it loses far beyond float32 tells of a
          layer that it computes otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.caffemodel_hdf5 import is_hdf5
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.net import Net
from converters.verify.alone import run_alone
from converters.verify.blame import Fault, faults, place
from converters.verify.comparison import Row, row, worse
from converters.verify.embedded_engine import EMBEDDED, blobs, layer_by_layer
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.inputs import noise
from converters.verify.matching import Matches, matches, segment
from converters.verify.source import Feeds, Judge, JudgeFailed, Source, Supply, inputs_of
from converters.verify.trial import Beside, Comparison, Trial

Progress = Callable[[str, str, int, int], None]
"""Told what is at work, at which value, the how many-eth it is, and how many there are."""

# An engine may lose so many times what numpy's float32 loses: it sums in another order, or by Winograd's transform.
LEEWAY = 30.0
FINITE = float(np.finfo(np.float64).max)


class _Work(Struct, frozen=True, kw_only=True):
    source: Source
    files: CaffeFiles
    matched: Matches
    feeds: Sequence[Feeds]
    progress: Progress


class _Run(Struct, kw_only=True):
    """One engine at work on one input."""

    engine: Engine
    asked: bool
    stream: Iterator[Array | None] | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    stopped: str = ""


def verify(
    source: Source,
    caffe: CaffeFiles,
    *,
    feeds: Sequence[Feeds] = (),
    engines: Sequence[Engine] = (EMBEDDED,),
    asked: Sequence[str] = (),
    meaning: bool = True,
    rounding: bool = True,
    tolerance: float | None = None,
    progress: Progress = lambda trial, value, number, count: None,
) -> Comparison:
    """Compare layer by layer; without `feeds` on noise, with several on each, and a row keeps the worst.

    `asked` names the engines whose verdict counts for the net's; `tolerance` replaces that of all engines. Raises
    ConversionError where the two do not take the same inputs.
    """
    refuse_other_inputs(source.expected, caffe.net)
    matched = matches(source.expected, caffe.net)
    inputs = inputs_of(caffe.net)
    given = [{name: each[name] for name in inputs} for each in feeds or [noise(inputs, 0)]]
    work = _Work(source=source, files=caffe, matched=matched, feeds=given, progress=progress)
    trials: list[Trial] = []
    with np.errstate(all="ignore"):  # what overflows or is no number shows in the rows
        if meaning:
            trials += [_meaning(work, judge) for judge in source.judges]
        if rounding:
            trials += _rounding(work, engines, asked, tolerance, meant=meaning)
    return Comparison(
        source=source.title,
        caffe=str(caffe.prototxt),
        trials=tuple(trials),
        faults=tuple(_faults(work, trials)),
        missing=matched.missing,
        sides=_sides(work),
    )


def refuse_other_inputs(expected: Net, net: Net) -> None:
    """Raise ConversionError where a net does not take the inputs that it ought to."""
    wanted, found = inputs_of(expected), inputs_of(net)
    if wanted == found:
        return
    raise ConversionError(
        Problem(
            what=f"the Caffe net takes {_listed(found)}, the source {_listed(wanted)}",
            why="they are not the same net, or not for inputs of the same size",
            hint="give the options that it was converted with (--input-size, --batch, --shape)",
        )
    )


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items()) or "nothing"


# ---- meaning -------------------------------------------------------------------------------------------------------


def _meaning(work: _Work, judge: Judge) -> Trial:
    trial = Trial(kind="meaning", name=judge.name, title=judge.title, asked=judge.required)
    held, found = work.matched.held, dict[str, Row]()
    try:
        for feeds in work.feeds:
            supply = Supply(stream=judge.values(feeds), wanted=set(held.values()))
            number = 0
            for _, rows in layer_by_layer(work.files.net, held, supply.take, feeds):
                for seen in rows:
                    number += 1
                    work.progress(f"meaning, by {judge.name}", seen.value, number, len(held))
                    found[seen.value] = worse(found.get(seen.value, seen), seen)
    except JudgeFailed as error:
        return replace(trial, stopped=str(error))
    return replace(trial, rows=tuple(found.values()), allowed=(judge.tolerance,) * len(found))


# ---- rounding ------------------------------------------------------------------------------------------------------


def _rounding(
    work: _Work, engines: Sequence[Engine], asked: Sequence[str], tolerance: float | None, *, meant: bool
) -> Iterator[Trial]:
    """Every engine beside the same net in float64, or, where nobody has compared what it means, beside the source."""
    runs = [_Run(engine=engine, asked=engine.name in asked, stopped=_hindrance(engine, work)) for engine in engines]
    try:
        for feeds in work.feeds:
            exact = _in_float64(work, feeds) if meant else _of_the_source(work, feeds)
            _run_beside(work, runs, exact, feeds)
    except JudgeFailed as error:
        runs = [replace(run, stopped=str(error)) for run in runs]
    usual = next((run.rows for run in runs if run.engine is EMBEDDED), {})
    for run in runs:
        trial = _trial(run, usual, tolerance, meant=meant)
        yield replace(trial, faults=tuple(_engine_faults(work, run.engine, trial)))


def _hindrance(engine: Engine, work: _Work) -> str:
    """What keeps an engine from running this net at all, or nothing."""
    unread = not engine.hdf5 and is_hdf5(work.files.caffemodel)
    return engine.missing() or (f"{engine.name} reads no weights in HDF5" if unread else "")


def _in_float64(work: _Work, feeds: Feeds) -> Iterator[Array | None]:
    return blobs(work.files.net, list(work.matched.held), feeds, np.float64)


def _of_the_source(work: _Work, feeds: Feeds) -> Iterator[Array | None]:
    values = list(work.matched.held.values())
    supply = Supply(stream=work.source.judges[0].values(feeds), wanted=set(values))
    return map(supply.take, values)


def _run_beside(work: _Work, runs: Sequence[_Run], exact: Iterator[Array | None], feeds: Feeds) -> None:
    held = work.matched.held
    for run in runs:
        run.stream = None if run.stopped else run.engine.blobs(work.files, list(held), feeds)
    for number, (value, ours) in enumerate(zip(held.values(), exact, strict=True), 1):
        for run in runs:
            if run.stream is None or run.stopped:
                continue
            work.progress(f"rounding, {run.engine.name}", value, number, len(held))
            try:
                theirs = next(run.stream)
            except EngineFailed as error:
                run.stopped = str(error)
                continue
            if ours is not None and theirs is not None:
                seen = row(value, ours, theirs)
                run.rows[value] = worse(run.rows.get(value, seen), seen)


def _trial(run: _Run, usual: dict[str, Row], tolerance: float | None, *, meant: bool) -> Trial:
    engine, rows = run.engine, tuple(run.rows.values())
    if run.stopped:
        return Trial(kind="rounding", name=engine.name, title=engine.name, stopped=run.stopped, asked=run.asked)
    most = engine.tolerance if tolerance is None else tolerance
    allowed = (most,) * len(rows)
    if tolerance is None and meant and engine is EMBEDDED:
        # The measure of all others: whatever it loses is rounding, unless it is no number any more.
        allowed = (FINITE,) * len(rows)
    elif tolerance is None and meant:
        own = [usual[seen.value].relative if seen.value in usual else 0.0 for seen in rows]
        allowed = tuple(max(most, LEEWAY * each) for each in own)
    return Trial(kind="rounding", name=engine.name, title=engine.title(), rows=rows, allowed=allowed, asked=run.asked)


# ---- blame ---------------------------------------------------------------------------------------------------------


def _faults(work: _Work, trials: Sequence[Trial]) -> Iterator[Fault]:
    """The layers at fault, in the order of the net: each wrong value has its own, for its inputs were right."""
    wrong = {seen.value: seen for trial in trials if trial.kind == "meaning" for seen in trial.wrong}
    told: set[str] = set()
    ordered = [value for value in work.matched.held.values() if value in wrong]
    for value in (*ordered, *work.matched.missing):
        for fault in _faults_of(work, value, wrong.get(value)):
            if fault.layer not in told:
                told.add(fault.layer)
                yield fault


def _faults_of(work: _Work, value: str, seen: Row | None) -> Iterator[Fault]:
    expected, net = work.source.expected, work.files.net
    blob = expected.values[value]
    known = set(work.matched.held) | set(inputs_of(net))
    theirs = segment(expected, blob, known - {blob})
    ours = segment(net, blob, known - {blob}) if blob in work.matched.held else []
    found = list(faults(expected, net, [node.name for node in (*theirs, *ours)]))
    if not found and ours and seen is not None:
        found = [_meant_otherwise(work, value, seen)]
    for fault in found:
        yield replace(fault, value=value, source=fault.source or _source_place(work, value))


def _meant_otherwise(work: _Work, value: str, seen: Row) -> Fault:
    node = work.files.net.producer(work.source.expected.values[value])
    meant = work.source.meant.get(value, value)
    text = (
        f"not what the source computes ({meant}), {off(seen)}, though parameters, "
        "weights and inputs are those that the converter writes: other options than the files were made with, or a "
        "fault of the converter"
    )
    return Fault(layer=node.name, kind="meaning", text=text, written=place(node))


def _engine_faults(work: _Work, engine: Engine, trial: Trial) -> Iterator[Fault]:
    """The first value that an engine gets wrong, and whether it does so too where the layer runs alone."""
    if trial.stopped or engine is EMBEDDED or not trial.wrong:
        return
    first = trial.wrong[0]
    blob = work.source.expected.values[first.value]
    bounds = (set(work.matched.held) | set(inputs_of(work.files.net))) - {blob}
    nodes = segment(work.files.net, blob, bounds)
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
        value=first.value,
        source=_source_place(work, first.value),
        written=place(nodes[-1]),
    )


# ---- both sides ----------------------------------------------------------------------------------------------------


def off(seen: Row) -> str:
    """How far a value is off, in words."""
    if not seen.same_size:
        return f"of the shape {seen.other_shape} where {seen.shape} belongs"
    if seen.error == float("inf"):
        return f"no number (NaN or infinity) at {seen.place} on one side alone"
    return f"off by {seen.relative:.2g} of the largest value at {seen.place}"


def _source_place(work: _Work, value: str) -> str:
    origin = work.source.origins.get(value)
    return str(origin) if origin is not None else ""


def _sides(work: _Work) -> dict[str, Beside]:
    net, known = work.files.net, set(work.matched.held) | set(inputs_of(work.files.net))
    found: dict[str, Beside] = {}
    for blob, value in work.matched.held.items():
        nodes = segment(net, blob, known - {blob})
        found[value] = Beside(
            blob=blob,
            source=work.source.meant.get(value, ""),
            source_place=_source_place(work, value),
            caffe=tuple(f"{node.name}: {node.layer}" for node in nodes),
            caffe_place=place(nodes[0]) if nodes else "",
        )
    return found
