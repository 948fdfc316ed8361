"""What a pair of files says besides the net that is read from it, and what Caffe makes of that.

Each rule is net.cpp's or was measured in a build of BVLC Caffe 1.0: a layer's type in the caffemodel counts for
nothing, of a layer that stands there twice the last one stays, layers that no prototxt names are passed over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.files.caffemodel_index import StoredLayer
from caffe_ir.files.net_text import read_message
from caffe_ir.files.prototxt import values
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from converters.verify.blame import Fault, place
from converters.verify.engine import CaffeFiles

_OTHER_IN_TRAINING = ("Dropout", "BatchNorm")
"""What computes something else at phase TRAIN; BatchNorm only where it does not say whose statistics it takes."""


class Pair(Struct, frozen=True, kw_only=True):
    """A pair of files as they stand, beside the net that was read from them."""

    files: CaffeFiles
    message: caffe_pb2.NetParameter
    stored: Sequence[StoredLayer]

    @property
    def net(self) -> Net:
        return self.files.net

    def written(self) -> Iterator[tuple[caffe_pb2.LayerParameter, Node]]:
        """The layers of the prototxt that run, each with its node."""
        for layer in self.message.layer:
            if self.net.has(layer.name):
                yield layer, self.net.node(layer.name)


def pair_of(files: CaffeFiles) -> Pair:
    """Read what the net does not hold. Raises ConversionError as reading the net does."""
    message, _ = read_message(files.prototxt)
    return Pair(files=files, message=message, stored=read_layers(files.caffemodel))


def pair_faults(pair: Pair) -> Iterator[Fault]:
    """What Caffe refuses or computes otherwise than the layers say."""
    for layer, node in pair.written():
        if layer.HasField("phase") and layer.phase == caffe_pb2.TRAIN and _is_other_in_training(layer):
            yield _fault(node, f"phase: TRAIN makes Caffe run this {layer.type} as in training")
    for name, found in _by_name(pair.stored).items():
        if not pair.net.has(name):
            continue
        node = pair.net.node(name)
        shapes = {tuple(blob.shape for blob in stored.blobs) for stored in found}
        if len(shapes) > 1:
            listed = " and ".join(map(str, sorted(shapes)))
            yield _fault(node, f"it stands {len(found)} times in the caffemodel, with weights {listed}: Caffe stops")


def _is_other_in_training(layer: caffe_pb2.LayerParameter) -> bool:
    return layer.type in _OTHER_IN_TRAINING and not layer.batch_norm_param.HasField("use_global_stats")


def pair_warnings(pair: Pair, expected: Net) -> Iterator[Fault]:
    """What Caffe passes over, or makes right, and others may not."""
    yield from _of_the_caffemodel(pair)
    yield from _shared(pair, expected)
    yield from _of_layers(pair)
    yield from _of_the_net(pair)


def _of_the_caffemodel(pair: Pair) -> Iterator[Fault]:
    for name, found in _by_name(pair.stored).items():
        if not pair.net.has(name):
            text = (
                f"the caffemodel has weights for {name}, which is not a layer of the prototxt: Caffe passes over them"
            )
            yield Fault(layer=name, kind="file", text=text)
            continue
        node = pair.net.node(name)
        if len(found) > 1:
            text = f"it stands {len(found)} times in the caffemodel: Caffe takes the last, OpenCV the first"
            yield _fault(node, text)
        kind = node.layer.type_name()
        if others := {stored.type for stored in found} - {"", kind}:
            called = ", ".join(sorted(others))
            text = f"the caffemodel calls it {called}, the prototxt {kind}: Caffe goes by the prototxt"
            yield _fault(node, text)


def _by_name(stored: Sequence[StoredLayer]) -> dict[str, list[StoredLayer]]:
    """The layers of a caffemodel that have weights, by their names."""
    found: dict[str, list[StoredLayer]] = defaultdict(list)
    for layer in stored:
        if layer.blobs:
            found[layer.name].append(layer)
    return found


def _shared(pair: Pair, expected: Net) -> Iterator[Fault]:
    """Layers that share weights which are each layer's own in the source: the same numbers, until one is changed."""
    ours, theirs = _sharers(pair.net), _sharers(expected)
    for name, layers in ours.items():
        if layers in theirs.values():
            continue
        for layer in dict.fromkeys(layers):
            others = ", ".join(other for other in layers if other != layer) or "another blob of its own"
            text = f"it shares weights with {others} under the name {name}: Caffe keeps those last in the caffemodel"
            yield _fault(pair.net.node(layer), text)


def _sharers(net: Net) -> dict[str, list[str]]:
    """The layers that have a name for weights in common, by that name."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in net.nodes:
        for name in filter(None, node.param_names):
            found[name].append(node.name)
    return {name: layers for name, layers in found.items() if len(layers) > 1}


def _of_layers(pair: Pair) -> Iterator[Fault]:
    filled: list[Node] = []
    for layer, node in pair.written():
        if layer.HasField("phase") and not _is_other_in_training(layer):
            yield _fault(node, f"phase: {caffe_pb2.Phase.Name(layer.phase)} changes nothing for a {layer.type}")
        if layer.blobs:
            yield _fault(node, "the prototxt has weights for it, which those of the caffemodel replace")
        if node.blobs and any(name.endswith("filler") for name in _spelled(layer, node)):
            filled.append(node)
    if filled:
        others = f", as are those of {len(filled) - 1} more layers" if len(filled) > 1 else ""
        yield _fault(filled[0], f"its fillers are replaced by the caffemodel's numbers{others}")
    for name, count in Counter(node.name for node in pair.net.nodes).items():
        if count > 1:
            yield _fault(pair.net.node(name), f"{count} layers have this name")


def _spelled(layer: caffe_pb2.LayerParameter, node: Node) -> dict[str, Any]:
    return values(getattr(layer, node.layer.param)) if node.layer.param else {}


def _of_the_net(pair: Pair) -> Iterator[Fault]:
    message, where = pair.message, str(pair.files.prototxt)
    if message.state.phase == caffe_pb2.TRAIN and message.state.HasField("phase"):
        text = "state { phase: TRAIN } counts where a program does not say itself which phase it wants"
        yield Fault(layer="", kind="file", text=text, written=where)
    if message.force_backward:
        text = "force_backward: true changes no output; it makes room for gradients"
        yield Fault(layer="", kind="file", text=text, written=where)


def _fault(node: Node, text: str) -> Fault:
    return Fault(layer=node.name, kind="file", text=text, written=place(node))
