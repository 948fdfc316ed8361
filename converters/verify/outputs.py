"""What a reader gets of a pair of files: the blobs that no layer reads, by their names in the prototxt, as they end up.

A layer that works in place changes a blob under its own name, and a layer that reads an output makes it none: neither
shows in the values of the layers before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from caffe_ir.blob import Shape, shape_text
from caffe_ir.files.prototxt import written_names
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.verify.blame import Fault, place


class Output(Struct, frozen=True, kw_only=True):
    """A blob that Caffe gives back: `name` stands in the prototxt, `blob` is its last state in the net."""

    name: str
    blob: str
    shape: Shape


def outputs_of(net: Net) -> dict[str, Output]:
    """All blobs that no layer reads, by their names in the prototxt and in its order: what Caffe takes for outputs."""
    names, read = written_names(net), {bottom for node in net.nodes for bottom in node.bottoms}
    unread = [top for node in net.nodes for top in node.tops if top not in read]
    return {names[top]: Output(name=names[top], blob=top, shape=net.shapes[top]) for top in unread}


def promised(expected: Net) -> dict[str, Output]:
    """The outputs of the source, by the names that they have in a prototxt, in the prototxt's order."""
    names, wanted = written_names(expected), set(expected.outputs)
    tops = [top for node in expected.nodes for top in node.tops if top in wanted]
    return {names[top]: Output(name=names[top], blob=top, shape=expected.shapes[top]) for top in tops}


def last_states(net: Net) -> dict[str, str]:
    """The blob of the net that each name of the prototxt stands for after the last layer."""
    return {name: blob for blob, name in written_names(net).items()}


def output_faults(expected: Net, net: Net) -> Iterator[Fault]:
    """Outputs that are missing, of another shape, in another order or that the source does not have.

    A spare part that the converter's own net leaves over is found too. An output that another layer reads there as well
    is none: some engines give any blob by its name.
    """
    wanted, found, listed = promised(expected), outputs_of(net), outputs_of(expected)
    blamed: set[str] = set()
    for name, output in wanted.items():
        if name not in found and name not in listed and name in last_states(net):
            continue
        if name not in found:
            fault = _absent(output, expected, net)
            blamed.add(fault.layer)
            yield fault
        elif found[name].shape != output.shape:
            node = net.producer(found[name].blob)
            text = f"the output {name} is {_sizes(found[name].shape)} where {_sizes(output.shape)} belongs"
            yield _fault(node, text)
    for name, output in found.items():
        node = net.producer(output.blob)
        if name not in wanted and node.name not in blamed:
            yield _fault(node, f"{name}, which no layer reads, is an output that the source does not have")
    yield from _order(wanted, found, net)


def _absent(output: Output, expected: Net, net: Net) -> Fault:
    last = last_states(net).get(output.name)
    readers = net.consumers(last) if last is not None else []
    if not readers:
        node, missing = expected.producer(output.blob), f"the output {output.name} is missing"
        if net.has(node.name):
            tops = written_names(net)
            others = ", ".join(tops[top] for top in net.node(node.name).tops)
            return _fault(net.node(node.name), f"{missing}: this layer writes {others} instead")
        text = f"{missing}: no layer of the file writes a blob of that name"
        return Fault(layer=node.name, kind="output", text=text, source=str(node.origin))
    others = ", ".join(readers[0].tops)
    instead = f"Caffe gives {others} instead" if others else "Caffe does not give it back"
    kind = readers[0].layer.type_name()
    return _fault(readers[0], f"this {kind} reads {output.name}, so it is no longer an output: {instead}")


def _order(wanted: Mapping[str, Output], found: Mapping[str, Output], net: Net) -> Iterator[Fault]:
    ours = [name for name in found if name in wanted]
    theirs = [name for name in wanted if name in found]
    if ours != theirs:
        first = next(name for name, other in zip(ours, theirs, strict=True) if name != other)
        text = f"the outputs come in the order {', '.join(ours)} where {', '.join(theirs)} belongs"
        yield _fault(net.producer(found[first].blob), text)


def output_warnings(expected: Net, net: Net) -> Iterator[Fault]:
    """Outputs that another layer reads, also in the converter's own net: Caffe does not list them."""
    found, listed, last = outputs_of(net), outputs_of(expected), last_states(net)
    for name in promised(expected):
        if name not in found and name not in listed and name in last:
            reader = net.consumers(last[name])[0].name
            text = f"{reader} reads the output {name} too, so Caffe does not list it: a program asks for it by name"
            yield _fault(net.producer(last[name]), text)


def _fault(node: Node, text: str) -> Fault:
    return Fault(layer=node.name, kind="output", text=text, written=place(node))


def _sizes(shape: Shape) -> str:
    return shape_text(shape) or "one number"
