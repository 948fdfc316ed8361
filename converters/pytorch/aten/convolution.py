"""Convolutions and transposed convolutions of one, two and three spatial axes."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT
from caffe_ir.layers import Convolution, Deconvolution
from caffe_ir.layers.source import ConvTranspose, Pad
from converters.pytorch.aten.computed_weights import Windows, convolved
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

Sizes = tuple[int, ...]


def convolution(call: Call, build: Build) -> Value:
    """conv1d, conv2d, conv3d: y = x * weight + bias, as Caffe's own; weight (num_output, C / groups, k...)."""
    x, axes = _batched(call, build, _spatial(call))
    return _convolved(call, build, x, call.integers("padding", axes))


def convolution_padding(call: Call, build: Build) -> Value:
    """The overloads with padding="valid" or "same": dilation * (kernel - 1) zeros in all, the odd one at the end."""
    x, axes = _batched(call, build, _spatial(call))
    if call.text("padding") == "valid":
        return _convolved(call, build, x, (0,) * axes)
    held = call.argument("weight")
    assert isinstance(held, Value | torch.Tensor), "weights are a tensor"
    kernel, dilation = held.shape[2:], call.integers("dilation", axes)
    total = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    if all(count % 2 == 0 for count in total):
        return _convolved(call, build, x, tuple(count // 2 for count in total))
    before = tuple(count // 2 for count in total)
    after = tuple(count - count // 2 for count in total)
    padded = build.add(Pad(before=(0, 0, *before), after=(0, 0, *after)), x, suffix="pad")
    return _convolved(call, build, padded, (0,) * axes)


def conv_transpose(call: Call, build: Build) -> Value:
    """conv_transpose1d, 2d, 3d: weight (C, num_output / groups, k...), as Caffe's Deconvolution has it."""
    x, axes = _batched(call, build, _spatial(call))
    return _transposed(call, build, x, axes)


def any_convolution(call: Call, build: Build) -> Value:
    """aten._convolution and aten.convolution, which older TorchScript and decomposed programs hold."""
    call.ignore("benchmark", "deterministic", "cudnn_enabled", "allow_tf32")
    x, axes = _batched(call, build, _spatial(call))
    if call.flag("transposed"):
        return _transposed(call, build, x, axes)
    call.ignore("output_padding")
    return _convolved(call, build, x, call.integers("padding", axes))


def _spatial(call: Call) -> int:
    weight = call.argument("weight")
    assert isinstance(weight, Value | torch.Tensor), "weights are a tensor"
    return len(weight.shape) - 2


def _batched(call: Call, build: Build, axes: int) -> tuple[Value, int]:
    x = call.value("input")
    if len(x.shape) != axes + 2:
        x = build.reshape(x, (1, *x.shape), suffix="batch")
    return x, axes


def _convolved(call: Call, build: Build, x: Value, padding: Sizes) -> Value:
    axes, computed = len(padding), call.argument("weight")
    stride, dilation = call.integers("stride", axes), call.integers("dilation", axes)
    if isinstance(computed, Value):
        if isinstance(call.argument("bias"), Value) and axes + 2 != len(call.shape):
            raise call.refused(
                "its weights and its bias depend on the net's input", hint="give it a batch axis", kind=DEPENDS_ON_INPUT
            )
        kernel, groups = computed.shape[2:], call.integer("groups")
        windows = Windows(kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups)
        return convolved(call, build, x, windows)
    weight, bias = call.tensor("weight"), call.optional_tensor("bias")
    kernel = tuple(weight.shape[2:])
    flat = axes == 1
    if flat:
        x = build.reshape(x, (x.shape[0], x.shape[1], 1, x.shape[2]), suffix="in")
        kernel, stride, padding, dilation = (1, *kernel), (1, *stride), (0, *padding), (1, *dilation)
    blobs = [build.blob(weight.unsqueeze(2) if flat else weight)]
    layer = Convolution(
        num_output=weight.shape[0],
        kernel_size=kernel,
        stride=stride,
        pad=padding,
        dilation=dilation,
        group=call.integer("groups"),
        bias_term=bias is not None,
    )
    y = build.add(layer, x, blobs=blobs if bias is None else [*blobs, build.blob(bias)], suffix=_inner(call, flat, x))
    return build.reshape(y, call.shape)


def _transposed(call: Call, build: Build, x: Value, axes: int) -> Value:
    weight, bias = call.tensor("weight"), call.optional_tensor("bias")
    stride, padding, dilation, extra = (
        call.integers(name, axes) for name in ("stride", "padding", "dilation", "output_padding")
    )
    kernel, groups = tuple(weight.shape[2:]), call.integer("groups")
    flat = axes == 1
    if flat:
        x = build.reshape(x, (x.shape[0], x.shape[1], 1, x.shape[2]), suffix="in")
        kernel, stride, dilation = (1, *kernel), (1, *stride), (1, *dilation)
        padding, extra = (0, *padding), (0, *extra)
    blobs = [build.blob(weight.unsqueeze(2) if flat else weight)]
    blobs += [] if bias is None else [build.blob(bias)]
    suffix = _inner(call, flat, x)
    if any(extra):
        grown = ConvTranspose(
            num_output=weight.shape[1] * groups,
            kernel_size=kernel,
            stride=stride,
            pad=padding,
            output_padding=extra,
            dilation=dilation,
            group=groups,
            bias_term=bias is not None,
        )
        return build.reshape(build.add(grown, x, blobs=blobs, suffix=suffix), call.shape)
    layer = Deconvolution(
        num_output=weight.shape[1] * groups,
        kernel_size=kernel,
        stride=stride,
        pad=padding,
        dilation=dilation,
        group=groups,
        bias_term=bias is not None,
    )
    return build.reshape(build.add(layer, x, blobs=blobs, suffix=suffix), call.shape)


def _inner(call: Call, flat: bool, x: Value) -> str:
    """A suffix for the layer itself where a Reshape behind it takes the call's name."""
    return "2d" if flat or len(call.shape) != len(x.shape) else ""


HANDLERS: Mapping[str, Handler] = {
    "aten.conv1d.default": convolution,
    "aten.conv2d.default": convolution,
    "aten.conv3d.default": convolution,
    "aten.conv1d.padding": convolution_padding,
    "aten.conv2d.padding": convolution_padding,
    "aten.conv3d.padding": convolution_padding,
    "aten.conv_transpose1d.default": conv_transpose,
    "aten.conv_transpose2d.input": conv_transpose,
    "aten.conv_transpose3d.input": conv_transpose,
    "aten.convolution.default": any_convolution,
    "aten._convolution.default": any_convolution,
    "aten._convolution.deprecated": any_convolution,
}
