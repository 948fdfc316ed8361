"""Converted nets, and single faults to put into their files: what people get wrong when they convert by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.files.writer import write
from caffe_ir.layers import Eltwise, ReLU
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import DarknetModel, convert
from converters.verify import EMBEDDED, Comparison, Engine, Source, caffe_files, source_of, verify
from tests.oracles.seeded_weights import write_weights

# One of each construction that a conversion of a Darknet net can get wrong.
CFG = """
[net]
height=24
width=32
channels=3
[convolutional]
filters=8
size=3
pad=1
batch_normalize=1
activation=leaky
[maxpool]
size=2
stride=2
[convolutional]
filters=8
size=5
stride=2
pad=1
groups=4
batch_normalize=1
activation=relu
[upsample]
stride=2
[route]
layers=-1,-3
[convolutional]
filters=12
size=3
stride=1
pad=1
activation=tanh
[maxpool]
size=3
stride=1
[convolutional]
filters=12
size=3
stride=1
pad=1
batch_normalize=1
activation=linear
[shortcut]
from=-3
activation=leaky
[maxpool]
size=2
stride=1
[reorg]
stride=2
[convolutional]
filters=12
size=3
stride=1
pad=1
activation=elu
[reorg]
stride=2
reverse=1
[convolutional]
filters=8
size=1
activation=loggy
[normalization]
[crop]
crop_height=8
crop_width=8
[avgpool]
[connected]
output=8
activation=logistic
[softmax]
groups=2
"""


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A model, the net that the converter makes of it, and its source for `verify`."""

    model: DarknetModel
    made: Net
    source: Source


def converted(folder: Path, text: str = CFG, *, fold: bool = False) -> Converted:
    cfg, weights = folder / "planted.cfg", folder / "planted.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=3)
    model = convert(cfg, weights)
    made = lower(model.net.copy(), CAFFE, Options(fold_batch_norm=fold))
    return Converted(model=model, made=made, source=source_of("planted.cfg", model.net, made))


def verified(folder: Path, source: Source, net: Net, **options: Any) -> Comparison:
    """The net written to files, read back, and compared. Raises ConversionError where the reader refuses the files."""
    write(net, folder / "pair", CAFFE)
    return verify(source, caffe_files(folder / "pair.prototxt", folder / "pair.caffemodel"), **options)


# ---- single faults -------------------------------------------------------------------------------------------------

Plant = Callable[[Net], None]


def node_of(net: Net, name: str) -> Node:
    return net.node(name)


def _put(net: Net, old: Node, new: Node) -> None:
    net.nodes[next(place for place, node in enumerate(net.nodes) if node is old)] = new


def parameter(name: str, **fields: Any) -> Plant:
    """The layer with other parameters."""

    def plant(net: Net) -> None:
        node = net.node(name)
        _put(net, node, replace(node, layer=replace(node.layer, **fields)))

    return plant


def weights(name: str, place: int, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Plant:
    """The layer with one of its arrays changed; the shape stays, as Caffe demands."""

    def plant(net: Net) -> None:
        node = net.node(name)
        held = np.array(node.blobs[place].load(), np.float32)
        blob = Blob.of(np.ascontiguousarray(change(held), np.float32).reshape(held.shape))
        _put(net, node, replace(node, blobs=(*node.blobs[:place], blob, *node.blobs[place + 1 :])))

    return plant


def dropped(name: str) -> Plant:
    """Without the layer: who read its top reads its bottom."""

    def plant(net: Net) -> None:
        node = net.node(name)
        net.nodes.remove(node)
        net.nodes = [
            replace(
                other, bottoms=tuple(node.bottoms[0] if bottom in node.tops else bottom for bottom in other.bottoms)
            )
            for other in net.nodes
        ]

    return plant


def inserted(after: str, name: str = "surplus") -> Plant:
    """With a ReLU behind a layer that ought to have none."""

    def plant(net: Net) -> None:
        node = net.node(after)
        place = net.nodes.index(node)
        surplus = Node(name=name, layer=ReLU(), bottoms=node.tops[:1], tops=(name,), origin=node.origin)
        net.shapes[name] = net.shapes[node.top]
        behind = [
            replace(other, bottoms=tuple(name if bottom == node.top else bottom for bottom in other.bottoms))
            for other in net.nodes[place + 1 :]
        ]
        net.nodes = [*net.nodes[: place + 1], surplus, *behind]

    return plant


def bottoms(name: str, *read: str) -> Plant:
    """The layer reading other blobs, or the same in another order."""

    def plant(net: Net) -> None:
        node = net.node(name)
        _put(net, node, replace(node, bottoms=read, in_place=False))

    return plant


def kind(name: str, layer: Any) -> Plant:
    """Another layer in the place of one, without weights."""

    def plant(net: Net) -> None:
        node = net.node(name)
        _put(net, node, replace(node, layer=layer, blobs=()))

    return plant


def product() -> Eltwise:
    return Eltwise(operation="PROD")


def engine(change) -> Engine:
    """The embedded engine with something done to its blobs."""

    def blobs(files, wanted, feeds) -> Iterator[np.ndarray]:
        for name, array in zip(wanted, EMBEDDED.blobs(files, wanted, feeds), strict=True):
            yield change(name, np.array(array))

    return Engine(name="other", missing=lambda: "", title=lambda: "another engine", blobs=blobs)
