"""GRU, PlainRNN and ProjectedLSTM over one sequence, (T, 1, I) -> batch first, (1, T, I), the same numbers.

Behind it the batch stays the first axis: `layout` takes the view and the permutation that made the steps come first for
one, and what `unroll` writes is right in readers that know no batch.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers.source import GRU, PlainRNN, ProjectedLSTM, Recurrence
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

SEQUENCE = 3
"""The axes of a sequence; a single step has two."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, (x, *states) = node.layer, node.bottoms
    assert isinstance(layer, Recurrence)
    shape = net.shapes[x]
    if len(shape) != SEQUENCE or layer.batch_first or layer.batch(shape) > 1:
        return
    new = Replacement(net=net, old=node)
    seen = new.view("sequence", x, (1, layer.steps(shape), shape[-1]))
    y, *last = new.split(
        "batch_first",
        replace(layer, batch_first=True),
        seen,
        *states,
        blobs=node.blobs,
        tops=len(node.tops),
        param_names=node.param_names,
    )
    y = new.view("steps_first", y, net.shapes[node.tops[0]])
    new.finish_tops(dict(zip(node.tops, (y, *last), strict=True)))


ONE_SEQUENCE = Pass(name="one_sequence", visits=(GRU, PlainRNN, ProjectedLSTM), rewrite=_rewrite)
