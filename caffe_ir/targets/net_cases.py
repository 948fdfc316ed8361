"""Cases that take a view of the whole net: questions of `NetLimit`, and of `Target.leaves_out`."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from math import prod

from caffe_ir.layer import Layer, axis_index
from caffe_ir.layers import (
    AbsVal,
    BatchNorm,
    Clip,
    Concat,
    Convolution,
    Deconvolution,
    Dropout,
    Eltwise,
    Flatten,
    InnerProduct,
    Input,
    Permute,
    Pooling,
    Power,
    ReLU,
    ReLU6,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    Softmax,
    Split,
)
from caffe_ir.layers.bvlc.activation import Elementwise
from caffe_ir.net import Net
from caffe_ir.node import Node

AXES_OF_ROWS, MAP_AXES = 2, 4
PICTURES = (1, 3, 4)
"""Channels of an input that RKNN-Toolkit2 may take for a picture."""
KEEPS_AXES = (Elementwise, Concat, Eltwise, Scale, Slice, Softmax)
"""Layers whose tops have as many axes as their first bottom, as MNN sees them."""


def overwrites_what_others_read(net: Net) -> list[Node]:
    """Layers in place on a blob that another layer reads: net.cpp puts a Split behind it, which has other names."""
    return [node for node in net.nodes if node.in_place and net.reads(node.bottoms[0]) > 1]


def overwrites_shared_memory(net: Net) -> list[Node]:
    """Layers in place on the memory of a blob that is read behind them, or that is an output.

    That of a Reshape, Flatten or Split is its bottom's (reshape_layer.cpp, ShareData).
    """
    memory, shared = dict[str, str](), set[str]()
    for node in net.nodes:
        views = bool(node.bottoms) and _is_view(node)
        shares = views or node.in_place
        memory.update((top, memory[node.bottoms[0]] if shares else top) for top in node.tops)
        shared.update(memory[top] for top in node.tops if views)
    return [
        node
        for node in net.nodes
        if node.in_place and memory[node.top] in shared and _takes_older_numbers(net, node, memory)
    ]


def _is_view(node: Node) -> bool:
    alone = isinstance(node.layer, Concat | Slice) and len(node.bottoms) == len(node.tops) == 1
    return node.layer.is_view or alone


def _takes_older_numbers(net: Net, writer: Node, memory: Mapping[str, str]) -> bool:
    """Whether what a layer in place has written is read as a blob that it was not written for.

    The layer itself reads a third factor when the product of the first two is written (eltwise_layer.cpp, Forward_cpu).
    """
    written = memory[writer.top]
    if any(memory[bottom] == written for bottom in writer.bottoms[2:]):
        return True
    fresh = {writer.top}
    for node in net.nodes[net.place(writer) + 1 :]:
        read = (bottom for place, bottom in enumerate(node.bottoms) if place not in node.layer.sizes_read)
        if any(memory[bottom] == written and bottom not in fresh for bottom in read):
            return True
        fresh.update(top for top in node.tops if memory[top] == written)
    return any(memory[output] == written and output not in fresh for output in net.outputs)


def padded_by_a_kernel_on_an_input(net: Net) -> list[Node]:
    """Deconvolutions of one group with a pad of the kernel or more on an input of 1, 3 or 4 channels.

    RKNN-Toolkit2's compiler takes that for a picture where nothing else than Convolutions and Deconvolutions read it,
    none of them depthwise, and pads it by the kernel less one and less the pad, without the dilation. It aborted at all
    71 of 173 that are such.
    """
    found = list[Node]()
    for blob in (top for node in net.nodes if isinstance(node.layer, Input) for top in node.tops):
        readers, shape = list(_readers(net, blob)), net.shapes[blob]
        if len(shape) == MAP_AXES and shape[1] in PICTURES and all(_is_whole(one, shape[1]) for one in readers):
            found += filter(_is_padded_by_a_kernel, readers)
    return found


def _readers(net: Net, blob: str) -> Iterator[Node]:
    """The nodes that read a blob, through layers that change nothing."""
    for node in net.consumers(blob):
        same = isinstance(node.layer, Reshape) and net.shapes[node.top] == net.shapes[blob]
        if same or isinstance(node.layer, Dropout | Split):
            for top in node.tops:
                yield from _readers(net, top)
        else:
            yield node


def _is_whole(node: Node, channels: int) -> bool:
    layer = node.layer
    return isinstance(layer, Convolution | Deconvolution) and (layer.group < channels or channels == 1)


def _is_padded_by_a_kernel(node: Node) -> bool:
    layer = node.layer
    if not isinstance(layer, Deconvolution) or layer.group > 1:
        return False
    return any(pad >= taps for pad, taps in zip(layer.pad, layer.kernel_size, strict=True))


def maxima_below_zero(net: Net) -> list[Node]:
    """Poolings of maxima over numbers of which nothing says that none is negative."""
    above = set[str]()
    for node in net.nodes:
        if _is_never_negative(node, above):
            above.update(node.tops)
    found = (node for node in net.nodes if isinstance(node.layer, Pooling) and node.layer.pool == "MAX")
    return [node for node in found if node.bottom not in above]


def _is_never_negative(node: Node, above: Container[str]) -> bool:
    """Whether no number of the tops is negative, where none of the blobs `above` has one."""
    layer, known = node.layer, [bottom in above for bottom in node.bottoms]
    if isinstance(layer, ReLU | Pooling) and any(known):
        return True
    if isinstance(layer, ReLU):
        return layer.negative_slope <= 0
    if isinstance(layer, Clip):
        return layer.max >= 0 and (any(known) or layer.min >= 0)
    if isinstance(layer, Eltwise):
        return any(known) if layer.operation == "MAX" else all(known) and min(layer.coeff, default=1.0) >= 0
    moves = isinstance(layer, Concat | Slice | Split | Reshape | Flatten | Permute | Dropout)
    return isinstance(layer, AbsVal | Sigmoid | Softmax | ReLU6) or (moves and all(known))


def outputs_overwritten_twice(net: Net) -> list[Node]:
    """Outputs into which two layers or more write in place; a Scale behind a BatchNorm counts as one with it."""

    def overwritten(node: Node) -> bool:
        if not node.in_place:
            return False
        before = net.producer(node.bottoms[0])
        if isinstance(node.layer, Scale) and isinstance(before.layer, BatchNorm) and before.in_place:
            before = net.producer(before.bottoms[0])
        return before.in_place

    return [node for node in map(net.producer, net.outputs) if overwritten(node)]


def last_or_in_place(net: Net, node: Node) -> bool:
    """It reads what another layer computes, and its top is that blob or an output."""
    computed = any(not isinstance(net.producer(bottom).layer, Input) for bottom in node.bottoms)
    return computed and (node.in_place or any(net.is_output(top) for top in node.tops))


def reads_places(net: Net, node: Node) -> bool:
    """A layer reads where the maxima of a Pooling are."""
    return net.reads(node.tops[1]) > 0


def reads_no_places(net: Net, node: Node) -> bool:
    """No layer reads where the maxima of a Pooling are: they are an output of the net."""
    return not reads_places(net, node)


def ends_with_places(net: Net, node: Node) -> bool:
    """No layer reads the maxima of a Pooling, nor where they are."""
    return not any(map(net.reads, node.tops))


def called_like_a_blob(net: Net) -> list[Node]:
    """Layers with the name of a blob that another one writes."""
    writers = {name: node for node, name in _written(net)}
    return [node for node in net.nodes if node.name in writers and writers[node.name] is not node]


def _written(net: Net) -> Iterator[tuple[Node, str]]:
    """The nodes with the names that their tops have in the file: those in place write that of their bottom."""
    names: dict[str, str] = {}
    for node in net.nodes:
        names.update((top, names[node.bottoms[0]] if node.in_place else top) for top in node.tops)
        if not node.in_place:
            yield from ((node, names[top]) for top in node.tops)


def taken_into_a_power(net: Net) -> list[Node]:
    """Layers of one factor and one addend that read the power of something, and are its only readers."""
    return [node for node in net.nodes if _has_one_factor(net, node) and _is_read_of_a_power(net, node.bottoms[0])]


def _has_one_factor(net: Net, node: Node) -> bool:
    layer, bottoms = node.layer, net.shapes_of(node.bottoms)
    if isinstance(layer, Power):
        return layer.power == 1
    return isinstance(layer, Scale | BatchNorm) and len(bottoms) == 1 and prod(layer.blob_shapes(bottoms)[0]) == 1


def _is_read_of_a_power(net: Net, blob: str) -> bool:
    layer = net.producer(blob).layer
    return isinstance(layer, Power) and layer.power != 1 and layer.shift == 0 and net.is_read_once(blob)


def outputs_alike_another_blob(net: Net) -> list[Node]:
    """Layers without weights that end in an output and are alike one before them: the same of the same blobs."""
    before, found = list[tuple[Layer, tuple[str, ...]]](), list[Node]()
    for node in net.nodes:
        if isinstance(node.layer, Elementwise | Reshape) and not node.blobs:
            if (node.layer, node.bottoms) in before and net.is_output(node.top):
                found.append(node)
            before.append((node.layer, node.bottoms))
    return found


def products_of_a_view(net: Net) -> list[Node]:
    """InnerProducts right behind a Reshape, of another matrix than they would be of what that reads."""
    return [node for node in net.nodes if isinstance(node.layer, InnerProduct) and _is_of_a_view(net, node)]


def _is_of_a_view(net: Net, node: Node) -> bool:
    layer, before = node.layer, net.producer(node.bottoms[0])
    assert isinstance(layer, InnerProduct)
    if not isinstance(before.layer, Reshape):
        return False
    read, seen = net.shapes_of((before.bottoms[0], node.bottoms[0]))
    axis = axis_index(layer.axis, len(seen))
    return (prod(read[:axis]), prod(read[axis:])) != (prod(seen[:axis]), prod(seen[axis:]))


def negative_axes_behind_a_flatten(net: Net, kinds: tuple[type[Layer], ...]) -> list[Node]:
    """Layers that count their axis from the end, of what a Flatten gave, or of what keeps its axes."""
    rows = _with_the_axes_of_a_flatten(net)
    return [
        node
        for node in net.nodes
        if isinstance(node.layer, kinds)
        and isinstance(node.layer, Concat | Slice | Softmax)
        and node.layer.axis < 0
        and not rows.isdisjoint(node.bottoms)
    ]


def joined_to_a_vector(net: Net) -> list[Node]:
    """Concats of what a Flatten gave, or of what keeps its axes, behind a blob that another layer gave two axes."""
    rows = _with_the_axes_of_a_flatten(net)
    return [
        node
        for node in net.nodes
        if isinstance(node.layer, Concat) and node.bottoms[0] not in rows and not rows.isdisjoint(node.bottoms)
    ]


def _with_the_axes_of_a_flatten(net: Net) -> set[str]:
    """Blobs of two or three axes whose first bottom is one too, back to a Flatten."""
    found = set[str]()
    for node in net.nodes:
        keeps = isinstance(node.layer, KEEPS_AXES) and node.bottoms[0] in found
        if keeps or isinstance(node.layer, Flatten):
            found.update(top for top in node.tops if len(net.shapes[top]) < MAP_AXES)
    return found
