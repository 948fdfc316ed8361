"""x -> layer, which the target joins wrongly with what writes x: x -> view -> layer.

A Reshape to the same shape moves nothing in Caffe, and everything means what it meant. OpenCV takes a Scale into the
Convolution before it, also where its factors are not those of the channels, and a BatchNorm into an InnerProduct.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import copy_layer
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement


def _run(net: Net, context: Context) -> None:
    for node in context.target.joined(net):
        new, (bottom, *others) = Replacement(net=net, old=node), node.bottoms
        view = new.add("apart", copy_layer(net.shapes[bottom]), bottom)
        new.nodes.append(replace(node, bottoms=(view, *others)))
        new.finish()


KEPT_APART = NetPass(name="kept_apart", run=_run)
