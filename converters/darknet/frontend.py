"""From a cfg and its weights to a net that says exactly what Darknet computes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.darknet import NOT_A_CFG
from caffe_ir.error_kinds.general import OPTION_VALUE
from caffe_ir.errors import ConversionError, Note, Origin, Problem
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.net import Net
from caffe_ir.picture_input import Order, PictureInput
from converters.darknet import fit
from converters.darknet.assembly import Plan, assembled
from converters.darknet.batch_norm import BatchNormForm
from converters.darknet.build import Build, Handler
from converters.darknet.cfg import Cfg, cut, read_cfg
from converters.darknet.checks import line_of, static_problems, unread
from converters.darknet.dialect import (
    FIRST_ALEXEYAB,
    NAMES,
    Decision,
    DialectChoice,
    batch_norm_form,
    decide_dialect,
    writer_by_header,
)
from converters.darknet.facts import Facts, Preprocessing
from converters.darknet.fitting import arrays_asked_for, finish_weights, fitting_heads
from converters.darknet.header import Dialect
from converters.darknet.heads import Head
from converters.darknet.sections import HANDLERS, merged
from converters.darknet.signatures import A_CFG
from converters.darknet.weights import WeightsFile

_AFTER_THE_END = ("cost", "contrastive", "dropout", "empty")
"""Sections that compute nothing at inference: what comes before them ends the net."""


class DarknetModel(Struct, frozen=True, kw_only=True):
    """A Darknet net in exact-source layers, and what was decided on the way."""

    net: Net
    dialect: Dialect
    batch_norm: BatchNormForm
    facts: Facts
    """What a decoder needs; false where there is nothing to decode."""
    weights: WeightsFile
    """The file with all arrays that the net takes of it, for a check of the numbers."""

    @property
    def heads(self) -> tuple[Head, ...]:
        """The detection heads that are known."""
        return self.facts.heads


def convert(
    cfg: str | Path,
    weights: str | Path,
    *,
    dialect: DialectChoice = "auto",
    bn: str = "auto",
    input_size: tuple[int, int] | None = None,
    batch: int = 1,
    lenient: bool = False,
    header_bytes: int | None = None,
    until: int | None = None,
    allow_trailing: bool = False,
    handlers: Mapping[str, Handler] | None = None,
    check_finite: bool = True,
) -> DarknetModel:
    """Read a Darknet model into a net of exact-source layers.

    `bn` is "auto", a name or a form with its epsilon ("inside:1e-4"); `input_size` is (height, width) in place of the
    cfg's; `lenient` takes unknown activations for ReLU as Darknet does; `header_bytes` is the length of the weights'
    header where its version does not say it; `until` is the index of the last section that is converted; `handlers`
    adds sections that are not known here; `check_finite` reads all weights once, for NaN and infinity.
    Raises ConversionError with every problem found.
    """
    whole, file = _read(cfg, weights, header_bytes)
    decision = decide_dialect(whole, file.header.version, dialect)
    if decision.dialect != "darknet":
        file = WeightsFile.open(weights, decision.dialect, header_bytes)
    read = whole if until is None else cut(whole, until)
    plan = Plan(
        cfg=read,
        known=merged(HANDLERS, handlers or {}),
        dialect=decision.dialect,
        batch_norm=_batch_norm(decision, file, bn),
        input_size=input_size,
        batch=batch,
        lenient=lenient,
    )
    static = list(static_problems(plan))
    try:
        build = assembled(plan, file)
    except ConversionError as error:
        raise ConversionError(*error.problems, *static) from None
    asked = arrays_asked_for(plan, build, whole)
    header = fit.other_header(build.weights, asked) if asked and header_bytes is None else None
    if header is not None and header.taken:
        file = WeightsFile.open(weights, decision.dialect, header.here.header)
        plan = replace(plan, batch_norm=_batch_norm(decision, file, bn))
        build = assembled(plan, file)
        build.net.notes.append(Note(kind="assumed", text=header.text, origin=file.origin()))
    elif header_bytes is not None:
        text = f"the weights' header has {header_bytes} bytes, as asked for with --header-bytes"
        build.net.notes.append(Note(kind="assumed", text=text, origin=file.origin()))
    build.problems.found[:0] = static
    finish_weights(plan, build, asked, allow_trailing=allow_trailing, check_finite=check_finite)
    if build.problems.found:
        notes = [*fitting_heads(plan, build, asked), *unread(read, build.made(read.sections))]
        raise ConversionError(*sorted(build.problems.found, key=line_of), notes=notes)
    facts = _facts(read, decision.dialect, build)
    if facts.preprocessing.is_of_a_picture:
        build.net.picture = PictureInput(order="RGB", scale=(1 / 255,))
    build.net.notes[:0] = _opening_notes(read, decision, build, bn)
    build.net.notes.extend(unread(read, read.sections))
    return DarknetModel(
        net=build.net,
        dialect=decision.dialect,
        batch_norm=plan.batch_norm,
        facts=facts,
        weights=build.weights,
    )


def heads_json(model: DarknetModel, net: Net | None = None) -> str:
    """The contents of NAME.heads.json; `net` is the model's net as it was rewritten for its target."""
    return _facts_for(model, net).text((net or model.net).values)


