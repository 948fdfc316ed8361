"""Names that every program accepts which reads Caffe files.

A name holds letters, digits, `_`, `.` and `-` only (blanks break ncnn, `/` cannot be saved as HDF5), and no ending
that a tool takes for an order (`_cpu`, `_report`: NNIE; `_splitncnn_`: ncnn). A layer with one top has its name: OpenCV
calls an output by its layer, Caffe by its blob. The name of a layer with several is that of no blob. A target may want
less: identifiers, or so many characters at most (`Names`), which leaves the beginning of a name and its end.
"""

from __future__ import annotations

import re
from keyword import iskeyword

from caffe_ir.free_names import free_name
from caffe_ir.layer import Layer
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.targets.limits import Names

ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]+")
ORDER = re.compile(r"_(cpu|report|splitncnn_\d*)$")


NOT_PLAIN = re.compile(r"[^A-Za-z0-9_]+")
NUMBER = 5
"""Characters that are kept free for a number behind a name that is taken."""


def legal(name: str, names: Names | None = None) -> str:
    """The nearest name that every reader accepts, and that is as a target wants its names."""
    name = ORDER.sub(r"-\1", ILLEGAL.sub("_", name)) or "layer"
    if names is None:
        return name
    name = name.lower() if names.small_ends else name
    if names.plain:
        name = NOT_PLAIN.sub("_", name)
        name = f"n{name}" if name[0].isdigit() or iskeyword(name) else name
    if not names.most or len(name) <= names.most:
        return name
    kept = names.most - NUMBER
    return f"{name[: kept - kept // 2]}{name[-(kept // 2) :]}"


def _rewrite(net: Net, node: Node, context: Context) -> None:
    names = context.target.names
    if len(node.tops) == 1 and node.name == node.top == legal(node.top, names):
        return
    free, taken = list[str](), set(node.tops)
    for top in node.tops:
        taken.remove(top)
        free.append(_free(legal(top, names), net, node, taken))
        taken |= {top, free[-1]}
    tops = tuple(free)
    name = tops[0] if len(tops) == 1 else _free(legal(node.name, names), net, node, set(tops))
    if (name, tops) != (node.name, node.tops):
        _rename(net, node, name, tops)


def _free(wanted: str, net: Net, node: Node, taken: set[str]) -> str:
    """The wanted name, with a number behind if it is among the taken ones or another node or its blob has it."""
    return free_name(wanted, lambda name: name in taken or _of_another(name, net, node))


def _of_another(name: str, net: Net, node: Node) -> bool:
    called = net.has(name) and net.node(name) is not node
    return called or (net.writes(name) and net.producer(name) is not node)


def _rename(net: Net, node: Node, name: str, tops: tuple[str, ...]) -> None:
    """Give a node and its tops other names, everywhere; no new name is an old one of another blob."""
    for old, new in zip(node.tops, tops, strict=True):
        if old != new and (net.is_output(old) or isinstance(node.layer, Input)):  # a user looks for them by their names
            net.note("assumed", f"{old} is called {new}, which every reader of Caffe files accepts", node.origin)
    net.call(node, tops, name)


NAMES = Pass(name="names", visits=(Layer,), rewrite=_rewrite)
