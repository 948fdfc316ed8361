"""From a cfg and its weights to a net that says exactly what Darknet computes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.errors import ConversionError, Note, Origin, Problem, Problems
from caffe_ir.layers import Input
from caffe_ir.net import Net, Node
from caffe_ir.source_layers import SourceBatchNorm
from converters.darknet.activations import DEFAULTS, choose
from converters.darknet.build import INPUT, Build, Handler, LostError, Value, layer_name
from converters.darknet.cfg import ALIASES, Cfg, read_cfg
from converters.darknet.dialect import (
    NAMES,
    SECTIONS_OF_ONE,
    BatchNormChoice,
    BatchNormForm,
    Decision,
    DialectChoice,
    batch_norm_form,
    decide_dialect,
    options_of_one,
)
from converters.darknet.foreign_names import option_hint, section_hint
from converters.darknet.heads import Head, Preprocessing, heads_text
from converters.darknet.section import Section
from converters.darknet.sections import HANDLERS, REFUSED, merged
from converters.darknet.weights import Dialect, WeightsFile

_NOT_LOADED = ("dontload", "dontloadscales", "numload")
_OF_ONE_SIZE = ("connected", "local")
"""Sections whose weights are for one size of their input."""


class DarknetModel(Struct, frozen=True, kw_only=True):
    """A Darknet net in exact-source layers, and what was decided on the way."""

    net: Net
    heads: tuple[Head, ...]
    dialect: Dialect
    batch_norm: BatchNormForm
    preprocessing: Preprocessing
    weights: WeightsFile
    """The file with all arrays that the net takes of it, for a check of the numbers."""


def convert(
    cfg: str | Path,
    weights: str | Path,
    *,
    dialect: DialectChoice = "auto",
    bn: BatchNormChoice = "auto",
    input_size: tuple[int, int] | None = None,
    batch: int = 1,
    lenient: bool = False,
    allow_trailing: bool = False,
    handlers: Mapping[str, Handler] | None = None,
    check_finite: bool = True,
) -> DarknetModel:
    """Read a Darknet model into a net of exact-source layers.

    `input_size` is (height, width) in place of the cfg's; `lenient` takes unknown activations for ReLU as Darknet does;
    `handlers` adds sections that are not known here; `check_finite` reads all weights once, for NaN and infinity.
    Raises ConversionError with every problem found.
    """
    read, file = _read(cfg, weights)
    decision = decide_dialect(read, (file.major, file.minor, file.revision), dialect)
    if decision.dialect != "darknet":
        file = WeightsFile.open(weights, decision.dialect)
    known = merged(HANDLERS, handlers or {})
    problems = Problems(found=list(_static_problems(read, known, decision.dialect, lenient)))
    net = Net(name=re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(cfg).stem) or "net")
    try:
        source = _input(read.net, net, input_size, batch)
    except ConversionError as error:
        raise ConversionError(*error.problems, *problems.found) from None
    form = batch_norm_form(decision.dialect, bn)
    build = Build(
        net=net,
        weights=file,
        dialect=decision.dialect,
        batch_norm_form=form,
        lenient=lenient,
        folders=_folders(Path(cfg)),
        section=read.net,
        problems=problems,
        source=source,
    )
    complete = _build(read, build, known)
    fixed = input_size is not None and any(section.kind in _OF_ONE_SIZE for section in read.sections)
    hint = "the weights of [connected] and [local] are for the cfg's own input size" if fixed else ""
    _finish_weights(build, complete=complete, allow_trailing=allow_trailing, check_finite=check_finite, hint=hint)
    if problems.found:
        raise ConversionError(*sorted(problems.found, key=_line), notes=list(_unread(read, _made(read, build))))
    net.outputs = _outputs(build)
    net.notes[:0] = _opening_notes(read, decision, form, net)
    net.notes.extend(_unread(read, read.sections))
    return DarknetModel(
        net=net,
        heads=tuple(build.heads),
        dialect=decision.dialect,
        batch_norm=form,
        preprocessing=_preprocessing(read.net, decision.dialect, source),
        weights=file,
    )


def heads_json(model: DarknetModel, net: Net | None = None) -> str:
    """The contents of NAME.heads.json; `net` is the model's net as it was rewritten for its target."""
    held = (net or model.net).values
    return heads_text(model.heads, model.preprocessing, model.dialect, held)


