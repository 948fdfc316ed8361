"""Borders of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from caffe_ir.layers.source import Pad
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

Mode = Literal["constant", "reflect", "replicate", "circular"]
MODES: tuple[Mode, ...] = ("constant", "reflect", "replicate", "circular")


def pad(call: Call, build: Build) -> Value:
    name = call.text("mode")
    mode = next((known for known in MODES if known == name), None)
    if mode is None:
        raise call.refused(f"a padding of mode {name}")
    return _padded(call, build, mode, call.optional_number("value") or 0.0)


def constant_pad(call: Call, build: Build) -> Value:
    return _padded(call, build, "constant", call.number("value"))


def reflection_pad(call: Call, build: Build) -> Value:
    return _padded(call, build, "reflect", 0.0, "padding")


def replication_pad(call: Call, build: Build) -> Value:
    return _padded(call, build, "replicate", 0.0, "padding")


def circular_pad(call: Call, build: Build) -> Value:
    return _padded(call, build, "circular", 0.0)


def _padded(call: Call, build: Build, mode: Mode, value: float, name: str = "pad") -> Value:
    """torch names the last axis first: (before, after) of it, then of the one before it."""
    x, sizes = call.value(), call.integers(name)
    if not any(sizes):
        return x
    rest = (0,) * (len(x.shape) - len(sizes) // 2)
    before, after = (*rest, *reversed(sizes[::2])), (*rest, *reversed(sizes[1::2]))
    if len(x.shape) == 3 and not any((*before[:2], *after[:2])):  # what conv1d is in Caffe, too
        n, c, length = x.shape
        flat = build.reshape(x, (n, c, 1, length), suffix="in")
        layer = Pad(before=(0, 0, 0, before[2]), after=(0, 0, 0, after[2]), mode=mode, value=value)
        return build.reshape(build.add(layer, flat, suffix="2d"), call.shape)
    return build.add(Pad(before=before, after=after, mode=mode, value=value), x)


HANDLERS: Mapping[str, Handler] = {
    "aten.pad.default": pad,
    "aten.constant_pad_nd.default": constant_pad,
    "aten.reflection_pad1d.default": reflection_pad,
    "aten.reflection_pad2d.default": reflection_pad,
    "aten.reflection_pad3d.default": reflection_pad,
    "aten.replication_pad1d.default": replication_pad,
    "aten.replication_pad2d.default": replication_pad,
    "aten.replication_pad3d.default": replication_pad,
    "aten._pad_circular.default": circular_pad,
}
