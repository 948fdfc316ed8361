"""Inputs and constants in one form: a layer for each blob, with the shape of that blob."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from caffe_ir.proto import caffe_pb2

_OF_BLOBS = {
    "Input": ("input_param", ("shape",)),
    "DummyData": ("dummy_data_param", ("shape", "data_filler", "num", "channels", "height", "width")),
}
"""Types of several blobs, and the fields that say something of each of them, or one thing of all."""


def one_layer_for_each_input(
    message: caffe_pb2.NetParameter, lines: Sequence[int | None], inputs: Sequence[int] = ()
) -> list[int | None]:
    """Bring a net's inputs into the form of one Input for each blob, in place; gives the lines of all its layers.

    `input: "data"` becomes a layer in front (upgrade_proto.cpp, UpgradeNetInput), whose line is in `inputs`. What says
    nothing of some blobs, and no one thing of all, stays as it is (input_layer.cpp, dummy_data_layer.cpp).
    """
    layers, found = list[caffe_pb2.LayerParameter](), list[int | None]()
    names = {layer.name for layer in message.layer}
    for layer, line in zip(message.layer, lines, strict=True):
        parts = list(_parts(layer, names))
        layers += parts
        found += [line] * len(parts)
    old = list(_old_inputs(message))
    del message.layer[:]
    message.layer.extend([*old, *layers])
    for field in ("input", "input_dim", "input_shape"):
        message.ClearField(field)
    return [*(inputs if len(inputs) == len(old) else [None] * len(old)), *found]


def _old_inputs(message: caffe_pb2.NetParameter) -> Iterator[caffe_pb2.LayerParameter]:
    shapes = [tuple(shape.dim) for shape in message.input_shape] or [
        tuple(message.input_dim[place : place + 4]) for place in range(0, len(message.input_dim), 4)
    ]
    for place, name in enumerate(message.input):
        layer = caffe_pb2.LayerParameter(name=name, type="Input", top=[name])
        if place < len(shapes):
            layer.input_param.shape.add(dim=shapes[place])
        yield layer


def _parts(layer: caffe_pb2.LayerParameter, names: set[str]) -> Iterator[caffe_pb2.LayerParameter]:
    if layer.type not in _OF_BLOBS or len(layer.top) <= 1:
        yield layer
        return
    param, fields = _OF_BLOBS[layer.type]
    if not {len(getattr(getattr(layer, param), field)) for field in fields} <= {0, 1, len(layer.top)}:
        yield layer
        return
    for place, top in enumerate(layer.top):
        part = caffe_pb2.LayerParameter()
        part.CopyFrom(layer)
        part.name = top if top == layer.name or top not in names else f"{layer.name}_{top}"
        part.top[:] = [top]
        for field in fields:
            _keep_only(getattr(part, param), field, place)
        yield part


def _keep_only(message: Any, field: str, place: int) -> None:
    """Of the values of a field leave the one of a blob, or the only one."""
    values = list(getattr(message, field))
    if len(values) > 1:
        message.ClearField(field)
        getattr(message, field).extend(values[place : place + 1])
