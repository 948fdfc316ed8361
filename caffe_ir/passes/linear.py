"""Linear -> InnerProduct on rows: Reshape to (all axes before, K), InnerProduct, Reshape.

InnerProduct along another axis than the first is legal in Caffe and read wrongly by other programs
(inner_product_layer.cpp flattens from `axis` on); two views cost nothing.
"""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from caffe_ir.layers import InnerProduct, Reshape
from caffe_ir.layers.source import Linear
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, shape = node.layer, net.shapes[node.bottom]
    assert isinstance(layer, Linear)
    new, rows = Replacement(net=net, old=node), (prod(shape[:-1]), shape[-1])
    x = node.bottom if shape == rows else new.add("rows", Reshape(shape=rows), node.bottom)
    x = new.add("product", InnerProduct(num_output=layer.num_output, bias_term=layer.bias_term), x, blobs=node.blobs)
    new.nodes[-1] = replace(new.nodes[-1], param_names=node.param_names)
    if shape != rows:
        new.add("shape", Reshape(shape=net.shapes[node.top]), x)
    new.finish()


LINEAR = Pass(name="linear", visits=(Linear,), rewrite=_rewrite)
