"""An output that a layer reads as well, one of several tops, or an input -> a copy of it, which nobody reads.

The outputs of a Caffe net are the blobs that no layer reads (net.cpp:226-235), so a result that goes on into another
layer would be missing among them. OpenCV knows outputs by their layers, and of a layer with several tops the first.
The copy is Power(1, 1, 0), a memcpy (power_layer.cpp:20-37). It has the output's
name, and what it copies is called `<name>_inner`; a copy of an input is called `<name>_output`, since users feed the
input by its name.
"""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import Input, Power
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, NetPass


def _run(net: Net, context: Context) -> None:
    for blob in list(dict.fromkeys(net.outputs)):
        producer = net.producer(blob)
        if isinstance(producer.layer, Input):
            _copy_of_an_input(net, producer)
        elif net.consumers(blob) or len(producer.tops) > 1:
            _copy(net, producer, blob)


def _copy_of_an_input(net: Net, producer: Node) -> None:
    name = net.fresh_name(f"{producer.top}_output")
    copy = Node(name=name, layer=Power(), bottoms=(producer.top,), tops=(name,), origin=producer.origin)
    net.replace(producer, [producer, copy])
    net.outputs = [name if output == producer.top else output for output in net.outputs]
    net.note("assumed", f"the output that is the input {producer.top} itself is called {name}", producer.origin)


def _copy(net: Net, producer: Node, blob: str) -> None:
    inner, readers = net.fresh_name(f"{blob}_inner"), net.consumers(blob)
    tops = tuple(inner if top == blob else top for top in producer.tops)
    made = replace(producer, name=inner if producer.name == blob else producer.name, tops=tops)
    copy = Node(name=blob, layer=Power(), bottoms=(inner,), tops=(blob,), origin=producer.origin)
    net.replace(producer, [made, copy])
    for reader in readers:
        net.update(reader, replace(reader, bottoms=tuple(inner if each == blob else each for each in reader.bottoms)))


OUTPUTS_APART = NetPass(name="outputs_apart", run=_run)
