"""Layers that the target does not compute -> the form of them that costs least there.

Every form is tried: it builds its nodes, and what it costs and who computes it wrongly follow from these. What they
hold that the target lacks is written in a form of its own, and priced as such. Forms that differ by less than 1 % of
the net's cost, for all layers of their kind together, or by less than calling a layer, are equal: of those one in a
layer of the target's own is taken, which says there what it means, else the one that the fewest other targets get
wrong. Files that are for other targets as well (`Target.for_others`) may cost more for that, and a layer that the
target computes and another one does not is written in one of its forms too, or stays as it is. Of what a form holds,
old converters (`CONVERTERS`) count where they get it wrong in silence, where they refuse it only in files that are for
them too (`Target.for_converters`). Compilers (`COMPILERS`) count in the first case, and a layer that one of them gets
wrong so is written otherwise too; else what they or old converters refuse counts little. Of that a form is no equal
that holds much more memory than another one of no higher cost. A form that loses digits in float32 is taken only where
every other one loses them too.

A target that refuses products of activations in the form that is best for them, which are weights written at run time
in most nets, refuses the net: what it makes of the other layers does not count.

(A conversion target, and patterns with a benefit each, are MLIR's idea: mlir/Transforms/DialectConversion.h.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from caffe_ir.errors import Problems
from caffe_ir.forms import FORMS, Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Parameter
from caffe_ir.layers.source import MatrixProduct, SignedMaximum
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.passes.legalize.chooser import Chooser, Kinds, made_by_kind
from caffe_ir.passes.legalize.weighing import Weighing
from caffe_ir.replacement import Replacement
from caffe_ir.targets import COMPILERS, CONVERTERS, WIDESPREAD
from caffe_ir.targets.target import Target


def _run(net: Net, context: Context) -> None:
    _choose(net, context, net.nodes)


def _run_for_later(net: Net, context: Context) -> None:
    """For the layers that a pass behind `legalize` made."""
    if made := [node for node in net.nodes if isinstance(node.layer, SignedMaximum)]:
        _choose(net, context, made)


def _choose(net: Net, context: Context, nodes: Sequence[Node]) -> None:
    chooser = chooser_of(net, context.target, FORMS)
    problems, none = Problems(), Kinds()
    waiting = [(node.name, none, chooser.share(node)) for node in reversed(nodes)]
    while waiting:
        name, within, share = waiting.pop()
        node = net.node(name)  # an earlier choice may have let it read another blob
        if not chooser.asks(node, net.shapes_of(node.bottoms)):
            continue
        with problems.collected():
            choice = chooser.best(Replacement(net=net, old=node), within, share)  # as it was when it was priced
            choice.commit()
            net.notes += choice.notes()
            if not choice.kept:
                waiting += [(one.name, within | {type(node.layer)}, share) for one in reversed(choice.new.nodes)]
    problems.raise_if_any()


def chooser_of(net: Net, target: Target, forms: Mapping[type[Layer], tuple[Form, ...]]) -> Chooser:
    """What chooses among forms for a net and a target."""
    counts = Counter(type(node.layer) for node in net.nodes)
    others = frozenset(other.name for other in (*WIDESPREAD, *(CONVERTERS if target.for_converters else ())))
    weighing = Weighing(net=net, target=target, attends=counts[MatrixProduct] > 0)
    chooser = Chooser(
        net=net,
        target=target,
        forms=forms,
        counts=counts,
        made=made_by_kind(net),
        images=net.images,
        weighing=weighing,
        others=others,
        compilers=frozenset(other.name for other in COMPILERS),
    )
    lost = chooser.refusing(_deciding(net, target)) if target.for_others else frozenset()
    if lost:
        return replace(chooser, lost=lost, others=others - lost, known={}, chosen={})
    return replace(chooser, weighing=replace(weighing, others=others - {target.name}), known={}, chosen={})


def _deciding(net: Net, target: Target) -> list[Node]:
    """The layers of which one that another target refuses costs it the net: products, and all for old converters."""
    if target.for_converters:
        return net.nodes
    return [node for node in net.nodes if isinstance(node.layer, MatrixProduct) or _is_written_at_run_time(node)]


def _is_written_at_run_time(node: Node) -> bool:
    """A Parameter whose name shares it with the weights of a product that is written already."""
    return isinstance(node.layer, Parameter) and bool(node.param_names)


LEGALIZE = NetPass(name="legalize", run=_run)
LEGALIZE_LATER = NetPass(name="legalize_later", run=_run_for_later)
