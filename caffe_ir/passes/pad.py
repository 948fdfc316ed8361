"""AppendZeros -> Concat with zeros made from the blob itself.

Power with scale 0 and shift 0 is 0 without a look at its bottom (power_layer.cpp:20-27), so it is a source of zeros of
the shape of its bottom: (N, K) and K zeros as often as they fit, and r zeros from the first r of its K, which a Slice
takes and the Concat puts back in their place, so that no part is left over.
"""

from __future__ import annotations

from caffe_ir.layers import Concat, Power, Slice
from caffe_ir.layers.source import AppendZeros
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

ZEROS = Power(scale=0.0)


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, length = node.layer, net.shapes[node.bottom][1]
    assert isinstance(layer, AppendZeros)
    whole, rest = divmod(layer.count, length)
    new, pieces, zeros = Replacement(net=net, old=node), [node.bottom], list[str]()
    if whole:
        zeros += [new.add("zeros", ZEROS, node.bottom)] * whole
    if rest:
        pieces = new.split("part", Slice(axis=1, slice_point=(rest,)), node.bottom, tops=2)
        zeros.append(new.add("few_zeros", ZEROS, pieces[0]))
    new.add("joined", Concat(axis=1), *pieces, *zeros)
    new.finish()


PAD = Pass(name="pad", visits=(AppendZeros,), rewrite=_rewrite)
