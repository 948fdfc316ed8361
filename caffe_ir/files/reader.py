"""Reads a Caffe net back: prototxt and caffemodel into a Net whose weights are views of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Blob, Shape, shape_text
from caffe_ir.error_kinds.caffe import BLOB_NAMES, LAYER_REFUSED, PROTOTXT_SYNTAX
from caffe_ir.error_kinds.targets import TARGET_REFUSES
from caffe_ir.errors import ConversionError, Origin, Problem, Problems
from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.files.header import read_header
from caffe_ir.files.inputs import one_layer_for_each_input
from caffe_ir.files.layer_types import unknown_type
from caffe_ir.files.net_text import read_message, runs_at_test
from caffe_ir.files.prototxt import values
from caffe_ir.files.spelled_file import misspellings, spelled_file
from caffe_ir.files.stored_weights import StoredWeights, stored_weights
from caffe_ir.files.text_places import layer_lines
from caffe_ir.layer import Layer, Shapes, require
from caffe_ir.layers import DIALECTS, LAYERS, SPELLINGS
from caffe_ir.near_misses import did_you_mean
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import TARGETS
from caffe_ir.targets.target import Target


def read(prototxt: str | Path, caffemodel: str | Path | None = None, target: Target | None = None) -> Net:
    """The net that a pair of files describes, at phase TEST; without weights where no caffemodel is given.

    Raises ConversionError with everything that no Caffe or fork of it would take, with the line of the prototxt; with
    a target also with the layers that this one does not compute.
    """
    message, lines = read_message(prototxt)
    net = net_of(message, layer_lines(message, lines), prototxt, caffemodel)
    if target is not None:
        _refuse(net, prototxt, target)
    return net


def net_of(
    message: caffe_pb2.NetParameter,
    lines: Sequence[int | None],
    prototxt: str | Path,
    caffemodel: str | Path | None = None,
) -> Net:
    """The net that a message describes, at phase TEST; `lines` are those of its layers in the prototxt.

    A type that some targets take for something else means what it means to the target for which we wrote the file.

    Raises ConversionError as `read` does.
    """
    stored = None
    if caffemodel is not None:
        param_names = {layer.name: _shared(layer) for layer in reversed(message.layer)}
        stored = stored_weights(read_layers(caffemodel), param_names)
    return _net(message, stored, Path(prototxt), lines)


def _refuse(net: Net, prototxt: str | Path, target: Target) -> None:
    problems = Problems()
    for origin, verdict in misspellings(spelled_file(prototxt), target, net):
        if verdict.is_fault:
            problems.add(
                f"{origin.layer} is written in a way that {target.title} does not read",
                why=verdict.why,
                origin=origin,
                kind=TARGET_REFUSES,
            )
    for node, verdict in target.verdicts(net):
        if verdict.is_fault:
            problems.add(f"{node.name} ({node.layer})", why=verdict.why, origin=node.origin, kind=TARGET_REFUSES)
    problems.raise_if_any()


_INPUT = """if the net is fed with it, that stands in front: layer {{ name: "{0}" type: "Input" top: "{0}" input_param \
{{ shape {{ dim: 1 dim: 3 dim: 224 dim: 224 }} }} }}"""


class _Reading(Struct, kw_only=True):
    """A net half read: `current` is the blob of the net that a name of the file stands for by now.

    `stored` is what the caffemodel holds, None where there is none; `tops` are all names that layers write;
    `at_run_time` are the names of weights that layers of the net write (caffe_ir/shared_memory.py).
    """

    net: Net
    stored: StoredWeights | None
    tops: frozenset[str]
    at_run_time: frozenset[str]
    written_for: Target | None
    current: dict[str, str] = field(default_factory=dict)
    owners: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    """The first layer with weights of a name, and their shape."""


def _net(message: caffe_pb2.NetParameter, stored: StoredWeights | None, path: Path, lines: Sequence[int | None]) -> Net:
    lines = one_layer_for_each_input(message, lines)
    stages = frozenset(message.state.stage)
    kept = [(layer, line) for layer, line in zip(message.layer, lines, strict=True) if runs_at_test(layer, stages)]
    tops = frozenset(top for layer, _ in kept for top in layer.top)
    at_run_time = _written_at_run_time([layer for layer, _ in kept])
    reading = _Reading(
        net=Net(name=message.name),
        stored=stored,
        tops=tops,
        at_run_time=at_run_time,
        written_for=_written_for(path) if any(layer.type in DIALECTS for layer, _ in kept) else None,
    )
    net, problems, lost = reading.net, Problems(), set[str]()
    for layer, line in kept:
        origin = Origin(layer=layer.name, what=layer.type, file=str(path), line=line)
        try:
            if problem := unknown_type(layer, origin):
                raise ConversionError(problem)
            if lost.intersection(layer.bottom):  # no more can be said of what reads a blob that could not be made
                lost.update(layer.top)
                continue
            node, shapes = _node(layer, reading, origin)
        except ConversionError as error:
            problems.found.extend(error.problems)
            lost.update(layer.top)
            continue
        with problems.collected():
            _share(layer, shapes, reading, origin)
        net.append(_with_weights(node, shapes, reading, problems) if shapes else node)
    problems.raise_if_any()
    if not net.nodes:
        what = f"{path} has no layer"
        raise ConversionError(Problem(kind=PROTOTXT_SYNTAX, what=what, why="or its rules leave all out at phase TEST"))
    read_somewhere = {bottom for node in net.nodes for bottom in node.bottoms}
    net.outputs = [top for node in net.nodes for top in node.tops if top not in read_somewhere]
    return net


def _written_for(path: Path) -> Target | None:
    """The target that the comment of a prototxt of ours names."""
    try:
        header = read_header(path)
    except OSError:  # the text was at hand otherwise
        return None
    return TARGETS.get(str(header.options.get("target"))) if header is not None else None


def _written_at_run_time(layers: Sequence[caffe_pb2.LayerParameter]) -> frozenset[str]:
    """The names of weights that a layer writes, as it works in place on the top of their Parameter."""
    overwritten = {layer.top[0] for layer in layers if layer.bottom and list(layer.bottom[:1]) == list(layer.top)}
    parameters = [layer for layer in layers if layer.type == "Parameter" and overwritten.issuperset(layer.top)]
    return frozenset(name for layer in parameters for name in _shared(layer))


def _node(message: caffe_pb2.LayerParameter, reading: _Reading, origin: Origin) -> tuple[Node, Shapes]:
    """The layer without its weights, and their shapes."""
    net, current = reading.net, reading.current
    unknown = [bottom for bottom in message.bottom if bottom not in current]
    if unknown:
        raise ConversionError(
            Problem(
                kind=BLOB_NAMES,
                what=f"{message.name} reads {', '.join(unknown)}",
                why="nothing before it writes it",
                hint=did_you_mean(unknown[0], current) or _INPUT.format(unknown[0]),
                origin=origin,
            )
        )
    bottoms = tuple(current[bottom] for bottom in message.bottom)
    in_place = len(message.top) == 1 and list(message.top) == list(message.bottom[:1])
    if not in_place and (twice := [top for top in message.top if top in current]):
        why = "an earlier layer writes it, and Caffe refuses a blob of two sources (net.cpp, AppendTop)"
        raise ConversionError(
            Problem(kind=BLOB_NAMES, what=f"{message.name} writes {', '.join(twice)}", why=why, origin=origin)
        )
    tops = (net.fresh_name(message.name, reading.tops),) if in_place else tuple(message.top)
    layer, shapes = _layer(message, net.shapes_of(bottoms), origin, reading.written_for)
    node = Node(
        name=message.name,
        layer=layer,
        bottoms=bottoms,
        tops=tops,
        origin=origin,
        in_place=in_place,
        param_names=_shared(message),
    )
    current.update(zip(message.top, tops, strict=True))
    return node, shapes


def _with_weights(node: Node, shapes: Shapes, reading: _Reading, problems: Problems) -> Node:
    """The layer with its weights; with zeros where they do not fit, so that more can be said of what is behind it."""
    blobs = tuple(map(Blob.of_zeros, shapes))
    with problems.collected():
        blobs = _weights(node, shapes, reading)
    return replace(node, blobs=blobs)


def _weights(node: Node, shapes: Shapes, reading: _Reading) -> tuple[Blob, ...]:
    kept_by_none = reading.stored is None or node.name not in reading.stored.layers
    if kept_by_none and len(node.param_names) == len(shapes) and reading.at_run_time.issuperset(node.param_names):
        return ()
    if reading.stored is None:
        return tuple(Blob.of_zeros(shape) for shape in shapes)
    if reading.net.has(node.name):
        what, why = f"a second layer is called {node.name}", "Caffe gives the weights of that name to one alone"
        raise ConversionError(
            Problem(kind=BLOB_NAMES, what=what, why=why, hint="give each a name of its own", origin=node.origin)
        )
    return reading.stored.of(node, shapes)


def _share(message: caffe_pb2.LayerParameter, shapes: Shapes, reading: _Reading, origin: Origin) -> None:
    """Raise ConversionError where Caffe refuses to give the layer an earlier one's weights (net.cpp, AppendParam)."""
    for param, shape in zip(message.param, shapes, strict=False):
        owner, held = reading.owners.setdefault(param.name, (message.name, shape)) if param.name else ("", shape)
        is_permissive = param.share_mode == caffe_pb2.PERMISSIVE
        as_many = prod(held) == prod(shape)
        if held != shape and not (is_permissive and as_many):
            wants = "as many numbers even with share_mode: PERMISSIVE" if is_permissive else "one shape for both"
            raise ConversionError(
                Problem(
                    kind=LAYER_REFUSED,
                    what=f"{message.name} cannot share {param.name}, {shape_text(shape)}, with {owner}, which has "
                    f"{shape_text(held)}",
                    why=f"Caffe wants {wants}",
                    hint="share_mode: PERMISSIVE in that param takes the same numbers in another shape"
                    if as_many
                    else "give it another name",
                    origin=origin,
                )
            )


