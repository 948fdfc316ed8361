"""A pair of Caffe files: what is verified, and also what another pair can be compared with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from caffe_ir.files import reader
from caffe_ir.net import Net
from caffe_ir.values import Values
from converters.verify.engine import CaffeFiles
from converters.verify.source import Source, embedded_reference, source_of


def caffe_files(prototxt: str | Path, caffemodel: str | Path) -> CaffeFiles:
    """Read a pair of files. Raises ConversionError with all that does not fit together."""
    net = reader.read(prototxt, caffemodel)
    return CaffeFiles(net=net, prototxt=Path(prototxt), caffemodel=Path(caffemodel))


def caffe_source(files: CaffeFiles) -> Source:
    """Another Caffe net as the source: its blobs are its values."""
    net = valued(files.net)
    title = "the other Caffe net, in float64"
    return source_of(str(files.prototxt), net, net, [embedded_reference(net, title)])


def valued(net: Net) -> Net:
    """The net with every blob as a value of its own name."""
    return dataclasses.replace(net, values=Values({top: top for node in net.nodes for top in node.tops}))
