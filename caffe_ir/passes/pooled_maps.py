"""Global pooling of a map that becomes a map again -> Pooling with a kernel of the map's size; the same window.

Of a global pooling several readers make a vector, and a Deconvolution of a vector is nothing that they know: ncnn
crashes; a Concat of vectors along rows or columns reads beyond them. What a kernel leaves is a map of one cell.
Convolutions and functions of each number in between keep it as it is; a view or an InnerProduct makes a new one.
A target that does not hold so large a kernel keeps the global pooling.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import Concat, Deconvolution, Flatten, InnerProduct, Pooling, Reshape
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass

AXIS_OF_ROWS = 2
ENDS = (Flatten, InnerProduct, Reshape)
"""Behind these it does not matter what the pooling left."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Pooling)
    if layer.global_pooling and _becomes_a_map(net, node.top):
        spelled = replace(layer, global_pooling=False, kernel_size=(shape[2], shape[3]))
        if context.target.holds(spelled, (shape,), net.images):
            net.update(node, replace(node, layer=spelled))


def _becomes_a_map(net: Net, blob: str) -> bool:
    waiting, seen = [blob], set[str]()
    while waiting:
        blob = waiting.pop()
        for reader in net.consumers(blob):
            if isinstance(reader.layer, Deconvolution) or _joins_cells(reader):
                return True
            if isinstance(reader.layer, ENDS) or reader.name in seen:
                continue
            seen.add(reader.name)
            waiting += [top for top in reader.tops if net.shapes[top][2:] == (1, 1)]
    return False


def _joins_cells(node: Node) -> bool:
    """Whether it makes rows or columns of blobs that are a cell each."""
    return isinstance(node.layer, Concat) and node.layer.axis >= AXIS_OF_ROWS


POOLED_MAPS = Pass(name="pooled_maps", visits=(Pooling,), rewrite=_rewrite)
