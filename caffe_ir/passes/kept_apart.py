"""x -> layer, which a reader joins wrongly with what writes x: x -> view -> layer.

A Reshape to the same shape moves nothing in Caffe, and everything means what it meant. OpenCV takes a Scale into the
Convolution before it, also where its factors are not those of the channels, and a BatchNorm into an InnerProduct. ncnn
holds what some layers give in fewer axes; the sizes of the view are written out, as a 0 means the size of these there.
MNN drops a Reshape in front of an InnerProduct, and keeps the one before.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import reshape_to
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.replacement import Replacement
from caffe_ir.targets import WIDESPREAD


def _run(net: Net, context: Context) -> None:
    readers = (context.target, *(WIDESPREAD if context.target.for_others else ()))
    found = [reader.joined(net) for reader in readers]
    for node in list(net.nodes):
        places = frozenset[int]().union(*(one.get(node.name, frozenset()) for one in found))
        if not places:
            continue
        new, bottoms = Replacement(net=net, old=node), list(node.bottoms)
        for place in sorted(places):
            shape = net.shapes[bottoms[place]]
            bottoms[place] = new.add("apart", reshape_to(shape, shape), bottoms[place])
        new.nodes.append(replace(node, bottoms=tuple(bottoms)))
        new.finish()


KEPT_APART = NetPass(name="kept_apart", run=_run)
