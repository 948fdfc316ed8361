"""The embedded engine: runs a net in numpy, in float32 or float64, exact-source layers and Caffe's alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.net import Net, Node


def run(net: Net, feeds: Mapping[str, Array], dtype: type[np.floating] = np.float32) -> dict[str, Array]:
    """Every blob of the net, for inputs by name. Memory: all blobs at once; `walk` keeps only what is still read.

    Raises ValueError where an input is not fed or a feed has another shape.
    """
    blobs: dict[str, Array] = {}
    for node, tops in walk(net, feeds, dtype):
        blobs.update(zip(node.tops, tops, strict=True))
    return blobs


def walk(
    net: Net, feeds: Mapping[str, Array], dtype: type[np.floating] = np.float32
) -> Iterator[tuple[Node, list[Array]]]:
    """Run the net node by node, giving each node with its tops; a blob is let go after its last reader.

    Whoever iterates may put other arrays into the list of tops: the later nodes read those.
    """
    readers = Counter(bottom for node in net.nodes for bottom in node.bottoms)
    alive: dict[str, Array] = {}
    for node in net.nodes:
        if not node.bottoms and any(top in feeds for top in node.tops):
            tops = [_fed(net, top, feeds, dtype) for top in node.tops]
        else:
            weights = [blob.load().astype(dtype, copy=False) for blob in node.blobs]
            tops = node.layer.forward([alive[bottom] for bottom in node.bottoms], weights)
            tops = [np.asarray(top, dtype) for top in tops]
            del weights
        yield node, tops
        alive.update((top, value) for top, value in zip(node.tops, tops, strict=True) if readers[top])
        for bottom in node.bottoms:
            readers[bottom] -= 1
            if not readers[bottom]:
                alive.pop(bottom, None)


def _fed(net: Net, top: str, feeds: Mapping[str, Array], dtype: type[np.floating]) -> Array:
    value = np.asarray(feeds[top], dtype)
    if value.shape != net.shapes[top]:
        raise ValueError(f"the input {top} has the shape {net.shapes[top]}, not {value.shape}")
    return value
