"""A Slice of which nobody reads a part -> its parts are read, or the part is never made.

A blob that no layer reads is an output of a Caffe net (net.cpp:226-235): every engine would list an unwanted part among
the results, and a plain `forward()` of OpenCV may return it. Two ways:

- A Concat behind the Slice, along its axis, that reads the whole blob reads the parts instead: they are the blob, and
  each of them is read. That is what a CSP stage of Darknet does with the convolution that it cuts in half.
- The wanted parts are picked from the blob by a Gather, which no form writes with a part left over, and cut apart.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

from msgspec.structs import replace

from caffe_ir.layer import axis_index
from caffe_ir.layers import Concat, Slice
from caffe_ir.layers.source import Gather
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    unread = [top for top in node.tops if not net.is_wanted(top)]
    if not unread:
        return
    joined = _concats_of_the_whole(net, node)
    for reader in joined:
        bottoms = tuple(part for blob in reader.bottoms for part in (node.tops if blob == node.bottom else (blob,)))
        net.update(reader, replace(reader, bottoms=bottoms))
    if not joined:
        _pick(net, node, unread)


def _concats_of_the_whole(net: Net, node: Node) -> list[Node]:
    """The Concats behind a Slice that read all that it cuts, along the same axis."""
    assert isinstance(node.layer, Slice)
    axes = len(net.shapes[node.bottom])
    along = axis_index(node.layer.axis, axes)
    return [
        reader
        for reader in net.consumers(node.bottom)
        if isinstance(reader.layer, Concat)
        and axis_index(reader.layer.axis, axes) == along
        and net.place(reader) > net.place(node)
    ]


def _pick(net: Net, node: Node, unread: list[str]) -> None:
    assert isinstance(node.layer, Slice)
    axis = axis_index(node.layer.axis, len(net.shapes[node.bottom]))
    sizes = [net.shapes[top][axis] for top in node.tops]
    places = zip(node.tops, pairwise(accumulate(sizes, initial=0)), strict=True)
    kept = {top: range(*ends) for top, ends in places if top not in unread}
    new = Replacement(net=net, old=node)
    gather = Gather(axis=axis, indices=tuple(place for part in kept.values() for place in part))
    picked = new.add("picked", gather, node.bottom)
    if len(kept) == 1:
        new.finish_tops(dict.fromkeys(kept, picked))
        return
    points = tuple(accumulate(len(part) for part in kept.values()))[:-1]
    tops = new.split("part", Slice(axis=axis, slice_point=points), picked, tops=len(kept))
    new.finish_tops(dict(zip(kept, tops, strict=True)))


UNREAD_PARTS = Pass(name="unread_parts", visits=(Slice,), rewrite=_rewrite)
