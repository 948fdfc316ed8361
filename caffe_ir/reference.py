"""The embedded engine: runs a net in numpy, in float32 or float64, exact-source layers and Caffe's alike.

Weights that a layer writes at run time are written here too, in the order of the layers (caffe_ir/shared_memory.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.error_kinds.running import INPUT_VALUES
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.layers import Parameter
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.shared_memory import SharedMemory

Memory = dict[str, Array]
"""What weights hold that are a Parameter's memory, by their name; from run to run, as in Caffe."""


def run(
    net: Net, feeds: Mapping[str, Array], dtype: type[np.floating] = np.float32, memory: Memory | None = None
) -> dict[str, Array]:
    """Every blob of the net, for inputs by name. Memory: all blobs at once; `walk` keeps only what is still read.

    Raises ValueError where an input is not fed or a feed has another shape, ConversionError where it names rows that
    are not there.
    """
    blobs: dict[str, Array] = {}
    for node, tops in walk(net, feeds, dtype, memory):
        blobs.update(zip(node.tops, tops, strict=True))
    return blobs


def walk(
    net: Net, feeds: Mapping[str, Array], dtype: type[np.floating] = np.float32, memory: Memory | None = None
) -> Iterator[tuple[Node, list[Array]]]:
    """Run the net node by node, giving each node with its tops; a blob is let go after its last reader.

    Whoever iterates may put other arrays into the list of tops: the later nodes read those. A run leaves in `memory`
    what it wrote into weights, and one that gets it begins with that, as Caffe's next forward does.
    """
    weights_of = _Weights(net, {} if memory is None else memory, dtype)
    readers = Counter(bottom for node in net.nodes for bottom in node.bottoms)
    alive: dict[str, Array] = {}
    for node in net.nodes:
        if not node.bottoms and any(top in feeds for top in node.tops):
            tops = [_fed(net, top, feeds, dtype) for top in node.tops]
        else:
            weights = weights_of.read(node)
            tops = [
                np.asarray(top, dtype) for top in _computed(node, [alive[bottom] for bottom in node.bottoms], weights)
            ]
            del weights
        yield node, tops
        weights_of.write(node, tops)
        alive.update((top, value) for top, value in zip(node.tops, tops, strict=True) if readers[top])
        for bottom in node.bottoms:
            readers[bottom] -= 1
            if not readers[bottom]:
                alive.pop(bottom, None)


def _computed(node: Node, bottoms: list[Array], weights: list[Array]) -> list[Array]:
    """The tops of a node. Raises ConversionError where its bottoms name rows or images that are not there."""
    if not node.bottoms:
        return node.layer.forward(bottoms, weights)
    try:
        return node.layer.forward(bottoms, weights)
    except ValueError as error:
        raise ConversionError(
            Problem(
                kind=INPUT_VALUES,
                what=f"{node.name}: {error}",
                origin=node.origin,
                hint="give inputs that the net was made for: --input FILE.npz",
            )
        ) from error


def _fed(net: Net, top: str, feeds: Mapping[str, Array], dtype: type[np.floating]) -> Array:
    value = np.asarray(feeds[top], dtype)
    if value.shape != net.shapes[top]:
        raise ValueError(f"the input {top} has the shape {net.shapes[top]}, not {value.shape}")
    return value


class _Weights:
    """The weights of the nodes of a net as each of them finds them in its turn."""

    def __init__(self, net: Net, memory: Memory, dtype: type[np.floating]) -> None:
        self.net, self.memory, self.dtype, self.places = net, memory, dtype, SharedMemory()
        parameters = [node for node in net.nodes if isinstance(node.layer, Parameter)]
        self.shared = {name for node in parameters for name in node.param_names}

    def read(self, node: Node) -> list[Array]:
        """What a node has for weights: numbers of a file, or what lies in the memory of a Parameter."""
        if not node.param_names or self.shared.isdisjoint(node.param_names):
            return [self._loaded(blob) for blob in node.blobs]
        shapes = node.layer.blob_shapes(self.net.shapes_of(node.bottoms))
        blobs = node.blobs or tuple(map(Blob.of_zeros, shapes))  # Caffe's memory is zero when it is new (syncedmem.cpp)
        names = node.param_names + ("",) * (len(blobs) - len(node.param_names))
        found = []
        for name, blob in zip(names, blobs, strict=True):
            if name in self.shared and name not in self.memory:
                self.memory[name] = self._loaded(blob)
            found.append(self.memory[name].reshape(blob.shape) if name in self.shared else self._loaded(blob))
        return found

    def write(self, node: Node, tops: list[Array]) -> None:
        """Take note of what a node wrote, where it works in place in the memory of weights."""
        if not self.shared:
            return
        self.places.step(node)
        if node.in_place and (name := self.places.names.get(node.top)):
            self.memory[name] = tops[0].reshape(self.memory[name].shape)

    def _loaded(self, blob: Blob) -> Array:
        return blob.load().astype(self.dtype, copy=False)
