"""Normalisation by stored statistics, or by those of the values themselves."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.capture import TRAINING_MODE
from caffe_ir.layers import Power, Scale
from caffe_ir.layers.source import Mul, Reduce, SourceBatchNorm, Standardize
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Missing, Result, Value


def batch_norm(call: Call, build: Build) -> Value:
    """gamma (x - mean) / sqrt(var + eps) + beta with running statistics. Refuses the statistics of the batch."""
    if call.argument("training"):
        raise _from_the_batch(call)
    call.ignore("momentum", "cudnn_enabled")
    return _stored(call, build)


def native_batch_norm(call: Call, build: Build) -> Result:
    """The first of three results of decomposed programs; the statistics that it saves are empty."""
    call.ignore("momentum")
    unread = Missing(what="the statistics that a decomposed batch norm saves for the way back")
    return _stored(call, build), unread, unread


def _stored(call: Call, build: Build) -> Value:
    x, mean, var = call.value("input"), call.tensor("running_mean"), call.tensor("running_var")
    gamma, beta = call.optional_tensor("weight"), call.optional_tensor("bias")
    affine = gamma is not None or beta is not None
    blobs = (
        torch.ones_like(mean) if gamma is None else gamma,
        torch.zeros_like(mean) if beta is None else beta,
        mean,
        var,
    )
    layer = SourceBatchNorm(form="inside", eps=call.number("eps"), affine=affine)
    return build.add(layer, x, blobs=[build.blob(tensor) for tensor in (blobs if affine else blobs[2:])])


def group_norm(call: Call, build: Build) -> Value:
    """Each group of channels, with its cells, by its own mean and variance; then weight and bias per channel."""
    call.ignore("cudnn_enabled")
    x = call.value("input")
    return _grouped(call, build, x, call.integer("num_groups"))


def native_group_norm(call: Call, build: Build) -> Result:
    call.ignore("N", "C", "HxW")
    return _grouped(call, build, call.value("input"), call.integer("group")), NO_STATISTICS, NO_STATISTICS


def layer_norm(call: Call, build: Build) -> Value:
    """The last axes, as many as normalized_shape has, by their mean and variance; then weight and bias."""
    call.ignore("cudnn_enable")
    x, count = call.value("input"), len(call.integers("normalized_shape"))
    first = len(x.shape) - count
    scaled = _scale(call, first, count)
    layer = Standardize(axes=tuple(range(first, len(x.shape))), eps=call.number("eps"))
    return _affine(build, build.add(layer, x, suffix="norm" if scaled else ""), scaled)


def native_layer_norm(call: Call, build: Build) -> Result:
    return layer_norm(call, build), NO_STATISTICS, NO_STATISTICS


def instance_norm(call: Call, build: Build) -> Value:
    """Each channel of each image by its own statistics; by the running ones where use_input_stats is false."""
    call.ignore("momentum", "cudnn_enabled")
    x = call.value("input")
    if not call.flag("use_input_stats"):
        return _stored(call, build)
    call.ignore("running_mean", "running_var")  # they are only kept up to date
    scaled = _scale(call, 1, 1)
    layer = Standardize(axes=tuple(range(2, len(x.shape))), eps=call.number("eps"))
    return _affine(build, build.add(layer, x, suffix="norm" if scaled else ""), scaled)


def rms_norm(call: Call, build: Build) -> Value:
    """x (mean(x^2) + eps)^-1/2 weight over the last axes; eps is the type's own where none is given."""
    x, count = call.value("input"), len(call.integers("normalized_shape"))
    first, eps = len(x.shape) - count, call.optional_number("eps")
    scaled = _scale(call, first, count)
    squares = build.add(Power(power=2.0), x, suffix="squares")
    layer = Reduce(operation="MEAN", axes=tuple(range(first, len(x.shape))), keepdim=True)
    shift = float(torch.finfo(x.dtype).eps) if eps is None else eps
    inverse = build.add(Power(power=-0.5, shift=shift), build.add(layer, squares, suffix="mean"), suffix="inverse")
    return _affine(build, build.add(Mul(), x, inverse, suffix="norm" if scaled else ""), scaled)


NO_STATISTICS = Missing(what="the statistics that a decomposed norm saves for the way back")
Affine = tuple[Scale, list[torch.Tensor]]


def _grouped(call: Call, build: Build, x: Value, groups: int) -> Value:
    """Standardised as (N, groups, cells in rows, columns)."""
    eps, scaled = call.number("eps"), _scale(call, 1, 1)
    columns = x.shape[-1] if len(x.shape) > 2 else 1
    view: Shape = (x.shape[0], groups, int(torch.Size(x.shape[1:]).numel()) // groups // columns, columns)
    grouped = build.reshape(x, view, suffix="groups")
    last = "" if view == x.shape and scaled is None else "norm"
    normed = build.add(Standardize(axes=(2, 3), eps=eps), grouped, suffix=last)
    return _affine(build, build.reshape(normed, x.shape, suffix="shape" if scaled else ""), scaled)


def _scale(call: Call, axis: int, count: int) -> Affine | None:
    weight = call.optional_tensor("weight")
    bias = call.optional_tensor("bias") if "bias" in call.arguments else None
    if weight is None and bias is None:
        return None
    if weight is None:
        assert bias is not None, "one of the two is there"
        weight = torch.ones_like(bias)
    tensors = [weight] if bias is None else [weight, bias]
    return Scale(axis=axis, num_axes=count, bias_term=bias is not None), tensors


def _affine(build: Build, x: Value, scaled: Affine | None) -> Value:
    if scaled is None:
        return x
    layer, tensors = scaled
    return build.add(layer, x, blobs=[build.blob(tensor) for tensor in tensors])


def _from_the_batch(call: Call) -> Exception:
    if call.arguments["running_mean"].value is None:
        return call.refused(
            "this batch norm keeps no running statistics (track_running_stats=False)",
            why="it normalises by the batch that it is given, so one image's result changes with its companions",
            hint="set track_running_stats, run a few batches in training mode to fill them, and convert again; "
            "for the statistics of each image alone use InstanceNorm2d",
            kind=TRAINING_MODE,
        )
    return call.refused(
        "this batch norm was captured in training mode",
        why="it normalises by the batch that it is given and not by its running statistics",
        hint="call model.eval() before torch.export.export",
        kind=TRAINING_MODE,
    )


HANDLERS: Mapping[str, Handler] = {
    "aten.batch_norm.default": batch_norm,
    "aten.group_norm.default": group_norm,
    "aten.native_group_norm.default": native_group_norm,
    "aten.layer_norm.default": layer_norm,
    "aten.native_layer_norm.default": native_layer_norm,
    "aten.instance_norm.default": instance_norm,
    "aten.rms_norm.default": rms_norm,
    "aten._native_batch_norm_legit_no_training.default": native_batch_norm,
}
