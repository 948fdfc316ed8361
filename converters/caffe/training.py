"""What a prototxt has for training alone: sources of data become inputs, losses and what reads labels are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from caffe_ir.blob import Shape, shape_text
from caffe_ir.error_kinds.caffe import NO_INPUT_SIZE
from caffe_ir.errors import Note, Origin, Problems
from caffe_ir.files.inputs import one_layer_for_each_input
from caffe_ir.files.layer_types import DATA, is_data, is_loss
from caffe_ir.layers import LAYERS
from caffe_ir.near_misses import did_you_mean
from caffe_ir.proto import caffe_pb2

ANY, USUAL = (1, 3, 224, 224), 224
"""A shape that stands for one which the user has to give."""


class Lines(Struct, kw_only=True):
    """A net as its file spells it, with the lines of its layers, while its training parts are taken out."""

    file: str
    message: caffe_pb2.NetParameter
    lines: list[int | None]
    inputs: Sequence[int] = ()
    """The lines of inputs in the old form."""
    notes: list[Note] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)

    def origin(self, place: int) -> Origin:
        layer = self.message.layer[place]
        return Origin(layer=layer.name, what=layer.type, file=self.file, line=self.lines[place])

    def leave_out(self, place: int, why: str) -> None:
        layer = self.message.layer[place]
        self.notes.append(
            Note(kind="dropped", text=f"{layer.name} ({layer.type}) is left out: {why}", origin=self.origin(place))
        )
        del self.message.layer[place]
        del self.lines[place]


def without_training(net: Lines, shapes: Mapping[str, Shape]) -> None:
    """Take out what a net has for training alone, and give every input its shape: the user's, or the file's.

    `shapes` are the user's, by the names of the inputs; "" names the only one.
    """
    net.lines[:] = one_layer_for_each_input(net.message, net.lines, net.inputs)
    _losses(net)
    given = dict(shapes)
    if "" in given:
        inputs = list(_inputs(net))
        if len(inputs) != 1:
            net.problems.add(
                f"the net has {len(inputs)} inputs: {', '.join(inputs)}" if inputs else "the file has no inputs",
                hint=f"name the one that is meant: --input {inputs[0] if inputs else 'NAME'}={shape_text(given[''])}",
                kind=NO_INPUT_SIZE,
            )
            return
        given = {inputs[0]: given[""], **{name: shape for name, shape in given.items() if name}}
    _unwritten(net, given)
    _sizes(net, given)
    _data(net, given)


def _unwritten(net: Lines, given: Mapping[str, Shape]) -> None:
    """Inputs of which the file says nothing: blobs that are read, that no layer writes, and that the user gives."""
    read = dict.fromkeys(bottom for layer in net.message.layer for bottom in layer.bottom)
    written = {top for layer in net.message.layer for top in layer.top}
    new = [name for name in read if name in given and name not in written]
    layers = [caffe_pb2.LayerParameter(name=name, type="Input", top=[name]) for name in new]
    layers += list(net.message.layer)
    del net.message.layer[:]
    net.message.layer.extend(layers)
    net.lines[:0] = [None] * len(new)
    for name in new:
        text = f"an input of {shape_text(given[name])}: no layer of the file writes it"
        net.notes.append(Note(kind="assumed", text=text, origin=Origin(layer=name, what="Input", file=net.file)))


def _losses(net: Lines) -> None:
    for place in reversed(range(len(net.message.layer))):
        layer = net.message.layer[place]
        if layer.type == "SoftmaxWithLoss" and len(layer.top) > 1:
            net.notes.append(
                Note(
                    kind="dropped",
                    text=f"the loss of {layer.name} is left out; its Softmax stays",
                    origin=net.origin(place),
                )
            )
            bottom, top = layer.bottom[0], layer.top[1]
            del layer.bottom[:], layer.top[:]
            layer.type = "Softmax"
            layer.bottom.append(bottom)
            layer.top.append(top)
        elif is_loss(layer.type):
            net.leave_out(place, "it is for training alone")
        elif not layer.top and layer.type not in LAYERS:
            net.leave_out(place, "it writes no blob")


def _inputs(net: Lines) -> Iterator[str]:
    """The blobs that come from outside, as far as a layer reads them."""
    read = _read(net)
    for layer in net.message.layer:
        if layer.type == "Input":
            yield from layer.top
        elif _is_source(layer):
            yield from (top for top in _images(layer) if top in read)


def _read(net: Lines) -> set[str]:
    """The blobs of which something is made; a Silence makes nothing."""
    return {bottom for layer in net.message.layer if layer.top for bottom in layer.bottom}


def _is_source(layer: caffe_pb2.LayerParameter) -> bool:
    """Whether a layer brings data into the net: it is one of those for that, or code that reads no blob."""
    return is_data(layer.type) or (layer.type == "Python" and not layer.bottom)


def _images(layer: caffe_pb2.LayerParameter) -> list[str]:
    """The tops of a source of data that are not labels.

    Of Caffe's own that is the first; of those of forks nothing says it, and all are that a layer makes something of.
    """
    return list(layer.top[:1]) if layer.type in DATA and layer.type != "HDF5Data" else list(layer.top)


def _data(net: Lines, given: Mapping[str, Shape]) -> None:
    """Inputs in the place of sources of data, without their labels."""
    read = _read(net)
    lost: set[str] = set()
    for place in reversed(range(len(net.message.layer))):
        layer = net.message.layer[place]
        if not _is_source(layer):
            continue
        images = [top for top in _images(layer) if top in read or top in given]
        lost.update(top for top in layer.top if top not in images)
        shapes = {top: given.get(top) or _memory(layer) for top in images}
        for top, shape in shapes.items():
            if shape is None:
                side = _transform(layer).crop_size
                _without_size(net, top, place, "it has the size of its records", side)
            else:
                text = f"{layer.type} -> Input of {shape_text(shape)}{_of_pictures(layer)}"
                net.notes.append(Note(kind="assumed", text=text, origin=net.origin(place)))
        _as_inputs(net, place, shapes)
    _readers(net, lost)


def _transform(layer: caffe_pb2.LayerParameter) -> caffe_pb2.TransformationParameter:
    """What is done to the pictures, wherever it stands (upgrade_proto.cpp, UpgradeNetDataTransformation)."""
    found = caffe_pb2.TransformationParameter()
    found.CopyFrom(layer.transform_param)
    older = {"Data": layer.data_param, "ImageData": layer.image_data_param, "WindowData": layer.window_data_param}
    for name in ("scale", "mean_file", "crop_size"):
        if layer.type in older and older[layer.type].HasField(name):
            setattr(found, name, getattr(older[layer.type], name))
    return found


def _of_pictures(layer: caffe_pb2.LayerParameter) -> str:
    """What a source of data does to its pictures, which OpenCV gives it in BGR (data_transformer.cpp, Transform)."""
    does = _transform(layer)
    if does.mean_file:
        return f"; its pictures less the mean in {does.mean_file}, times {does.scale:g}"
    if not does.mean_value and does.scale == 1:
        return ""
    means = f"--mean {','.join(f'{mean:g}' for mean in does.mean_value)} " if does.mean_value else ""
    order = "" if does.force_gray else " --bgr"
    return f"; its pictures go through {means}--scale {does.scale:g}{order}"


def _as_inputs(net: Lines, place: int, shapes: Mapping[str, Shape | None]) -> None:
    """A layer of the type Input for each top, in the place of one layer."""
    name, line = net.message.layer[place].name, net.lines[place]
    del net.message.layer[place]
    del net.lines[place]
    for number, (top, shape) in enumerate(shapes.items()):
        called = name if len(shapes) == 1 else top
        layer = caffe_pb2.LayerParameter(name=called, type="Input", top=[top])
        layer.input_param.shape.add(dim=shape or ANY)
        net.message.layer.insert(place + number, layer)
        net.lines.insert(place + number, line)


def _without_size(net: Lines, top: str, place: int, why: str = "", side: int = 0) -> None:
    net.problems.add(
        f"{top} has no size in the file",
        why=why,
        hint=f"give it: --input {top}=1x3x{side or USUAL}x{side or USUAL}",
        origin=net.origin(place),
        kind=NO_INPUT_SIZE,
    )


def _memory(layer: caffe_pb2.LayerParameter) -> Shape | None:
    if layer.type != "MemoryData":
        return None
    sizes = layer.memory_data_param
    return (sizes.batch_size, sizes.channels, sizes.height, sizes.width)


def _readers(net: Lines, lost: set[str]) -> None:
    """Leave out what reads a label, and what reads that in turn."""
    place = 0
    while place < len(net.message.layer):
        layer = net.message.layer[place]
        labels = lost.intersection(layer.bottom)
        if labels and not layer.top:
            net.leave_out(place, f"it reads {', '.join(sorted(labels))}")
        elif labels:
            lost.update(layer.top)
            net.leave_out(place, f"it reads {', '.join(sorted(labels))}, which training alone has")
        else:
            place += 1


def _sizes(net: Lines, given: Mapping[str, Shape]) -> None:
    """Give the Inputs the shapes of the user, and refuse those that have none; one Input for each blob."""
    known = list(_inputs(net))
    for name in given:
        if name not in known:
            meant = did_you_mean(name, known)
            net.problems.add(
                f"--input {name}: no input is called so",
                hint=meant or (f"the inputs: {', '.join(known)}" if known else "the file has no inputs"),
                kind=NO_INPUT_SIZE,
            )
    for place in reversed(range(len(net.message.layer))):
        layer = net.message.layer[place]
        if layer.type != "Input":
            continue
        stated = [tuple(shape.dim) for shape in layer.input_param.shape]
        if len(stated) > 1:
            continue  # the reader refuses it
        shapes = {top: given.get(top) or next(iter(stated), None) for top in layer.top}
        for top, shape in shapes.items():
            if shape is None:
                _without_size(net, top, place)
        _as_inputs(net, place, shapes)
