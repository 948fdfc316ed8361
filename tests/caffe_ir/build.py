"""Small nets for tests, built in a line or two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.layer import Layer
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node


def net_of(shape: tuple[int, ...], name: str = "tiny") -> Net:
    """A net with one input, `data`."""
    net = Net(name=name)
    net.append(Node(name="data", layer=Input(shape=shape), tops=("data",), origin=Origin(layer="data")))
    net.outputs = ["data"]
    return net


def add(
    net: Net,
    name: str,
    layer: Layer,
    *weights: npt.ArrayLike,
    bottoms: Sequence[str] | None = None,
    tops: Sequence[str] | None = None,
    in_place: bool = False,
) -> Node:
    """Append a layer behind the last one, or behind `bottoms`; its first top becomes the net's only output."""
    node = Node(
        name=name,
        layer=layer,
        bottoms=tuple(bottoms if bottoms is not None else net.nodes[-1].tops[:1]),
        tops=tuple(tops if tops is not None else (name,)),
        blobs=tuple(Blob.of(np.asarray(each)) for each in weights),
        origin=Origin(layer=name, file="tiny.cfg", line=len(net.nodes)),
        in_place=in_place,
    )
    net.append(node)
    net.outputs = list(node.tops[:1])
    net.values[name] = node.tops[0]
    return node