def files_beside(model: DarknetModel, net: Net | None = None) -> dict[str, str]:
    """What belongs beside the two files of the net, by the ending of its name: .heads.json, .input.json."""
    return _facts_for(model, net).texts((net or model.net).values)


def _facts_for(model: DarknetModel, net: Net | None) -> Facts:
    """The facts for a net that does itself what is done to the bytes of a picture, or for one that does not."""
    if net is None or net.taken is None:
        return model.facts
    order: Order = "BGR" if (net.taken.order == "BGR") != net.taken.swapped else "RGB"
    return replace(model.facts, preprocessing=replace(model.facts.preprocessing, taken=order))


def _read(cfg: str | Path, weights: str | Path, header_bytes: int | None) -> tuple[Cfg, WeightsFile]:
    """Both files; what is wrong with each of them is reported together."""
    found: list[Problem] = []
    read: Cfg | None = None
    file: WeightsFile | None = None
    try:
        read = read_cfg(cfg)
    except ConversionError as error:
        found.extend(error.problems)
    try:
        file = WeightsFile.open(weights, "darknet", header_bytes)
        found.extend([file.doubt] if file.doubt and found else [])
    except ConversionError as error:
        found.extend(error.problems)
    if len(found) > 1 and any(A_CFG in problem.what for problem in found):
        what = f"{cfg} is not a cfg, and {weights} looks like one"
        raise ConversionError(Problem(kind=NOT_A_CFG, what=what, hint="the cfg comes first, then the weights"))
    if read is None or file is None:
        raise ConversionError(*found)
    return read, file


def _batch_norm(decision: Decision, file: WeightsFile, wanted: str) -> BatchNormForm:
    try:
        return batch_norm_form(writer_by_header(decision.writer, file.header), wanted)
    except ValueError as error:
        raise ConversionError(Problem(kind=OPTION_VALUE, what=f"bn: {error}")) from None


def _opening_notes(cfg: Cfg, decision: Decision, build: Build, bn: str) -> list[Note]:
    """What the user must know first: whose Darknet this is for, and which batch normalisation."""
    form, header = build.batch_norm_form, build.weights.header
    origin = Origin(layer="net", file=cfg.path)
    notes = [Note(kind="assumed", text=f"this is a model of {NAMES[decision.dialect]}: {decision.why}", origin=origin)]
    if any(isinstance(node.layer, SourceBatchNorm) for node in build.net.nodes):
        text = f"batch normalisation divides by {form}, {form.why}"
        notes.append(Note(kind="assumed", text=text, origin=origin))
        if header.version == FIRST_ALEXEYAB and header.seen == 0 and bn == "auto":
            text = "the weights' header counts no images, as in exports from PyTorch; if that model has "
            text += "another epsilon, give it: --bn inside:1e-4"
            notes.append(Note(kind="assumed", text=text, origin=origin))
    return notes


def _facts(cfg: Cfg, dialect: Dialect, build: Build) -> Facts:
    """The heads, or the softmax that ends the net, and how a picture becomes the input of such a net.

    image.c: pjreddie's detector and classifier keep the proportions; AlexeyAB's detector does only with letter_box=1,
    his classifier takes the middle (classifier.c, predict_classifier). Nets with [detection] are run by the program
    `yolo`, which stretches in both (yolo.c, test_yolo): the boxes of [detection] know of no border.
    """
    channels, height, width = build.source.chw or (1, 1, build.source.count)
    detects = bool(build.heads or build.unknown_heads)
    last = next((section.index for section in reversed(cfg.sections) if section.kind not in _AFTER_THE_END), -1)
    classifier = build.classifiers.get(last) if build.source.chw and not detects else None
    keeps = dialect == "darknet" or (cfg.net.int("letter_box", 0) != 0 and classifier is None)
    letterbox = keeps and not any(head.map.type == "detection" for head in build.heads)
    return Facts(
        dialect=dialect,
        preprocessing=Preprocessing(
            fit="letterbox" if letterbox else "crop" if classifier else "stretch",
            channels=channels,
            size=(height, width),
        ),
        heads=tuple(build.heads),
        unknown_heads=tuple(build.unknown_heads),
        classifier=classifier,
    )
