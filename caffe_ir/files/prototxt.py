"""A net as the text that Caffe reads: blobs, layers and their parameters, all through caffe.proto's descriptors.

In the net every blob has one producer; in a prototxt a layer that works in place writes the name that it reads. The
two directions stand side by side here: `net_message` shares names, `versions` gives each its own again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from caffe_ir.blob import Shape
from caffe_ir.float32 import Float32
from caffe_ir.layer import Shapes
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import CAFFE, Target

_WHOLE_SCALE = re.compile(r"(upsample_param \{\s+scale: \d+)\.0$", re.MULTILINE)
"""`scale: 2.0` of an Upsample, which is a float in some forks' protos and in others an integer, which 2.0 is not."""


def prototxt(net: Net, target: Target = CAFFE) -> str:
    """The text of the net as a file for a target spells it, without weights."""
    return text_of_message(net_message(net, target))


def text_of_message(message: caffe_pb2.NetParameter) -> str:
    """The text of a net as a file spells it."""
    return _WHOLE_SCALE.sub(r"\1", text_format.MessageToString(message))


def net_message(net: Net, target: Target = CAFFE) -> caffe_pb2.NetParameter:
    """The net as a message, without weights."""
    message = caffe_pb2.NetParameter(name=net.name)
    written, shapes = dict[str, str](), dict[str, Shape]()
    for node in net.nodes:
        bottoms = [written[bottom] for bottom in node.bottoms]
        tops = [bottoms[0]] if node.in_place else list(node.tops)
        written.update(zip(node.tops, tops, strict=True))
        layer = layer_message(node, bottoms, tops, target)
        for param, shape in zip(layer.param, _shapes(net, node), strict=False):
            if param.name and shapes.setdefault(param.name, shape) != shape:
                param.share_mode = caffe_pb2.PERMISSIVE  # as many numbers in another shape
        message.layer.append(layer)
    return message


def _shapes(net: Net, node: Node) -> Shapes:
    """Of a node's weights, where layers share them."""
    return node.layer.blob_shapes(net.shapes_of(node.bottoms)) if node.param_names else ()


def layer_message(
    node: Node, bottoms: Iterable[str], tops: Iterable[str], target: Target = CAFFE
) -> caffe_pb2.LayerParameter:
    """One layer as a message, without weights."""
    message = caffe_pb2.LayerParameter(name=node.name, type=node.layer.type_name(), bottom=bottoms, top=tops)
    message.param.extend(caffe_pb2.ParamSpec(name=name or None) for name in node.param_names)
    spelled = target.spelled(node.layer)
    if node.layer.param and spelled:
        fill(getattr(message, node.layer.param), spelled)
    return message


def written_names(net: Net) -> dict[str, str]:
    """The name that each blob of the net has in the prototxt; several have one where layers work in place."""
    written: dict[str, str] = {}
    for node in net.nodes:
        for top in node.tops:
            written[top] = written[node.bottoms[0]] if node.in_place else top
    return written


def fill(message: Message, values: Mapping[str, Any]) -> None:
    """Set fields by name: numbers, enums by name, sequences for repeated fields, dicts for messages.

    The shape of a blob is a plain sequence of its sizes. Raises KeyError where there is no field of a name.
    """
    for name, value in values.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None:
            for each in value if field.is_repeated else (value,):
                part = getattr(message, name)
                part = part.add() if field.is_repeated else part
                part.SetInParent()
                fill(part, each if isinstance(each, Mapping) else {"dim": each})
        elif field.is_repeated:
            getattr(message, name).extend(_plain(field, each) for each in value)
        else:
            setattr(message, name, _plain(field, value))


def _plain(field: Any, value: Any) -> Any:
    return field.enum_type.values_by_name[value].number if field.enum_type is not None else value


def values(message: Message) -> dict[str, Any]:
    """The fields that a message sets, in the form that `fill` takes: the way back."""
    return {
        field.name: tuple(_value(field, each) for each in value) if field.is_repeated else _value(field, value)
        for field, value in message.ListFields()
    }


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if field.message_type is not None:
        return tuple(value.dim) if field.message_type.name == "BlobShape" else values(value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        return Float32(value)
    return value
