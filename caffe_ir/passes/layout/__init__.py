"""Permutations and reshapes wait for the layers that need them: most meet their inverse before.

The net is written anew, each blob of the old one as a view of a new one. Permute and Reshape only change the view. A
layer that computes each value alone does so however the blob lies; one that works along an axis does so wherever the
axis lies; a product with a matrix along an axis is an InnerProduct where the axis is the last, a 1x1 Convolution where
it lies before others; a product of two activations takes each factor transposed or not; a fully connected layer has its
columns in another order. Only what has no such form gets its bottoms permuted. LayerNorm and Linear on (N, H, W, C)
between two permutations become a norm over C and 1x1 Convolutions; attention reads its heads where they lie.

A permutation that is done behind a product with a matrix moves all that it makes, three times what it reads where that
is q, k and v. So what products of activations read is tried both ways: with the axes of the Linear layers in front of
them brought together before they are computed, as channels or as rows, and after. (A Linear works along its last axis
alone, so it computes the same wherever the others lie.)

The new net takes the old one's place if less is permuted, or as much with fewer layers, or as many with fewer rows that
a product would have to turn into columns (caffe_ir/forms/matmul.py). Values of the source that are
held in another order than the source's are no longer among the net's.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

from caffe_ir.exchanges import moved
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Flatten, InnerProduct, Parameter, Reshape
from caffe_ir.layers.source import Linear, MatrixProduct, Permute
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.passes.layout import products, several, single
from caffe_ir.passes.layout.stage import Rule, Stage
from caffe_ir.values import Values
from caffe_ir.views import View, plain

ROWS = 2
VIEWS = (Permute, Reshape, Flatten, Linear)
RULES: Mapping[type[Layer], Rule] = {**single.RULES, **several.RULES, **products.RULES}


def _run(net: Net, context: Context) -> None:
    if not any(isinstance(one.layer, VIEWS) for one in net.nodes):
        return
    best = _best(net)
    while _work(best.net) < _work(net):
        take(net, best)
        best = _best(net)


def _best(net: Net) -> Stage:
    choice = any(isinstance(one.layer, Permute | MatrixProduct) for one in net.nodes)
    ways = product((False, True), repeat=2) if choice else [(False, False)]
    stages = [staged(net, turned=turned, kept=kept) for turned, kept in ways]
    best = min(stages, key=lambda stage: _work(stage.net))
    before = _before_products(net) if _work(best.net)[0] else []  # where nothing is moved, nothing moves less
    for as_channels in (False, True) if before else ():
        early = dict.fromkeys(before, as_channels)
        stages.append(staged(net, turned=best.turned, kept=best.kept, early=early))
    return min(stages, key=lambda stage: _work(stage.net))


def _before_products(net: Net) -> list[str]:
    """Linear layers whose results come to a product of two activations with nothing but one blob in between."""
    found = dict[str, None]()
    waiting = [
        net.producer(bottom) for node in net.nodes if isinstance(node.layer, MatrixProduct) for bottom in node.bottoms
    ]
    seen = set[str]()
    while waiting:
        node = waiting.pop()
        if node.name in seen:
            continue
        seen.add(node.name)
        if isinstance(node.layer, Linear):
            found[node.name] = None
            continue
        read = [made for bottom in node.bottoms if not isinstance((made := net.producer(bottom)).layer, Parameter)]
        if len(read) == 1 and not isinstance(node.layer, Convolution | InnerProduct):
            waiting += read
    return list(found)


def staged(net: Net, *, turned: bool = False, kept: bool = False, early: Mapping[str, bool] | None = None) -> Stage:
    """The net written anew; `turned`, `kept` and `early` as Stage has them."""
    taken = {name for one in net.nodes for name in (one.name, *one.tops)}
    stage = Stage(old=net, net=Net(name=net.name), names=FreeNames(taken), turned=turned, kept=kept, early=early or {})
    for one in net.nodes:
        rule = RULES.get(type(one.layer))
        if rule is None or not rule(stage, one):
            stage.keep(one)
    for output in dict.fromkeys(net.outputs):
        view = stage.views[output]
        if view.blob != output or not view.is_plain or stage.is_constant(view):
            blob = stage.plain(net.producer(output), view, top=output)
            stage.views[output] = View(blob=blob, axes=plain(view.shape))
    return stage


def _work(net: Net) -> tuple[int, int, int]:
    """How many values are permuted, the number of layers, views of a Linear included, and values turned by products."""
    permuted = sum(
        moved(net.shapes[node.bottom], node.layer.order) for node in net.nodes if isinstance(node.layer, Permute)
    )
    rows = [node for node in net.nodes if isinstance(node.layer, Linear) and len(net.shapes[node.bottom]) != ROWS]
    turned = sum(
        prod(net.shapes[node.bottoms[1]]) for node in net.nodes if node.layer == MatrixProduct(transpose_b=True)
    )
    return permuted, len(net.nodes) + 2 * len(rows), turned


def take(net: Net, stage: Stage) -> None:
    """Put what was written anew in the place of the net that it was made of."""
    values = {
        value: view.blob
        for value, held in net.values.items()
        if (view := stage.views.get(held)) and view.is_plain and view.blob in stage.net.shapes
    }
    for node in list(net.nodes):
        net.remove(node)
    net.shapes.clear()
    for node in stage.net.nodes:
        net.append(node)
    net.outputs = [stage.views[output].blob for output in net.outputs]
    net.values = Values(values)


LAYOUT = NetPass(name="layout", run=_run)
