"""Nets of one recurrent layer with seeded weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caffe_ir.layers import Input
from caffe_ir.layers.source import Recurrence
from caffe_ir.net import Net
from tests.caffe_ir.build import add, net_of


def recurrent(
    layer: Recurrence, x: tuple[int, ...] = (4, 2, 5), *, given: bool = False, read: Sequence[int] | None = None
) -> Net:
    """A layer with all its tops as outputs, or those of some numbers; its first states are inputs where given."""
    random, net = np.random.default_rng(0), net_of(x)
    _, *states = layer.infer((x,))
    for number, shape in enumerate(states if given else ()):
        add(net, f"first{number}", Input(shape=shape), bottoms=())
    weights = [random.standard_normal(one) for one in layer.blob_shapes((x,))]
    tops = ("y", "hidden", "cell")[: 1 + len(states)]
    add(net, "rnn", layer, *weights, bottoms=[node.top for node in net.nodes], tops=tops)
    net.outputs = [tops[place] for place in (range(len(tops)) if read is None else read)]
    return net
