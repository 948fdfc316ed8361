"""Which blob each layer reads in nncase 1.x, which gives layers in place names of their own.

BatchNorm, Scale and ReLU that write into their bottom `x` write `x/div`, `x/mul` (with a bias `x/add`) and `x/clamp`;
a layer that reads `x` takes the first of `x/clamp`, `x/add`, `x/mul`, `x/div` that is there, and `x` where none is
(caffe_importer.h, get_real_input_names). A name is given once, and later ones are lost. A BatchNorm reads `x` itself
(batchnorm.cpp), and a blob that any layer reads is no output (caffe_importer.cpp, import).
"""

from __future__ import annotations

from caffe_ir.layers import BatchNorm, ReLU, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node

LOOKED_FOR = ("/clamp", "/add", "/mul", "/div", "")


def passed_over(net: Net) -> list[Node]:
    """Layers in place whose result a later layer or the end of the net does not find, and layers that read a blob
    which is called like one in place."""
    found = dict.fromkeys(net.producer(blob).name for blob in _misread(net))
    found.update(dict.fromkeys(node.name for node in map(net.producer, net.outputs) if node.in_place))
    return [node for node in net.nodes if node.name in found]


def _misread(net: Net) -> list[str]:
    """Blobs in whose place a reader takes another one."""
    held, names, misread = dict[str, str](), dict[str, str](), list[str]()
    for node in net.nodes:
        endings = ("",) if isinstance(node.layer, BatchNorm) else LOOKED_FOR
        for bottom in node.bottoms:
            read = next((held[name] for end in endings if (name := names[bottom] + end) in held), "")
            if read != bottom:
                misread.append(bottom)
        for top in node.tops:
            names[top] = names[node.bottoms[0]] if node.in_place else top
            held.setdefault(names[top] + (_ending(node) if node.in_place else ""), top)
    return misread


def _ending(node: Node) -> str:
    if isinstance(node.layer, Scale):
        return "/add" if node.layer.bias_term else "/mul"
    return {BatchNorm: "/div", ReLU: "/clamp"}.get(type(node.layer), "")
