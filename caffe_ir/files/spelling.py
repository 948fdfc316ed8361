"""How a prototxt is written, where targets differ in what they read: fields of forks, old forms, spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from caffe_ir.files.prototxt import values
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import FORK_PARAMS
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets.target import OldForm, Target, Verdict

EXTENSIONS = FORK_PARAMS | {
    "clip_param",
    "convolution_param.hole",
    "convolution_param.hole_h",
    "convolution_param.hole_w",
    "dropout_param.scale_train",
    "pooling_param.ceil_mode",
    "pooling_param.round_mode",
    "swish_param",
}
"""The fields of our caffe.proto that BVLC Caffe 1.0 does not have, by their paths in a layer."""


Messages = Mapping[str, Mapping[str, Any]]
"""The messages of parameters that a layer sets, by their fields in it."""


def misspelled(
    type_name: str,
    messages: Messages,
    target: Target,
    tops: Sequence[str] = ("",),
    bottoms: Shapes = (),
    text: str = "",
) -> Iterator[Verdict]:
    """What a target does not read in the text of a layer with these tops, on bottoms of these shapes where known.

    `text` is how a file has it, letter by letter, where that is known.
    """
    for field in extensions(messages):
        if field not in target.parsed_fields:
            yield Verdict(why=f"{target.title} has no field {field}", source=target.source, evidence=target.evidence)
    for fields in messages.values() or ({},):
        yield from target.misspelled(type_name, {**fields, "top": tops, "bottom": bottoms, "text": text})


def written(layer: Layer, target: Target) -> Messages:
    """The messages of parameters that a layer has in a file for a target."""
    fields = target.spelled(layer)
    return {layer.param: fields} if fields else {}


def extensions(messages: Messages) -> Iterator[str]:
    """The fields of these messages that BVLC Caffe 1.0 does not have."""
    for message, fields in messages.items():
        if message in EXTENSIONS:
            yield message
        yield from (path for name in fields if (path := f"{message}.{name}") in EXTENSIONS)


def spelled(layer: caffe_pb2.LayerParameter) -> Messages:
    """The fields of each message of parameters that a layer sets."""
    return {
        field.name: values(value)
        for field, value in layer.ListFields()
        if field.name.endswith("_param") and field.type == FieldDescriptor.TYPE_MESSAGE
    }


def old_forms(message: caffe_pb2.NetParameter) -> frozenset[OldForm]:
    """The old forms in which a net is written, as it stands in its file."""
    found: set[OldForm] = set()
    if message.layers:
        found.add("layers")
    if message.input_dim:
        found.add("input_dim")
    if message.input_shape:
        found.add("input_shape")
    return frozenset(found)


def old_form_verdicts(forms: frozenset[OldForm], target: Target) -> Iterator[Verdict]:
    """What a target says of old forms."""
    for form in sorted(forms - target.old_forms):
        yield Verdict(
            why=f"{target.title} does not read a net in the old form, `{form}`",
            source=target.source,
            evidence=target.evidence,
        )