def _shared(message: caffe_pb2.LayerParameter) -> tuple[str, ...]:
    """The names under which a layer's weights are shared, in the order of the weights; none where no one is."""
    names = tuple(param.name for param in message.param)
    return names if any(names) else ()


def _spelled(type_name: str, fields: Mapping[str, Any], target: Target | None) -> Layer:
    """The layer that a file spells so. Raises ValueError with the reason of the spelling whose field the file has."""
    if target is not None and (meant := target.meaning(type_name)) is not None:
        return meant.parsed(fields)
    kinds = SPELLINGS.get(type_name, ())
    for kind in kinds:
        with suppress(ValueError, TypeError):
            return kind.parsed(fields)
    theirs = [kind for kind in kinds if kind.variant and any(name.startswith(kind.variant) for name in fields)]
    return (theirs or [LAYERS[type_name]])[0].parsed(fields)


def _layer(
    message: caffe_pb2.LayerParameter, bottoms: Shapes, origin: Origin, target: Target | None
) -> tuple[Layer, Shapes]:
    """The layer that a file spells so on such bottoms, and the shapes of its weights."""
    kind = LAYERS[message.type]
    spelled = values(getattr(message, kind.param)) if kind.param else {}
    try:
        require(kind.bottoms[0] <= len(bottoms) <= kind.bottoms[1], f"{len(bottoms)} bottoms, not {kind.bottoms}")
        layer = _spelled(message.type, spelled, target).placed(bottoms, len(message.top))
        layer.infer(bottoms)
        return layer, layer.blob_shapes(bottoms)
    except (ValueError, TypeError) as error:
        raise ConversionError(
            Problem(kind=LAYER_REFUSED, what=f"{message.name} ({message.type}): {error}", origin=origin)
        ) from error
