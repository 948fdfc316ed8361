"""The two kinds of passes: `Pass` rewrites a node and its neighbours, `NetPass` a net as a whole.

What looks at one node alone is neither: it is a form (caffe_ir/forms), and `legalize` chooses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from caffe_ir.errors import ConversionError, Problems
from caffe_ir.layer import Layer
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.target import Target

Head = Literal["raw", "activated"]
InputIs = Literal["prepared", "u8-rgb", "u8-bgr"]


class Options(Struct, frozen=True, kw_only=True):
    """What the user asks of the passes."""

    head: Head = "raw"
    """Detection heads: end at the maps that decoders read, or compute what the source's own head layer outputs."""
    fold_batch_norm: bool = False
    input_is: InputIs = "prepared"
    """What the net takes: the source's own input, or the bytes of a picture in an order of channels."""


class Context(Struct, frozen=True, kw_only=True):
    """What a rewrite may know besides the net."""

    target: Target
    options: Options


class NetPass(Struct, frozen=True, kw_only=True):
    """`run` is called once for each net: for what weighs all nodes against each other, or needs an order of its own.

    The contract is that of `Pass`: the net is checked before and after, and blobs that outlive it keep their shapes.
    """

    name: str
    run: Callable[[Net, Context], None]


class Pass(Struct, frozen=True, kw_only=True):
    """`rewrite` is called once for each node whose layer is one of `visits`, in the order of the net.

    It is for what a node's producers and readers decide: layers that are joined, taken out or exchanged.

    A node that an earlier call of the same pass took out is not visited. The net is checked before and after a pass,
    not in between; the blobs that outlive it keep their shapes.
    """

    name: str
    visits: tuple[type[Layer], ...]
    rewrite: Callable[[Net, Node, Context], None]


def run_pass(one: Pass | NetPass, net: Net, context: Context) -> None:
    """Run one pass and hold it to its contract: a net that checks, and blobs that keep their shapes.

    Raises ConversionError with every layer that cannot be rewritten, after the others have been; AssertionError names a
    pass that broke the net.
    """
    before, nodes, problems = dict(net.shapes), list(net.nodes), Problems()
    if isinstance(one, NetPass):
        with problems.collected():
            one.run(net, context)
    else:
        for node in [node for node in nodes if isinstance(node.layer, one.visits)]:
            if net.has(node.name) and (current := net.node(node.name)).layer is node.layer:
                try:
                    one.rewrite(net, current, context)
                except ConversionError as error:
                    problems.found.extend(error.problems)
    if nodes != net.nodes:  # nodes are compared by identity
        net.check()
        try:
            net.shapes = net.infer()
        except ConversionError as error:
            raise ConversionError(*problems.found, *error.problems) from None
        for blob, shape in net.shapes.items():
            assert before.get(blob, shape) == shape, f"pass {one.name} changed {blob} from {before[blob]} to {shape}"
    problems.raise_if_any()
