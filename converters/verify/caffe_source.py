"""A pair of Caffe files: what is verified, and also what another pair can be compared with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from msgspec.structs import replace

from caffe_ir.files import reader
from caffe_ir.layers import BatchReindex, Concat, Embed, Input, Permute, Slice, Tile
from caffe_ir.net import Net
from caffe_ir.values import Values
from converters.verify.engine import CaffeFiles
from converters.verify.source import Source, embedded_reference, source_of

_NONE = slice(0)
_NUMBERS = {Embed: slice(None), BatchReindex: slice(1, None)}
"""The bottoms of which a layer takes numbers for places."""
_MOVING = (Concat, Slice, Permute, Tile)
"""The layers besides views whose tops hold numbers of their bottoms, and no others."""


def caffe_files(prototxt: str | Path, caffemodel: str | Path) -> CaffeFiles:
    """Read a pair of files. Raises ConversionError with all that does not fit together."""
    net = reader.read(prototxt, caffemodel)
    return CaffeFiles(net=net, prototxt=Path(prototxt), caffemodel=Path(caffemodel))


def caffe_source(files: CaffeFiles) -> Source:
    """Another Caffe net as the source: its blobs are its values."""
    net = valued(files.net)
    title = "the other Caffe net, in float64"
    source = source_of(str(files.prototxt), net, net, [embedded_reference(net, title)])
    return replace(source, whole=naming_rows(net))


def naming_rows(net: Net) -> frozenset[str]:
    """The inputs that some layer takes for numbers of rows or images, as they are or cut and put together anew."""
    asked = [bottom for node in net.nodes for bottom in node.bottoms[_NUMBERS.get(type(node.layer), _NONE)]]
    found = set[str]()
    while asked:
        node = net.producer(asked.pop())
        if isinstance(node.layer, Input):
            found.update(node.tops)
        elif node.layer.is_view or isinstance(node.layer, _MOVING):
            asked += node.bottoms
    return frozenset(found)


def valued(net: Net) -> Net:
    """The net with every blob as a value of its own name."""
    return dataclasses.replace(net, values=Values({top: top for node in net.nodes for top in node.tops}))
