"""What a picture goes through, drawn into the net, so that it takes the bytes as they are.

    x = s v + o,   o = -s m           for each channel c
    W x + b = (W s) v + (b + sum over c, taps of W[c, tap] o[c])

The sum is the same at every place only where no window hangs over the border: what is padded is a zero of x, not of v.
Where there is an offset and a padding, a Scale before the layer computes x, and only a swap of channels goes into the
weights: W[c] x[c] = W[c'] x[c'] with c' in the other order. Where the input has several readers, or one of another
type, a 1x1 Convolution computes x. Computed in float64 and rounded to float32 once.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.error_kinds.targets import FOLDED_INPUT
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.inputs_read import inputs_read
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.picture_input import PictureInput


def _run(net: Net, context: Context) -> None:
    wanted = context.options.input_is
    if wanted == "prepared" or net.taken is not None:
        return
    inputs = inputs_read(net)
    if net.picture is None or len(inputs) != 1:
        what = f"--input-is {wanted}: it is not known how a picture becomes the input"
        hint = "for a PyTorch model give --mean, --std, --scale, --bgr; for a Caffe net put STEM.input.json beside it"
        raise ConversionError(Problem(kind=FOLDED_INPUT, what=what, hint=hint))
    (node,) = inputs
    channels = net.shapes[node.top][1]
    swapped = channels == 3 and net.picture.order != ("BGR" if wanted == "u8-bgr" else "RGB")
    change = replace(net.picture, swapped=swapped)
    net.taken = change
    scale, offset = change.factors(channels)
    reader = _only_convolution(net, node)
    if reader is None:
        _before(net, node, _one_by_one(channels), _mixing(scale, swapped), offset)
        text = f"{_said(change)} -> a 1x1 Convolution"
    elif not offset.any() or not any(_padding(reader.layer)):
        net.values.forget([node.top])
        net.update(reader, _folded(reader, scale, offset, swapped))
        text = f"{_said(change)} -> {reader.name}"
    else:
        own = slice(None, None, -1) if swapped else slice(None)
        _before(net, node, Scale(bias_term=True), scale[own], offset[own])
        if swapped:
            (reader,) = net.consumers(net.consumers(node.top)[0].top)
            net.values.forget([reader.bottom])
            net.update(reader, _folded(reader, np.ones(channels), np.zeros(channels), swapped))
        text = f"{_said(change)} -> a Scale, and not into {reader.name}, which pads with zeros"
    net.note("folded", text, node.origin)


def _said(change: PictureInput) -> str:
    parts = ["channel order"] * change.swapped
    parts += [
        name
        for name, numbers, usual in (("mean", change.mean, 0), ("scale", change.scale, 1))
        if set(numbers) != {usual}
    ]
    return f"the preprocessing of pictures ({', '.join(parts) or 'none'})"


def _only_convolution(net: Net, node: Node) -> Node | None:
    """The one layer that reads the input, where that is a convolution with weights of its own for each channel."""
    if not net.is_read_once(node.top):
        return None
    (reader,) = net.consumers(node.top)
    layer = reader.layer
    fits = isinstance(layer, Convolution) and layer.group == 1 and len(reader.bottoms) == 1 and reader.blobs
    return reader if fits and not reader.param_names else None


def _padding(layer: Layer) -> tuple[int, ...]:
    assert isinstance(layer, Convolution)
    return tuple(layer.pad)


def _folded(node: Node, scale: Array, offset: Array, swapped: bool) -> Node:
    """The convolution with the change in its weights and its bias."""
    layer = node.layer
    assert isinstance(layer, Convolution)
    weights, *bias = (blob.load().astype(np.float64) for blob in node.blobs)
    product = weights * scale.reshape(1, -1, *(1,) * (weights.ndim - 2))
    blobs = [Blob.of(product[:, ::-1] if swapped else product)]
    added = np.einsum("oc,c->o", weights.reshape(*weights.shape[:2], -1).sum(2), offset)
    if bias or added.any():
        blobs.append(Blob.of((bias[0] if bias else 0.0) + added) if added.any() else node.blobs[1])
    return replace(node, layer=replace(layer, bias_term=len(blobs) == 2), blobs=tuple(blobs))


def _one_by_one(channels: int) -> Convolution:
    return Convolution(num_output=channels, kernel_size=(1, 1))


def _mixing(scale: Array, swapped: bool) -> Array:
    """The weights of a 1x1 convolution that multiplies each channel and, where they are swapped, exchanges them."""
    weights = np.diag(scale)
    return (weights[:, ::-1] if swapped else weights)[:, :, None, None]


def _before(net: Net, node: Node, layer: Layer, weights: Array, offset: Array) -> None:
    """A layer between the input and all its readers."""
    name = net.fresh_name(f"{node.top}_prepared")
    net.redirect(node.top, name)
    blobs = (Blob.of(np.ascontiguousarray(weights)), Blob.of(np.ascontiguousarray(offset)))
    made = Node(name=name, layer=layer, bottoms=(node.top,), tops=(name,), blobs=blobs, origin=node.origin)
    net.replace(node, [node, made])


PICTURE_INPUT = NetPass(name="picture_input", run=_run)
