"""A Caffe net compared with its source: first what each layer means, then what engines make of the whole in float32.

meaning   Each layer of the Caffe net, in float64, on the source's own values: what it makes of them must be the next
          value, to the rounding of the stored weights. An error shows where it is made and nowhere else.
rounding  The whole net in an engine's float32 beside the same net in float64 (beside the source, where meaning was not
          compared). What an engine loses is not the net's fault: only what it loses far beyond float32 shows a
          layer that it computes otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.error_kinds.running import INPUTS_DIFFER
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.caffemodel_hdf5 import is_hdf5
from caffe_ir.net import Net
from converters.verify.attribution import both_sides, findings
from converters.verify.blame import differences
from converters.verify.comparison import Row, row, worse
from converters.verify.embedded_engine import EMBEDDED, Take, blobs, layer_by_layer
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.engine_faults import faults_of_engine
from converters.verify.foreign import CLOSE, fed_by_order, is_foreign, outputs_matched
from converters.verify.inputs import noise, scaled
from converters.verify.matching import Makers, matches
from converters.verify.pair import pair_of
from converters.verify.source import Feeds, Reference, ReferenceFailed, Source, Supply, inputs_of
from converters.verify.trial import FINITE, Comparison, Trial
from converters.verify.work import Progress, Work

# An engine may lose so many times what numpy's float32 loses: it sums in another order, or by Winograd's transform.
LEEWAY = 30.0
# What the inputs are multiplied by, besides, where the layers are other ones than those that the converter writes: then
# only the values say whether they mean the same, and a limit that noise never reaches would not show.
MAGNITUDES = (1e-3, 1e3)


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
    work = _work(source, caffe, feeds, progress)
    trials: list[Trial] = []
    with np.errstate(all="ignore"):  # what overflows or is not a number shows in the rows
        if meaning:
            trials += [_meaning(work, reference) for reference in source.references]
        if rounding:
            trials += _rounding(work, engines, asked, tolerance, meant=meaning)
    found = findings(work, trials)
    return Comparison(
        source=source.title,
        caffe=str(caffe.prototxt),
        trials=tuple(trials),
        faults=tuple(found.faults),
        warnings=tuple(found.warnings),
        missing=() if work.foreign else work.matched.missing,
        sides=both_sides(work),
        net=None if work.foreign else source.expected,
    )


def _work(source: Source, caffe: CaffeFiles, feeds: Sequence[Feeds], progress: Progress) -> Work:
    """What there is to compare. Raises ConversionError where the two do not take the same inputs."""
    expected, net, inputs = source.expected, caffe.net, inputs_of(caffe.net)
    foreign = is_foreign(expected, net)
    refuse_other_inputs(expected, net, by_order=foreign)
    fed = feeds or [noise(inputs_of(expected), 0, source.whole)]
    if foreign:
        given = list(fed_by_order(fed, net))
    else:
        given = [{name: each[name] for name in inputs} for each in fed]
    different = {} if foreign else differences(expected, net)
    edited = foreign or any(not fault.numbers for faults in different.values() for fault in faults)
    matched = outputs_matched(expected, net) if foreign else matches(expected, net)
    return Work(
        source=source,
        files=caffe,
        pair=pair_of(caffe),
        matched=matched,
        makers=Makers(net),
        due=Makers(expected),
        known=frozenset((*matched.held, *inputs)),
        differences=different,
        feeds=given,
        foreign=foreign,
        further=[scaled(each, size, source.whole) for size in MAGNITUDES for each in given] if edited else [],
        progress=progress,
    )


def refuse_other_inputs(expected: Net, net: Net, *, by_order: bool = False) -> None:
    """Raise ConversionError where a net does not take the inputs that it ought to; `by_order` names do not matter."""
    wanted, found = inputs_of(expected), inputs_of(net)
    if wanted == found or (by_order and list(wanted.values()) == list(found.values())):
        return
    raise ConversionError(
        Problem(
            kind=INPUTS_DIFFER,
            what=f"the Caffe net takes {_listed(found)}, the source {_listed(wanted)}",
            why="they are not the same net, or not for inputs of the same size",
            hint="give the options that it was converted with (--input-size, --batch, --input)",
        )
    )


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items()) or "nothing"


# ---- meaning -------------------------------------------------------------------------------------------------------


def _meaning(work: Work, reference: Reference) -> Trial:
    trial = Trial(kind="meaning", name=reference.name, title=reference.title, asked=reference.required)
    held, found = work.matched.held, dict[str, Row]()
    try:
        for feeds in (*work.feeds, *work.further):
            take = _supplied(work, reference, feeds)
            number = 0
            for _, rows in layer_by_layer(work.files.net, held, take, feeds):
                for seen in rows:
                    number += 1
                    work.progress(f"meaning, {reference.name}", seen.value, number, len(held))
                    found[seen.value] = worse(found.get(seen.value, seen), seen)
    except ReferenceFailed as error:
        return replace(trial, stopped=str(error))
    most = max(reference.tolerance, CLOSE) if work.foreign else reference.tolerance
    return replace(trial, rows=tuple(found.values()), allowed=(most,) * len(found))


def _supplied(work: Work, reference: Reference, feeds: Feeds) -> Take:
    """What a reference says that a blob ought to hold, by the blob's label."""
    matched = work.matched
    supply = Supply(stream=reference.values(feeds), wanted=Counter(map(matched.value, matched.held.values())))
    return lambda label: supply.take(matched.value(label))


# ---- rounding ------------------------------------------------------------------------------------------------------


def _rounding(
    work: Work, engines: Sequence[Engine], asked: Sequence[str], tolerance: float | None, *, meant: bool
) -> Iterator[Trial]:
    """Every engine beside the same net in float64, or, where nobody has compared what it means, beside the source."""
    runs = [_Run(engine=engine, asked=engine.name in asked, stopped=_hindrance(engine, work)) for engine in engines]
    try:
        for feeds in work.feeds:
            exact = _in_float64(work, feeds) if meant else _of_the_source(work, feeds)
            _run_beside(work, runs, exact, feeds)
    except ReferenceFailed as error:
        runs = [replace(run, stopped=str(error)) for run in runs]
    usual = next((run.rows for run in runs if run.engine is EMBEDDED), {})
    for run in runs:
        trial = _trial(run, usual, tolerance, meant=meant)
        yield replace(trial, faults=tuple(faults_of_engine(work, run.engine, trial)))


def _hindrance(engine: Engine, work: Work) -> str:
    """What keeps an engine from running this net at all, or nothing."""
    unread = not engine.hdf5 and is_hdf5(work.files.caffemodel)
    return engine.missing() or (f"{engine.name} reads no weights in HDF5" if unread else "")


def _in_float64(work: Work, feeds: Feeds) -> Iterator[Array | None]:
    return blobs(work.files.net, list(work.matched.held), feeds, np.float64)


def _of_the_source(work: Work, feeds: Feeds) -> Iterator[Array | None]:
    return map(_supplied(work, work.source.references[0], feeds), work.matched.held.values())


def _run_beside(work: Work, runs: Sequence[_Run], exact: Iterator[Array | None], feeds: Feeds) -> None:
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
        # The measure of all others: whatever it loses is rounding, unless it is not a number any more.
        allowed = (FINITE,) * len(rows)
    elif tolerance is None and meant:
        own = [usual[seen.value].relative if seen.value in usual else 0.0 for seen in rows]
        allowed = tuple(max(most, LEEWAY * each) for each in own)
    return Trial(kind="rounding", name=engine.name, title=engine.title(), rows=rows, allowed=allowed, asked=run.asked)
