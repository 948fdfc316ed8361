"""A net of one layer with random weights, on inputs of given shapes."""

from __future__ import annotations

import numpy as np

from caffe_ir.errors import Origin
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from tests.caffe_ir.build import add

Shapes = tuple[tuple[int, ...], ...]


def net_of_layer(layer: Layer, *shapes: tuple[int, ...]) -> Net:
    """The layer `y`, whose weights are from 0.3 to 1.5, on inputs `x0`, `x1` ..."""
    random, net = np.random.default_rng(1), Net(name="alone")
    names = [f"x{place}" for place in range(len(shapes))]
    for name, shape in zip(names, shapes, strict=True):
        net.append(Node(name=name, layer=Input(shape=shape), tops=(name,), origin=Origin(layer=name)))
    weights = [random.uniform(0.3, 1.5, blob) for blob in layer.blob_shapes(shapes)]
    if isinstance(layer, BatchNorm):
        weights[2] = np.array([2.5])
    tops = [f"y{place}" if place else "y" for place in range(len(layer.infer(shapes)))]
    node = add(net, "y", layer, *weights, bottoms=names, tops=tops)
    net.outputs = list(node.tops)
    net.values.update({top: top for top in tops})
    return net
