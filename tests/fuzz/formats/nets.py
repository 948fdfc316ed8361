"""A net of Caffe as a message, with most types of layers in it, and changes of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from caffe_ir.layers import LAYERS
from caffe_ir.proto import caffe_pb2
from tests.fuzz.mutation import FLOATS, encodable, number, text

WHOLE = """
name: "net"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 1 bias_term: false } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { use_global_stats: true } }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" relu_param { negative_slope: 0.1 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "up" type: "Deconvolution" bottom: "pool" top: "up" param { name: "shared" }
        convolution_param { num_output: 4 kernel_size: 2 stride: 2 bias_term: false } }
layer { name: "cut" type: "Slice" bottom: "up" top: "a" top: "b" slice_param { axis: 1 slice_point: 2 } }
layer { name: "joined" type: "Concat" bottom: "a" bottom: "b" top: "joined" concat_param { axis: 1 } }
layer { name: "sum" type: "Eltwise" bottom: "joined" bottom: "up" top: "sum" eltwise_param { operation: SUM } }
layer { name: "power" type: "Power" bottom: "sum" top: "power" power_param { scale: 2 shift: -1 } }
layer { name: "view" type: "Reshape" bottom: "power" top: "view" reshape_param { shape { dim: 0 dim: -1 } } }
layer { name: "fc" type: "InnerProduct" bottom: "view" top: "fc" param { lr_mult: 1 }
        inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "prelu" type: "PReLU" bottom: "fc" top: "prelu" }
layer { name: "prob" type: "Softmax" bottom: "prelu" top: "prob" }
"""


@cache
def whole() -> caffe_pb2.NetParameter:
    """The net above."""
    message = caffe_pb2.NetParameter()
    text_format.Parse(WHOLE, message)
    return message


def changed(message: caffe_pb2.NetParameter, rng: Random) -> caffe_pb2.NetParameter:
    """A copy with up to three fields of any depth, or whole layers, changed."""
    made = caffe_pb2.NetParameter()
    made.CopyFrom(message)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        if rng.random() < 0.3:
            _change_layers(made, rng)
        else:
            places = list(_places(made))
            _change(*rng.choice(places), rng)
    return made


def _change_layers(net: caffe_pb2.NetParameter, rng: Random) -> None:
    kind = rng.random()
    if not net.layer or kind < 0.2:
        kind_of_layer, fields = rng.choice(tuple(LAYERS)), caffe_pb2.LayerParameter.DESCRIPTOR.fields
        layer = net.layer.add(name=encodable(rng), type=kind_of_layer, bottom=["data"], top=["other"])
        _change(layer, rng.choice(fields), rng)
    elif kind < 0.5:
        del net.layer[rng.randrange(len(net.layer))]
    elif kind < 0.7:
        net.layer.add().CopyFrom(rng.choice(net.layer))
    else:
        rng.choice(net.layer).type = rng.choice((*LAYERS, "Python", ""))


def _places(message: Message) -> Iterator[tuple[Message, Any]]:
    """Every field that is set, with the message that has it, and one that is not set in each."""
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is not None:
            for each in value if field.is_repeated else (value,):
                yield from _places(each)
    fields = message.DESCRIPTOR.fields
    yield message, fields[len(message.ListFields()) % len(fields)]


def _change(message: Message, field: Any, rng: Random) -> None:
    if field.message_type is not None:
        part = getattr(message, field.name)
        if field.is_repeated:
            if part and rng.random() < 0.5:
                del part[rng.randrange(len(part))]
            else:
                part.add()
        elif rng.random() < 0.5:
            message.ClearField(field.name)
        else:
            part.SetInParent()
        return
    value = _value(field, rng)
    try:
        if field.is_repeated:
            part = getattr(message, field.name)
            if part and rng.random() < 0.5:
                part[rng.randrange(len(part))] = value
            else:
                part.extend([value] * rng.choice((1, 1, 2, 40)))
        else:
            setattr(message, field.name, value)
    except (ValueError, UnicodeEncodeError):  # out of the type's range
        return


def _value(field: Any, rng: Random) -> object:
    if field.enum_type is not None:
        return rng.choice(field.enum_type.values).number
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return rng.choice(FLOATS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return rng.choice(("data", "conv", "up", "fc", text(rng)))
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return rng.random() < 0.5
    return number(rng)
