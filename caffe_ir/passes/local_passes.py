"""Passes that look at one node and nothing else, as forms: each rewrites a net of that node alone.

Its nodes then stand for the node in the net; where it lets another blob hold what the node wrote, readers follow.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.errors import Origin
from caffe_ir.forms import Form
from caffe_ir.forms.form import exact
from caffe_ir.layer import Layer
from caffe_ir.layers import Input
from caffe_ir.net import Net, Node
from caffe_ir.passes import (
    dilated_pooling,
    pooling,
)
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement
from caffe_ir.values import Values

LOCAL: tuple[Pass, ...] = (
    dilated_pooling.DILATED_POOLING,  # before pooling, which knows no dilation
    pooling.POOLING,
)


def local_forms(context: Context) -> Mapping[type[Layer], tuple[Form, ...]]:
    """For each type of layer that they visit, one form: the first of the passes that does something."""
    passes: dict[type[Layer], list[Pass]] = {}
    for one in LOCAL:
        for kind in one.visits:
            passes.setdefault(kind, []).append(one)
    return {kind: (_as_form(tuple(each), context),) for kind, each in passes.items()}


def _as_form(passes: tuple[Pass, ...], context: Context) -> Form:
    def build(new: Replacement) -> str:
        alone = _alone(new)
        for one in passes:
            one.rewrite(alone, new.old, context)
            if new.old not in alone.nodes:
                _take_over(new, alone)
                return ""
        return "it does not apply"

    return Form(name=passes[-1].name, build=build, loss=exact)


def _alone(new: Replacement) -> Net:
    old, bottoms = new.old, list(dict.fromkeys(new.old.bottoms))
    shapes = {bottom: new.shape_of(bottom) for bottom in bottoms}
    inputs = [_input(bottom, shape) for bottom, shape in shapes.items()]
    tops = zip(old.tops, old.layer.infer(tuple(shapes[bottom] for bottom in old.bottoms)), strict=True)
    return Net(
        name=new.net.name,
        nodes=[*inputs, old],
        outputs=[top for top in old.tops if new.net.is_output(top)],
        values=Values({top: top for top in old.tops}),
        shapes={**shapes, **dict(tops)},
    )


def _input(blob: str, shape: Shape) -> Node:
    return Node(name=blob, layer=Input(shape=shape), tops=(blob,), origin=Origin(layer=blob))


def _take_over(new: Replacement, alone: Net) -> None:
    """The nodes under names that are free in the net; those of the old node stay."""
    kept, bottoms = {new.old.name, *new.old.tops}, set(new.old.bottoms)
    nodes = [node for node in alone.nodes if node.bottoms or node.name not in bottoms]
    names = {name: name for name in kept}
    for node in nodes:
        for name in (node.name, *node.tops):
            names.setdefault(name, "")
            names[name] = names[name] or new.free(name)
    new.nodes = [
        replace(
            node,
            name=names[node.name],
            bottoms=tuple(names.get(bottom, bottom) for bottom in node.bottoms),
            tops=tuple(names[top] for top in node.tops),
        )
        for node in nodes
    ]
    new.held = {top: names.get(blob, blob) for top, blob in alone.values.items()}
    new.notes = list(alone.notes)
