"""A transposed convolution with output_padding is a Deconvolution whose kernel has zeros behind it.

With t further taps of zero the Deconvolution is larger by t * dilation at its end, and those cells hold what the
scattered sum has there: out(k + t) = (in - 1) s - 2 p + d (k + t - 1) + 1 (deconv_layer.cpp:8-22).
t = ceil(output_padding / d) taps are enough; what is too much is cut off at the end.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.layers.source import ConvTranspose, CropTo, Gather
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer = node.layer
    assert isinstance(layer, ConvTranspose)
    taps = tuple(-(-extra // step) for extra, step in zip(layer.output_padding, layer.dilation, strict=True))
    kernel = tuple(size + more for size, more in zip(layer.kernel_size, taps, strict=True))
    plain, weights = layer.plain(kernel, layer.pad), node.blobs[0]
    blobs = (_extended(weights, taps), *node.blobs[1:])
    (grown,) = plain.infer(net.shapes_of(node.bottoms))
    wanted = net.shapes[node.top]
    if grown == wanted:
        net.replace(node, [replace(node, layer=plain, blobs=blobs, param_names=())])
        return
    new = Replacement(net=net, old=node)
    whole = new.add("whole", plain, *node.bottoms, blobs=blobs)
    if len(wanted) == 4:
        new.add("cut", CropTo(top=0, left=0, height=wanted[2], width=wanted[3]), whole)
    else:
        for axis, (size, made) in enumerate(zip(wanted, grown, strict=True)):
            if size < made:
                whole = new.add("cut", Gather(axis=axis, indices=tuple(range(size))), whole)
    new.finish()


def _extended(weights: Blob, taps: Shape) -> Blob:
    """The kernel with zeros behind its last taps."""
    margins = ((0, 0), (0, 0), *((0, more) for more in taps))
    sizes = tuple(size + more for size, more in zip(weights.shape[2:], taps, strict=True))

    def extended() -> Array:
        return np.pad(weights.load(), margins)

    return Blob.computed((*weights.shape[:2], *sizes), extended, constant=weights.constant)


CONV_TRANSPOSE = Pass(name="conv_transpose", visits=(ConvTranspose,), rewrite=_rewrite)
