"""The layer that an engine computes otherwise than Caffe does: the first value that it gets wrong, run alone."""

from __future__ import annotations

from collections.abc import Iterator

from converters.verify.alone import run_alone
from converters.verify.blame import Fault, place
from converters.verify.comparison import off
from converters.verify.embedded_engine import EMBEDDED
from converters.verify.engine import Engine, EngineFailed
from converters.verify.reduction import first_wrong
from converters.verify.trial import Trial
from converters.verify.work import Work


def faults_of_engine(work: Work, engine: Engine, trial: Trial) -> Iterator[Fault]:
    """The first value that an engine gets wrong, and whether it does so too where the layer runs alone.

    Raises ConversionError where the prototxt, which it cuts to parts, can no longer be read.
    """
    if trial.stopped or engine is EMBEDDED or not trial.wrong:
        return
    first = trial.wrong[0]
    blob = next(blob for blob, label in work.matched.held.items() if label == first.value)
    value, nodes = work.matched.value(first.value), work.ours(blob)
    if _shows_few(work, trial) and (begin := first_wrong(work.files, engine, work.feeds[0])):
        nodes, blob = [begin[-1]], begin[-1].tops[0]
        value = work.matched.value(work.matched.held[blob]) if blob in work.matched.held else value
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
    node = nodes[-1]
    yield Fault(layer=node.name, kind="meaning", text=text, value=value, source=work.place(value), written=place(node))


def _shows_few(work: Work, trial: Trial) -> bool:
    """Whether an engine shows little more than outputs, so that its first wrong value is far behind the fault."""
    return len(trial.rows) < len(work.matched.held) / 2
