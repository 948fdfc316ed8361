"""An output that cannot be one as it is -> a copy of it: the only top of a layer, which nobody reads.

The outputs of a Caffe net are the blobs that no layer reads (net.cpp:226-235); MNN has the same rule, and OpenCV lists
the layers of which no top is read, by their names. So a result that goes on into another layer, that is one of several
tops, that is an input of the net or that is returned twice would be missing, or stand under another name.
A copy is a view. It has the output's name, and what it copies is called `<name>_inner`; a copy of an input is called
`<name>_output`, since users feed the input by its name.
"""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from caffe_ir.layers import Input, Reshape, copy_layer
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass


def _run(net: Net, context: Context) -> None:
    for blob, times in reversed(Counter(net.outputs).items()):  # each copy stands right behind what it copies
        if times > 1 or not net.can_end_at(blob):
            _copy(net, blob, times)
    _spell_apart(net)


def _copy(net: Net, blob: str, times: int) -> None:
    given = isinstance(net.producer(blob).layer, Input)
    source, wanted = (blob, f"{blob}_output") if given else (net.fresh_name(f"{blob}_inner"), blob)
    if not given:
        net.rename(blob, source)
        if (node := net.producer(source)).name == blob:  # of several tops
            net.call(node, node.tops, source)
    names, producer, layer = list[str](), net.producer(source), copy_layer(net.shapes[source])
    for _ in range(times):
        names.append(wanted if not names and not net.writes(wanted) else net.fresh_name(wanted, names))
    copies = list[Node]()
    for name in names:  # another layer may be called like the output
        called = net.fresh_name(name, names) if net.has(name) else name
        copies.append(Node(name=called, layer=layer, bottoms=(source,), tops=(name,), origin=producer.origin))
    net.replace(producer, [producer, *copies])
    if not given:
        net.values.move(source, blob)
    rest = iter(names)
    net.outputs = [next(rest) if output == source else output for output in net.outputs]
    what = f"the output that is the input {blob} itself" if given else f"an output that is {blob} once more"
    for name in names if given else names[1:]:
        net.note("assumed", f"{what} is called {name}", producer.origin)


def _spell_apart(net: Net) -> None:
    """Give each of several copies of one blob a spelling of its own: MNN makes one layer of two that are alike."""
    numbers = Counter[str]()
    for output in net.outputs:
        node = net.producer(output)
        if isinstance(node.layer, Reshape) and net.shapes[node.bottom] == net.shapes[output]:
            layer = copy_layer(net.shapes[output], numbers[node.bottom])
            numbers[node.bottom] += 1
            if node.layer != layer:
                net.update(node, replace(node, layer=layer))


OUTPUTS_APART = NetPass(name="outputs_apart", run=_run)
