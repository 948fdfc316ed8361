"""An input of which only the size was asked, as by Crop or Interp of two bottoms -> no input, once that size is fixed.

A layer that another form stands for reads its map alone. An input that no layer reads any more would be an output of
the Caffe net (net.cpp:226-235), and whoever feeds the net would have to give numbers that nothing takes. One that the
source itself does not read is an output of the source, and stays.
"""

from __future__ import annotations

from caffe_ir.blob import shape_text
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass


def _run(net: Net, context: Context) -> None:
    inputs = [node for node in net.nodes if isinstance(node.layer, Input)]
    for node in inputs:
        if any(map(net.is_wanted, node.tops)):
            continue
        size = ", ".join(shape_text(net.shapes[top]) for top in node.tops)
        text = f"the input {node.name} only gives a size, which is {size} from now on: the net does not have it"
        net.note("dropped", text, node.origin)
        net.remove(node)


SPARE_INPUTS = NetPass(name="spare_inputs", run=_run)
