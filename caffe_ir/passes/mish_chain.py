"""x tanh(log(1 + e^x)), written out -> Mish, where the target lacks a layer of it.

Nets are written so by hand (x tanh(softplus(x))), and a file for another target has it in one of the chains that forms
write (caffe_ir/forms/activation.py). Taken together, it is written anew in the chain that this target computes.

Softplus is x itself above its threshold: the same to float64, as tanh is 1 there (log(1 + e^19) = 19 + 6e-9, and
1 - tanh(19) = 6e-17).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from caffe_ir.forms.activation import MISH_BY_BNLL, MISH_BY_LRN, MISH_BY_SIGMOID
from caffe_ir.forms.chain import SQUARED, TIMES_X, Chain, Step
from caffe_ir.layer import Layer
from caffe_ir.layers import BNLL, Eltwise, Mish, Power
from caffe_ir.layers.source import Softplus
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement

SPELLINGS = (MISH_BY_BNLL, MISH_BY_SIGMOID, MISH_BY_LRN)
PRODUCT = Eltwise(operation="PROD")
SATURATED = 19.0
"""Tanh is 1 in float64 from here on."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    found = next((one for chain in SPELLINGS for one in _matches(net, node, chain)), None)
    if found is None:
        return
    x, nodes = found
    if all(context.target.holds(one.layer, net.shapes_of(one.bottoms), net.images) for one in nodes):
        return
    new = Replacement(net=net, old=node)
    new.add("mish", Mish(), x)
    new.finish()
    for old in nodes[1:]:
        if not net.is_wanted(old.top):
            net.remove(old)
    net.note("folded", f"x tanh(log(1 + e^x)) in {len(nodes)} steps is one Mish", node.origin)


def _matches(net: Net, node: Node, chain: Chain) -> Iterator[tuple[str, list[Node]]]:
    """The x of a chain that ends with a node, and its nodes, from the last one on; each way to read it so."""
    for x in _factors(net, node, chain):
        blob, nodes = node.top, list[Node]()
        for step in reversed(chain):
            current = net.producer(blob)
            before = _before(current, step, x)
            if before is None:
                break
            nodes.append(current)
            blob = before
        else:
            if blob == x:
                yield x, nodes


def _factors(net: Net, node: Node, chain: Chain) -> tuple[str, ...]:
    """What the product with x reads, should a chain end with a node: x is among it."""
    for _ in chain[chain.index(TIMES_X) + 1 :]:
        if len(node.bottoms) != 1:
            return ()
        node = net.producer(node.bottom)
    return node.bottoms


def _before(node: Node, step: Step, x: str) -> str | None:
    """The blob that a step of a chain reads besides x; None where the node is another step."""
    if isinstance(step, Layer):
        return node.bottom if _is(node.layer, step) else None
    if node.layer != PRODUCT or len(node.bottoms) != 2:
        return None
    first, second = node.bottoms
    if step == SQUARED:
        return first if first == second else None
    return {first: second, second: first}.get(x)


def _is(layer: Layer, wanted: Layer) -> bool:
    """Whether a layer computes the same as one of a chain: to the digits that files have."""
    if isinstance(wanted, BNLL) and isinstance(layer, Softplus):
        return layer.beta == 1 and layer.threshold >= SATURATED
    if isinstance(wanted, Power) and isinstance(layer, Power):
        return _digits(layer) == _digits(wanted)
    return layer == wanted


def _digits(layer: Power) -> tuple[np.float32, ...]:
    return tuple(map(np.float32, (layer.power, layer.scale, layer.shift)))


MISH_CHAIN = Pass(name="mish_chain", visits=(Eltwise, Power), rewrite=_rewrite)
