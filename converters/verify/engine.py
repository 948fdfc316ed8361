"""The programs that run a Caffe net: each gives the blobs that are asked for, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.errors import Origin
from caffe_ir.files.prototxt import prototxt
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.source import Feeds


class CaffeFiles(Struct, frozen=True, kw_only=True):
    """A Caffe net as it was read from its two files."""

    net: Net
    prototxt: Path
    caffemodel: Path


class EngineFailed(Exception):
    """An engine cannot run a net; the message says why in the engine's own words."""


Forward = Callable[[Sequence[str], Feeds], "list[Array | None]"]
"""An open net: the wanted blobs for one set of inputs. Raises EngineFailed."""


class Engine(Struct, frozen=True, kw_only=True):
    """`missing` says what has to be installed, or nothing; `title` names the program and its version.

    `blobs` gives the arrays of the blobs in the order asked for, which is that of the net, and None for one that the
    engine has no more, where it joins layers. Raises EngineFailed.
    `tolerance` is the relative error that its float32 may cost in a whole net; `hdf5` says that it reads such weights.
    `opened` keeps a net open for many inputs; without it the files are read for each. It raises EngineFailed too.
    """

    name: str
    missing: Callable[[], str]
    title: Callable[[], str]
    blobs: Callable[[CaffeFiles, Sequence[str], Feeds], Iterator[Array | None]]
    tolerance: float = 1e-4
    hdf5: bool = False
    opened: Callable[[CaffeFiles], Forward] | None = None
    at_once: int = 1
    """So many open nets together take less time for several inputs than one does."""


def place_of(net: Net, blob: str) -> tuple[str, int]:
    """The layer that writes a blob, and the place of the blob among its tops."""
    node = net.producer(blob)
    return node.name, node.tops.index(blob)


def stopping_layer(files: CaffeFiles, runs: Callable[[CaffeFiles], bool]) -> str:
    """The first layer with which an engine no longer runs the net, and its prototxt line; empty where none is found."""
    nodes = files.net.nodes
    inputs = sum(isinstance(node.layer, Input) for node in nodes)
    low, high = inputs, len(nodes)  # the first `low` layers run, the first `high` do not
    with tempfile.TemporaryDirectory() as folder:
        while high - low > 1:
            middle = (low + high) // 2
            if runs(written_part(files, nodes[:middle], Path(folder, "part.prototxt"))):
                low = middle
            else:
                high = middle
        if high == len(nodes) and runs(written_part(files, nodes, Path(folder, "part.prototxt"))):
            return ""  # as we write its layers they all run: it is how the file spells them
    if low == inputs:  # not even one layer runs: it may be something else than the layer
        return ""
    found = nodes[high - 1]
    line = f", {found.origin}" if found.origin.line is not None else ""
    return f"{found.name} ({found.layer}{line})"


def written_part(files: CaffeFiles, nodes: Sequence[Node], path: Path) -> CaffeFiles:
    """Some of a net's layers as a net of their own, beside the same caffemodel."""
    net = cut_out(files.net, nodes)
    path.write_text(prototxt(net), encoding="utf-8")
    return CaffeFiles(net=net, prototxt=path, caffemodel=files.caffemodel)


def cut_out(net: Net, nodes: Sequence[Node]) -> Net:
    """The net of some of the layers; what they read from others becomes its inputs."""
    part = Net(name=net.name)
    written = {top for node in nodes for top in node.tops}
    outside = [bottom for node in nodes for bottom in node.bottoms if bottom not in written]
    for blob in dict.fromkeys(outside):
        part.append(Node(name=blob, layer=Input(shape=net.shapes[blob]), tops=(blob,), origin=Origin(layer=blob)))
    for node in nodes:
        part.append(replace(node, in_place=node.in_place and node.bottoms[0] in written))
    read = {bottom for node in nodes for bottom in node.bottoms}
    part.outputs = [top for node in nodes for top in node.tops if top not in read]
    return part
