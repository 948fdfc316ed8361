"""What a target makes of a Caffe net as it stands: the layers that it refuses or gets wrong, and what helps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from caffe_ir.error_kinds.caffe import BLOB_NAMES, LAYER_REFUSED, UNKNOWN_LAYER
from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.spelled_file import Spelled, misspellings, spelled_file
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.targets import Target
from caffe_ir.targets.target import Verdict
from converters.caffe.check_weights import check_weights
from converters.caffe.frontend import convert
from converters.caffe.retarget import rewritten
from converters.caffe.shortfall import Shortfall

_OTHERS = "other layers"
_FEW = 3
_NO_NET = (UNKNOWN_LAYER, LAYER_REFUSED, BLOB_NAMES)
"""What is wrong with a net that can be parsed and is none to Caffe."""


def check_file(
    prototxt: str | Path,
    targets: Iterable[Target],
    caffemodel: str | Path | None = None,
    *,
    input: Sequence[str] = (),
) -> dict[str, list[Shortfall]]:
    """What each target does not compute as it should of the net in a file, and how it is spelled that it does not read;
    by the names of the targets. With a caffemodel also what each does not read of that.

    `input` has the shapes of inputs that the file does not say. A net that is none to any Caffe, with layers that are
    not known or do not fit together, falls short in every target: nothing says what it should compute. Raises
    ConversionError where a file cannot be read.
    """
    targets = list(targets)
    try:
        net = convert(prototxt, input=input)
    except ConversionError as error:
        if not all(one.kind in _NO_NET and one.origin for one in error.problems):
            raise
        return {target.name: _in_order(map(_of_no_caffe, error.problems)) for target in targets}
    file = spelled_file(prototxt)
    found = {target.name: checked(net, target, file) for target in targets}
    if caffemodel is not None:
        for name, of_weights in check_weights(net, prototxt, caffemodel, targets, input=input).items():
            of_layers = [one for one in found[name] if not one.verdict.of_weights]
            found[name] = _in_order([*of_layers, *of_weights])
    return found


def _of_no_caffe(problem: Problem) -> Shortfall:
    origin = problem.origin or Origin(layer="net")
    known = "" if problem.kind == UNKNOWN_LAYER else "Caffe refuses it: "
    reason = f" ({problem.why})" if problem.why else ""
    return Shortfall(
        layer=origin.layer,
        type_name=origin.what,
        origin=origin,
        verdict=Verdict(why=f"{known}{problem.what}{reason}", source="BVLC Caffe and its forks", evidence="source"),
        rewrite="",
        hindrance=problem.hint or "nothing says what it should compute",
    )


def _in_order(found: Iterable[Shortfall]) -> list[Shortfall]:
    return sorted(found, key=lambda one: one.origin.line or 0)


def checked(net: Net, target: Target, file: Spelled | None = None) -> list[Shortfall]:
    """The layers of a net that a target does not compute as it should, in the order of the net; with the `file` that it
    was read from also what the target does not read in that, in the order of the file.

    Whether one can be rewritten is not estimated: a copy of the net is lowered for the target. Where a layer cannot,
    no file is written, so that none can.
    """
    verdicts = list(target.verdicts(net))
    made = _lowered(net, target) if verdicts else _Made()
    found = _of_layers(verdicts, made)
    if file is None:
        return found
    refused = {one.origin for one in found if one.verdict.effect == "refused"}
    spelled = [
        Shortfall(
            layer=origin.layer,
            type_name=origin.what,
            origin=origin,
            verdict=verdict,
            rewrite="" if made.hindrance else "the usual spelling",
            hindrance=made.hindrance,
        )
        for origin, verdict in misspellings(file, target, net)
        if origin not in refused
    ]
    return _in_order([*spelled, *found])


class _Made(Struct, frozen=True, kw_only=True):
    """What a conversion says of each layer that it rewrites, and of each that it cannot; `hindrance` names these."""

    rewrites: Mapping[Origin, str] = {}
    problems: Mapping[Origin, str] = {}
    hindrance: str = ""


def _of_layers(found: Iterable[tuple[Node, Verdict]], made: _Made) -> list[Shortfall]:
    return [
        Shortfall(
            layer=node.name,
            type_name=node.layer.type_name(),
            origin=node.origin,
            verdict=verdict,
            rewrite="" if made.hindrance else made.rewrites.get(node.origin, _OTHERS if verdict.is_fault else ""),
            hindrance=made.problems.get(node.origin, made.hindrance),
        )
        for node, verdict in found
    ]


def _lowered(net: Net, target: Target) -> _Made:
    copy = net.copy()
    copy.notes = []
    try:
        rewritten(copy, target, Options())
    except ConversionError as error:
        problems = error.problems
        layers = list(dict.fromkeys(_named(one.origin) for one in problems if one.origin))
        few = [*layers[:_FEW], *([f"{len(layers) - _FEW} more"] if len(layers) > _FEW else [])]
        return _Made(
            problems=_by_origin([(one.origin, _in_words(one)) for one in problems]),
            hindrance=f"no file is written while this cannot be: {', '.join(few) or problems[0].what}",
        )
    return _Made(
        rewrites=_by_origin([(note.origin, note.text) for note in copy.notes if note.kind in ("lowered", "dropped")])
    )


def _in_words(problem: Problem) -> str:
    why = problem.why or problem.what
    return f"{why}; {problem.hint}" if problem.hint else why


def _named(origin: Origin) -> str:
    return f"{origin.layer} ({origin.what})" if origin.what else origin.layer


def _by_origin(texts: list[tuple[Origin | None, str]]) -> Mapping[Origin, str]:
    found = defaultdict[Origin, list[str]](list)
    for origin, text in texts:
        if origin is not None:
            found[origin].append(text)
    return {origin: "; ".join(dict.fromkeys(each)) for origin, each in found.items()}
