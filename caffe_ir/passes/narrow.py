"""Gathers that cut one blob into parts -> one Slice, some of whose parts may be unread.

- Runs of places along one axis that do not overlap (x[:, :8], x[:, 8:]; q, k, v of one blob): a Slice at their ends.
  One run alone too, where a Concat behind it reads the whole blob along that axis: it will read the parts.
- Every s-th place, s dividing the size (x[:, 0::2], x[:, 1::2]): the axis becomes two, (size / s, s), and the second of
  them is cut. One such choice of the rows or columns of a map is left to another pass, which has it as a Convolution.
A part that nobody read would be an output of the Caffe net.
"""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.layers import Concat, Reshape, Slice
from caffe_ir.layers.source import Gather
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.values import Values


class Cut(Struct, frozen=True, kw_only=True):
    """What a Gather takes: `count` places from `start` on, `step` apart."""

    start: int
    count: int
    step: int


def _rewrite(net: Net, node: Node, context: Context) -> None:
    cut, shape = cut_of(node, net.shapes[node.bottom]), net.shapes[node.bottom]
    assert isinstance(node.layer, Gather)
    if cut is None or cut.count == shape[node.layer.axis]:
        return
    cuts = {node: cut, **{other: found for other in _siblings(net, node) if (found := cut_of(other, shape))}}
    cuts = {other: found for other, found in cuts.items() if found.step == cut.step}
    if cut.step > 1:
        if len(cuts) > 1 or len(shape) != 4 or node.layer.axis < 2:
            _interleaved(net, node, cuts)
    elif not _overlap(list(cuts.values())) and (len(cuts) > 1 or _is_joined_again(net, node)):
        _joined(net, node, cuts)


def cut_of(node: Node, shape: Shape) -> Cut | None:
    """The cut that a Gather is: a run of places, or every s-th of all places; None where it is neither."""
    assert isinstance(node.layer, Gather)
    places, size = node.layer.indices, shape[node.layer.axis]
    steps = {second - first for first, second in pairwise(places)} or {1}
    step = min(steps)
    if len(steps) > 1 or step < 1:
        return None
    if step > 1 and (size % step or len(places) != size // step):
        return None
    return Cut(start=places[0], count=len(places), step=step)


def _siblings(net: Net, node: Node) -> list[Node]:
    assert isinstance(node.layer, Gather)
    return [
        other
        for other in net.consumers(node.bottom)
        if other is not node and isinstance(other.layer, Gather) and other.layer.axis == node.layer.axis
    ]


def _is_joined_again(net: Net, node: Node) -> bool:
    """Whether a Concat behind a Gather reads along its axis all that it chooses from."""
    assert isinstance(node.layer, Gather)
    axis, axes = node.layer.axis, len(net.shapes[node.bottom])
    return any(
        isinstance(reader.layer, Concat) and reader.layer.axis % axes == axis and net.place(reader) > net.place(node)
        for reader in net.consumers(node.bottom)
    )


def _overlap(cuts: list[Cut]) -> bool:
    ranges = sorted({(cut.start, cut.start + cut.count) for cut in cuts})
    return any(first[1] > second[0] for first, second in pairwise(ranges))


def _joined(net: Net, node: Node, cuts: dict[Node, Cut]) -> None:
    assert isinstance(node.layer, Gather)
    axis, size = node.layer.axis, net.shapes[node.bottom][node.layer.axis]
    bounds = sorted({0, size, *(end for cut in cuts.values() for end in (cut.start, cut.start + cut.count))})
    first = _first(net, cuts)
    new = Replacement(net=net, old=first)
    tops = new.split("part", Slice(axis=axis, slice_point=tuple(bounds[1:-1])), node.bottom, tops=len(bounds) - 1)
    parts = dict(zip(bounds, tops, strict=False))
    for other, cut in _once(net, cuts).items():
        parts[cut.start] = other.top
    new.nodes[-1] = replace(new.nodes[-1], tops=tuple(parts.values()))
    _placed(net, first, new, cuts)


def _interleaved(net: Net, node: Node, cuts: dict[Node, Cut]) -> None:
    assert isinstance(node.layer, Gather)
    axis, shape, step = node.layer.axis, net.shapes[node.bottom], cuts[node].step
    first = _first(net, cuts)
    new = Replacement(net=net, old=first)
    view = (*shape[:axis], shape[axis] // step, step, *shape[axis + 1 :])
    x = new.view("view", node.bottom, view)
    tops = new.split("part", Slice(axis=axis + 1, slice_point=tuple(range(1, step))), x, tops=step)
    for other, cut in _once(net, cuts).items():
        new.add("shape", Reshape(shape=net.shapes[other.top]), tops[cut.start])
        new.nodes[-1] = replace(new.nodes[-1], name=other.name, tops=other.tops, origin=other.origin)
    _placed(net, first, new, cuts)


def _first(net: Net, cuts: dict[Node, Cut]) -> Node:
    return min(cuts, key=net.place)


def _once(net: Net, cuts: dict[Node, Cut]) -> dict[Node, Cut]:
    """One node for each cut; whoever read another one of the same cut reads the first."""
    held: dict[Cut, Node] = {}
    for other in sorted(cuts, key=net.place):
        kept = held.setdefault(cuts[other], other)
        if kept is not other:
            net.redirect(other.top, kept.top)
    return {other: cut for cut, other in held.items()}


def _placed(net: Net, first: Node, new: Replacement, cuts: dict[Node, Cut]) -> None:
    """The new nodes stand in the place of the first Gather; the others go, and the values that they held stay true."""
    values = Values(net.values)
    for other in cuts:
        if other is not first:
            net.remove(other)
    net.replace(first, new.nodes)
    net.values = Values({value: held for value, held in values.items() if held in net.shapes})


NARROW = Pass(name="narrow", visits=(Gather,), rewrite=_rewrite)
