"""A cfg put together: the handler of each section runs, one after the other, and takes its arrays of the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.darknet import INPUT_SIZE, SECTION_OPTION
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.darknet.batch_norm import BatchNormForm
from converters.darknet.build import INPUT, Build, Handler, LostError, Value
from converters.darknet.cfg import Cfg
from converters.darknet.header import Dialect
from converters.darknet.section import Section
from converters.darknet.weights import WeightsFile

_NOT_LOADED = ("dontload", "dontloadscales", "numload")


class Plan(Struct, frozen=True, kw_only=True):
    """All that decides what a cfg becomes, but for its weights."""

    cfg: Cfg
    known: Mapping[str, Handler]
    dialect: Dialect
    batch_norm: BatchNormForm
    input_size: tuple[int, int] | None
    batch: int
    lenient: bool


def assembled(plan: Plan, weights: WeightsFile) -> Build:
    """The net as far as its sections can be made. Raises ConversionError where the input has no size."""
    path = Path(plan.cfg.path)
    net = Net(name=re.sub(r"[^A-Za-z0-9_.-]+", "_", path.stem) or "net")
    source = _input(plan.cfg.net, net, plan.input_size, plan.batch)
    build = Build(
        net=net,
        weights=replace(weights, spans=[]),
        dialect=plan.dialect,
        batch_norm_form=plan.batch_norm,
        lenient=plan.lenient,
        folders=_folders(path),
        section=plan.cfg.net,
        problems=Problems(),
        source=source,
    )
    for section in plan.cfg.sections:
        build.section = section
        value = _value(section, build, plan.known.get(section.kind))
        build.values.append(value)
        build.names.append(build.name)
        build.ends.append(build.weights.position - build.weights.header.size)
        if value is not None:
            net.values[build.name] = value.blob
    net.outputs = _outputs(build)
    return build


def _input(section: Section, net: Net, input_size: tuple[int, int] | None, batch: int) -> Value:
    """The input as [net] says it (parser.c, parse_net_options): an image, or a vector where it says only `inputs`."""
    h, w, c = (section.int(key, 0) for key in ("height", "width", "channels"))
    inputs = section.int("inputs", h * w * c)
    origin = replace(section.origin(), layer=INPUT)
    is_image = h != 0 and w != 0 and c != 0
    if input_size is not None:
        if not is_image:
            what = "there is no height and width to replace by another input size"
            raise ConversionError(Problem(kind=INPUT_SIZE, what=what, origin=origin))
        (h, w), inputs = input_size, input_size[0] * input_size[1] * c
    if min(h, w, c) < 0 or inputs <= 0 or batch < 1 or (is_image and inputs != h * w * c):
        stated = f" inputs={inputs}" if section.has("inputs") else ""
        what = f"height={h} width={w} channels={c}{stated} for {batch} at once is not the size of an input"
        hint = "set height=, width= and channels= in [net], all above 0, or inputs= for a vector"
        raise ConversionError(Problem(kind=INPUT_SIZE, what=what, hint=hint, origin=origin))
    shape = (batch, c, h, w) if is_image else (batch, inputs)
    net.append(Node(name=INPUT, layer=Input(shape=shape), tops=(INPUT,), origin=origin))
    net.values[INPUT] = INPUT
    return Value(blob=INPUT, count=inputs, chw=(c, h, w) if is_image else None)


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
        build.problems.add(what, why=why, hint=hint, origin=build.origin(key), kind=SECTION_OPTION)
    return value


def _check_not_after_end(build: Build) -> None:
    """Behind a [cost] a section would read only its zeros."""
    if build.values and len(build.values) - 1 in build.unreadable and build.names[-1].startswith("cost_"):
        raise build.refusal("a section follows [cost]", why="Darknet gives it nothing but zeros")


def _outputs(build: Build) -> list[str]:
    """The blobs that hold a section's value and that no layer reads, the heads, and the last value."""
    net = build.net
    read = {bottom for node in net.nodes for bottom in node.bottoms}
    heads = {head.name for head in build.heads}
    last = build.names[-1]
    wanted = [blob for name, blob in net.values.items() if blob not in read or name in heads or name == last]
    return [blob for blob in dict.fromkeys(wanted) if blob != INPUT] or [INPUT]


def _folders(cfg: Path) -> tuple[Path, ...]:
    """Where a file that a cfg names may lie: Darknet looks in the current folder, which is mostly the cfg's parent."""
    return (Path(), cfg.parent, cfg.parent.parent)