def _read(cfg: str | Path, weights: str | Path) -> tuple[Cfg, WeightsFile]:
    """Both files; what is wrong with each of them is told together."""
    found: list[Problem] = []
    read: Cfg | None = None
    file: WeightsFile | None = None
    try:
        read = read_cfg(cfg)
    except ConversionError as error:
        found.extend(error.problems)
    try:
        file = WeightsFile.open(weights, "darknet")
    except ConversionError as error:
        found.extend(error.problems)
    if read is None or file is None:
        raise ConversionError(*found)
    return read, file


def _static_problems(cfg: Cfg, known: Mapping[str, Handler], dialect: Dialect, lenient: bool) -> Iterator[Problem]:
    """What can be said of each section by itself, also where the values before it could not be made."""
    others: Dialect = "alexeyab" if dialect == "darknet" else "darknet"
    for section in cfg.sections:
        origin = _origin(section)
        if section.kind in REFUSED and section.kind not in known:
            what = f"{section.written} cannot be converted"
            yield Problem(what=what, why=REFUSED[section.kind], origin=origin)
        elif section.kind not in known:
            why = "Darknet makes an empty layer of it"
            hint = section_hint(section.kind, [*known, *ALIASES, *REFUSED])
            yield Problem(what=f"{section.written} is an unknown section", why=why, hint=hint, origin=origin)
        elif section.kind in SECTIONS_OF_ONE[others]:
            what = f"{section.written} is unknown to {NAMES[dialect]}"
            yield Problem(what=what, why=f"only {NAMES[others]} has it", hint=f"--dialect {others}", origin=origin)
        if section.kind in known and section.kind in DEFAULTS and section.has("activation"):
            chosen = choose(section.text("activation"), section.kind, dialect, lenient=lenient)
            if chosen.refused:
                place = _origin(section, "activation")
                yield Problem(what=chosen.refused, why=chosen.why, hint=chosen.hint, origin=place)


def _input(section: Section, net: Net, input_size: tuple[int, int] | None, batch: int) -> Value:
    """The input as [net] says it (parser.c, parse_net_options): an image, or a vector where it says only `inputs`."""
    h, w, c = (section.int(key, 0) for key in ("height", "width", "channels"))
    inputs = section.int("inputs", h * w * c)
    origin = replace(section.origin(), layer=INPUT)
    is_image = h != 0 and w != 0 and c != 0
    if input_size is not None:
        if not is_image:
            what = "there is no height and width to replace by another input size"
            raise ConversionError(Problem(what=what, origin=origin))
        (h, w), inputs = input_size, input_size[0] * input_size[1] * c
    if min(h, w, c) < 0 or inputs <= 0 or batch < 1 or (is_image and inputs != h * w * c):
        stated = f" inputs={inputs}" if section.has("inputs") else ""
        what = f"height={h} width={w} channels={c}{stated} for {batch} at once is no size of an input"
        hint = "[net] says height=, width= and channels=, all above 0, or else inputs= of a vector"
        raise ConversionError(Problem(what=what, hint=hint, origin=origin))
    shape = (batch, c, h, w) if is_image else (batch, inputs)
    net.append(Node(name=INPUT, layer=Input(shape=shape), tops=(INPUT,), origin=origin))
    net.values[INPUT] = INPUT
    return Value(blob=INPUT, count=inputs, chw=(c, h, w) if is_image else None)


def _build(cfg: Cfg, build: Build, known: Mapping[str, Handler]) -> bool:
    """Run the handler of each section; whether all of them made their value."""
    for section in cfg.sections:
        build.section = section
        value = _value(section, build, known.get(section.kind))
        build.values.append(value)
        build.names.append(build.name)
        if value is not None:
            build.net.values[build.name] = value.blob
    return None not in build.values


