"""The embedded engine, numpy: always there, in float32 or float64, a net as a whole or each layer by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from msgspec.structs import replace

from caffe_ir import reference
from caffe_ir.blob import Array, Blob
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.comparison import Row, row
from converters.verify.engine import CaffeFiles, Engine, Forward
from converters.verify.source import Feeds

Take = Callable[[str], Array | None]


def layer_by_layer(net: Net, held: dict[str, str], take: Take, feeds: Feeds) -> Iterator[tuple[Node, list[Row]]]:
    """Run a net in float64 with every layer on the source's own values, and compare what each makes of them.

    `held` says which value of the source a blob holds. The blob's own array is compared with that value, which then
    takes its place for all later readers: an error is seen where it is made, and nowhere else. The result of a node
    that holds no value goes on as it is.
    """
    for node, tops in reference.walk(net, feeds, np.float64):
        rows = []
        for place, top in enumerate(node.tops):
            theirs = take(held[top]) if top in held else None
            if theirs is None:
                continue
            rows.append(row(held[top], theirs, tops[place]))
            if theirs.size == tops[place].size:  # walk goes on with what stands in the list
                tops[place] = theirs.reshape(tops[place].shape).astype(np.float64, copy=False)
        yield node, rows


def blobs(net: Net, wanted: Sequence[str], feeds: Feeds, dtype: type[np.floating]) -> Iterator[Array]:
    """The blobs that are wanted, which are in the order of the net; the run ends with the last of them."""
    rest = list(reversed(wanted))
    for node, tops in reference.walk(net, feeds, dtype):
        for top, array in zip(node.tops, tops, strict=True):
            if rest and rest[-1] == top:
                rest.pop()
                yield array
        if not rest:
            return


def _kept_open(files: CaffeFiles) -> Forward:
    """The net with its weights in memory, from the first inputs on."""
    nodes = [replace(node, blobs=tuple(map(_kept, node.blobs))) for node in files.net.nodes]
    net = Net(name=files.net.name, nodes=nodes, outputs=files.net.outputs, shapes=files.net.shapes)
    return lambda wanted, feeds: list(blobs(net, wanted, feeds, np.float32))


def _kept(blob: Blob) -> Blob:
    return Blob(shape=blob.shape, load=cache(blob.load))


def _float32(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array]:
    return blobs(files.net, wanted, feeds, np.float32)


EMBEDDED = Engine(
    name="embedded",
    missing=lambda: "",
    title=lambda: f"this program in float32 (numpy {np.__version__})",
    blobs=_float32,
    hdf5=True,
    opened=_kept_open,
)
