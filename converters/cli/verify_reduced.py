"""`convert verify --reduce STEM`: the smallest net that an engine gets wrong, as files for its maker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converters.cli.say import say
from converters.cli.verify_opened import Opened, Pair
from converters.cli.verify_work import engines_wanted, given
from converters.options import VerifyOptions

if TYPE_CHECKING:
    from caffe_ir.blob import Array
    from caffe_ir.net import Net
    from caffe_ir.targets import Target
    from converters.verify import Comparison, Engine
    from converters.verify.reduction import Reduced

INPUTS, OUTPUTS = ".inputs.npz", ".outputs.npz"


def check_reduce(wanted: VerifyOptions, inputs: Iterable[Path]) -> None:
    """Before the work: an engine that may be wrong, and no file in the way.

    Raises UsageError, and ConversionError where a file would be replaced that is not ours or is one of `inputs`.
    """
    from caffe_ir.files.file_names import BINARY, PROTOTXT
    from caffe_ir.files.replaceable import check_set

    if wanted.reduce is None:
        return
    if wanted.tool is None and not {*wanted.engines} - {"embedded"}:
        raise click.UsageError("--reduce needs the engine that gets the net wrong: --tool COMMAND or --engine NAME")
    check_set(Path(wanted.reduce), (PROTOTXT, BINARY, INPUTS, OUTPUTS), inputs=inputs, hint="write to another place")


def reduce_and_say(comparison: Comparison, found: Opened, pair: Pair, wanted: VerifyOptions, stem: Path) -> None:
    """Reduce for the first engine asked for that is not right, and say what is left. Raises ConversionError."""
    from converters.verify import caffe_files
    from converters.verify.reduction import reduced

    engine = _engine_at_fault(comparison, wanted)
    if engine is None:
        say("nothing to reduce: no engine that was asked for differs")
        return
    files, feeds = caffe_files(pair.prototxt, pair.caffemodel), given(wanted, found, pair)[0]
    small = reduced(files, engine, feeds, wanted.tolerance)
    if small is None:
        say(f"nothing to reduce: {engine.name} is right on the whole net in a second run")
        return
    count, whole = len(small.layers), len(files.net.nodes)
    of = f"{count} of {whole} layers show{'s' * (count == 1)} it"
    say(f"reduced: {of}, found in {small.runs} runs of {engine.name}: {small.symptom}")
    for node in small.layers:
        say(f"  {node.name} ({node.layer}), {node.origin}")
    for path in _written(small, stem):
        say(f"written {path}")


def _engine_at_fault(comparison: Comparison, wanted: VerifyOptions) -> Engine | None:
    wrong = {trial.name for trial in comparison.trials if trial.kind == "rounding" and trial.verdict != "agrees"}
    asked = engines_wanted(wanted.engines, wanted.tool)[1:]
    return next((engine for engine in asked if engine.name in wrong and not engine.missing()), None)


def _written(small: Reduced, stem: Path) -> Iterator[Path]:
    from caffe_ir.files.writer import write

    others = {INPUTS: _npz(small.inputs), OUTPUTS: _npz(small.outputs)}
    written = write(small.net, stem, _holding(small.net), others=others, text=small.text)
    yield from (written.prototxt, written.caffemodel, *written.others)


def _npz(arrays: dict[str, Array]) -> bytes:
    from caffe_ir.files.npz import write_npz

    with BytesIO() as file:
        write_npz(file, ((name, array.astype("float32")) for name, array in arrays.items()))
        return file.getvalue()


def _holding(net: Net) -> Target:
    """A target whose files have all of the net's layers: vanilla Caffe, unless it has some of a fork's."""
    from caffe_ir.targets import CAFFE, TARGETS

    holds = (each for each in TARGETS.values() if not any(found.is_fault for _, found in each.verdicts(net)))
    return next(holds, CAFFE)