def _value(section: Section, build: Build, handler: Handler | None) -> Value | None:
    skipped = [key for key in _NOT_LOADED if section.int(key, 0)] if build.dialect == "darknet" else []
    if build.dialect == "alexeyab":
        skipped = [key for key in _NOT_LOADED[:2] if section.int(key, 0)]
    first = len(build.weights.spans)
    if handler is None:
        return None
    try:
        _check_not_after_end(build)
        value = handler(section, build)
    except ConversionError as error:
        build.problems.found.extend(error.problems)
        return None
    except LostError:
        return None
    if skipped and len(build.weights.spans) > first:
        key = skipped[0]
        hint = f"where the file does hold them, take the line {key}= out of the cfg"
        why = "Darknet fills them with random numbers"
        what = f"{key} leaves weights of this section out of the file"
        build.problems.add(what, why=why, hint=hint, origin=build.origin(key))
    return value


def _check_not_after_end(build: Build) -> None:
    """Behind a [cost] a section would read only its zeros."""
    if build.values and len(build.values) - 1 in build.unreadable and build.names[-1].startswith("cost_"):
        raise build.refusal("a section follows [cost]", why="Darknet gives it nothing but zeros")


def _finish_weights(build: Build, *, complete: bool, allow_trailing: bool, check_finite: bool, hint: str = "") -> None:
    """Whether the file fits. Nobody can tell where a section is missing, for it might have read some of it."""
    if not complete:
        return
    problems, notes = build.weights.finish(allow_trailing)
    build.problems.found.extend(replace(problem, hint=hint or problem.hint) for problem in problems)
    build.net.notes.extend(notes)
    if check_finite and not build.problems.found:
        build.net.notes.extend(build.weights.non_finite())


def _outputs(build: Build) -> list[str]:
    """The blobs that hold a section's value and that no layer reads, the heads, and the last value."""
    net = build.net
    read = {bottom for node in net.nodes for bottom in node.bottoms}
    heads = {head.name for head in build.heads}
    last = build.names[-1]
    wanted = [blob for name, blob in net.values.items() if blob not in read or name in heads or name == last]
    return [blob for blob in dict.fromkeys(wanted) if blob != INPUT] or [INPUT]


def _opening_notes(cfg: Cfg, decision: Decision, form: BatchNormForm, net: Net) -> list[Note]:
    """What the user must know first: whose Darknet this is for, and which batch normalisation."""
    origin = Origin(layer="net", file=cfg.path)
    notes = [Note(kind="assumed", text=f"this is a model of {NAMES[decision.dialect]}: {decision.why}", origin=origin)]
    if any(isinstance(node.layer, SourceBatchNorm) for node in net.nodes):
        text = f"batch normalisation divides by {form}, {form.why}"
        notes.append(Note(kind="assumed", text=text, origin=origin))
    return notes


def _made(cfg: Cfg, build: Build) -> list[Section]:
    """The sections that made their value, and so have read all options that they know."""
    return [section for section, value in zip(cfg.sections, build.values, strict=True) if value is not None]


def _unread(cfg: Cfg, sections: Iterable[Section]) -> Iterator[Note]:
    """Warnings for odd values, and for the options in [net] and in `sections` that nobody read."""
    yield from cfg.all_notes()
    for section in (cfg.net, *sections):
        for key, line, value in section.unread():
            meant = option_hint(key, [*section.read_keys(), *options_of_one(section.kind)])
            text = f"the option {key}={value} is unknown and does nothing{'; ' * bool(meant)}{meant}"
            yield Note(kind="warning", text=text, origin=replace(_origin(section), line=line))


def _line(problem: Problem) -> int:
    """Where a problem stands in the cfg; those of the weights file come last."""
    line = problem.origin.line if problem.origin else None
    return sys.maxsize if line is None else line


def _origin(section: Section, key: str | None = None) -> Origin:
    layer = "net" if section.index < 0 else layer_name(section)
    return replace(section.origin(key), layer=layer)


def _preprocessing(section: Section, dialect: Dialect, source: Value) -> Preprocessing:
    """image.c: pjreddie's detector keeps the proportions, AlexeyAB's does only with letter_box=1."""
    letterbox = dialect == "darknet" or section.int("letter_box", 0) != 0
    return Preprocessing(letterbox=letterbox, channels=source.chw[0] if source.chw else 1)


def _folders(cfg: Path) -> tuple[Path, ...]:
    """Where a file that a cfg names may lie: Darknet looks in the current folder, which is mostly the cfg's parent."""
    return (Path(), cfg.parent, cfg.parent.parent)
