"""The smallest part of a net that an engine still gets wrong or refuses: what one sends to the engine's maker.

First the shortest beginning of the net that shows it, by halving. Then its last layer with ever more of those before
it, each part on the values that the whole net has there. Then whatever can be left out of that part: halves, quarters
and so on, as in Zeller's delta debugging (Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28, 2002).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.files.net_text import read_message
from caffe_ir.files.prototxt import net_message, text_of_message
from caffe_ir.files.writer import write_weights
from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from caffe_ir.reference import walk
from caffe_ir.shared_memory import SharedMemory
from converters.verify.comparison import off, row
from converters.verify.embedded_engine import blobs
from converters.verify.engine import CaffeFiles, Engine, EngineFailed, cut_out
from converters.verify.source import Feeds, inputs_of

MOST_RUNS = 40
"""Runs of the engine: those of vendors take minutes."""

_OF_THE_PART = ("bottom", "top", "param", "blobs", "loss_weight")
"""What a layer does not take from the whole file: its weights may be numbers in a part, and other tops the outputs."""


class Reduced(Struct, frozen=True, kw_only=True):
    """A part of a net as a net of its own; what the engine does there, and how often it was run to find it.

    `text` spells the net as the whole file does; `inputs` are what it is to be fed with, `outputs` what Caffe computes
    from them in float64.
    """

    net: Net
    text: str
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    symptom: str
    runs: int

    @property
    def layers(self) -> list[Node]:
        return _layers(self.net.nodes)


def reduced(files: CaffeFiles, engine: Engine, feeds: Feeds, tolerance: float | None = None) -> Reduced | None:
    """The smallest part that shows what an engine does wrong; None where the whole net does not show it.

    A value is wrong beyond the relative error `tolerance`, or that of the engine. The part may be larger than need be
    where MOST_RUNS do not suffice. Raises ConversionError where the prototxt cannot be read.
    """
    search = _search(files, engine, feeds, tolerance)
    begin = search.beginning(files.net.nodes)
    if not begin:
        return None
    found = search.smaller(search.end_of(begin))
    net, inputs = search.part(found)
    outputs = dict(zip(net.outputs, blobs(net, net.outputs, inputs, np.float64), strict=True))
    return Reduced(
        net=net, text=search.spelled(net), inputs=inputs, outputs=outputs, symptom=search.shows(found), runs=search.runs
    )


def first_wrong(files: CaffeFiles, engine: Engine, feeds: Feeds, tolerance: float | None = None) -> Sequence[Node]:
    """The layers from the net's beginning to the first that an engine gets wrong or refuses; none where it does not.

    For engines that show the outputs alone: parts of the net are run, by halving. Raises ConversionError where the
    prototxt cannot be read.
    """
    return _search(files, engine, feeds, tolerance).beginning(files.net.nodes)


def _search(files: CaffeFiles, engine: Engine, feeds: Feeds, tolerance: float | None) -> _Search:
    most = engine.tolerance if tolerance is None else tolerance
    layers = {layer.name: layer for layer in read_message(files.prototxt)[0].layer}
    return _Search(files=files, engine=engine, feeds=feeds, most=most, layers=layers)


class _Search(Struct, kw_only=True):
    files: CaffeFiles
    engine: Engine
    feeds: Feeds
    most: float
    runs: int = 0
    known: dict[tuple[str, ...], str] = field(default_factory=dict)
    layers: Mapping[str, Any]
    """The file's layers by name."""

    def shows(self, nodes: Sequence[Node]) -> str:
        """What the engine does wrong with these layers; empty where it is right, or there are no runs left."""
        names = tuple(node.name for node in nodes)
        if names not in self.known:
            if self.runs == MOST_RUNS or not _layers(nodes):
                return ""
            self.runs += 1
            self.known[names] = self._run(nodes)
        return self.known[names]

    def _run(self, nodes: Sequence[Node]) -> str:
        net, inputs = self.part(nodes)
        exact = blobs(net, net.outputs, inputs, np.float64)
        with tempfile.TemporaryDirectory() as folder:
            part = self._written(net, Path(folder, "part.prototxt"))
            try:
                theirs = list(self.engine.blobs(part, net.outputs, inputs))
            except EngineFailed as error:
                return str(error)
        for name, ours, other in zip(net.outputs, exact, theirs, strict=True):
            if other is None:
                return f"{self.engine.name} does not show {name}"
            seen = row(name, ours, other)
            if not seen.relative <= self.most:
                return f"{name} is {off(seen)}"
        return ""

    def _written(self, net: Net, path: Path) -> CaffeFiles:
        """The files of a part: beside the weights of the whole net, unless it has weights that these lack."""
        path.write_text(self.spelled(net), encoding="utf-8")
        caffemodel = self.files.caffemodel
        if any(len(node.blobs) > len(self.files.net.node(node.name).blobs) for node in _layers(net.nodes)):
            caffemodel = path.with_suffix(".caffemodel")
            write_weights(net, caffemodel)
        return CaffeFiles(net=net, prototxt=path, caffemodel=caffemodel)

    def spelled(self, net: Net) -> str:
        """The text of a part, its layers with all that the whole file says of them: the spelling may be the fault."""
        message = net_message(net)
        for layer in message.layer:
            theirs = self.layers.get(layer.name)
            if theirs is not None and theirs.type == layer.type:
                ends = caffe_pb2.LayerParameter(bottom=layer.bottom, top=layer.top, param=layer.param)
                layer.CopyFrom(theirs)
                for name in _OF_THE_PART:
                    layer.ClearField(name)
                layer.MergeFrom(ends)
        return text_of_message(message)

    def part(self, nodes: Sequence[Node]) -> tuple[Net, dict[str, Array]]:
        """These layers as a net, and what it is fed with: the whole net's values, rounded to float32.

        Weights that a layer outside writes at run time become weights of the file, as the whole net has them.
        """
        net = cut_out(self.files.net, nodes)
        for node, weights in self._from_outside(net):
            net.update(node, replace(node, param_names=(), blobs=tuple(map(Blob.of, weights))))
        inputs = inputs_of(net)
        needed = [top for node in self.files.net.nodes for top in node.tops if top in inputs]
        exact = blobs(self.files.net, needed, self.feeds, np.float64)
        return net, {name: array.astype(np.float32) for name, array in zip(needed, exact, strict=True)}

    def _from_outside(self, net: Net) -> list[tuple[Node, list[Array]]]:
        """The layers of a part with weights that nothing in it writes, and what the whole net has there."""
        places, late = SharedMemory(), dict[str, Node]()
        for node in net.nodes:
            if places.unwritten(node):
                late[node.name] = node
            places.step(node)
        if not late:
            return []
        memory: dict[str, Array] = {}
        found = []
        for node, _ in walk(self.files.net, self.feeds, np.float64, memory):
            if node.name in late:
                found.append((late[node.name], [memory[name].astype(np.float32) for name in node.param_names]))
        return found

    def beginning(self, nodes: Sequence[Node]) -> list[Node]:
        """The shortest beginning that shows it; none where all of them do not."""
        if not self.shows(nodes):
            return []
        low, high = sum(isinstance(node.layer, Input) for node in nodes), len(nodes)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.shows(nodes[:middle]) else (middle, high)
        return list(nodes[:high])

    def end_of(self, nodes: list[Node]) -> list[Node]:
        """The last layer with as many of those before it, whose values it reads, as it takes to show it."""
        chain = _behind(nodes)
        count = 1
        while count < len(chain):
            if self.shows(chain[-count:]):
                return chain[-count:]
            count *= 2
        return chain if self.shows(chain) else nodes

    def smaller(self, nodes: list[Node]) -> list[Node]:
        """What is left where no layer can be left out any more."""
        size = max(1, len(nodes) // 2)
        while True:
            for begin in range(0, len(nodes), size):
                rest = nodes[:begin] + nodes[begin + size :]
                if self.shows(rest):
                    nodes, size = rest, min(size, max(1, len(rest) // 2))
                    break
            else:
                if size == 1:
                    return nodes
                size //= 2


def _layers(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if not isinstance(node.layer, Input)]


def _behind(nodes: Sequence[Node]) -> list[Node]:
    """The last layer and all that its value depends on, in the order of the net; so do weights written at run time."""
    places = SharedMemory()
    for node in nodes:
        places.step(node)
    needed, names, found = set(nodes[-1].tops), set[str](), list[Node]()
    for node in reversed(nodes):
        if needed.intersection(node.tops) or any(places.names.get(top) in names for top in node.tops):
            needed.update(node.bottoms)
            names.update(() if node.blobs else node.param_names)
            found.append(node)
    return found[::-1]
