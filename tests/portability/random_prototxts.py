"""Random small Caffe nets as people write them by hand, each from its seed, with random weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write_weights
from caffe_ir.layers import BatchNorm, Embed, Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.reference import run
from converters.caffe import convert
from tests.caffe_ir.targets.hand_made import prototxt, values_for
from tests.portability.drawn import Drawn, tops_of
from tests.portability.engines import Files
from tests.portability.nets import Model
from tests.portability.random_layers import OFTEN, STEPS, WINDOWS

MOST_STEPS = 4
MOST_VALUES = 4000
"""Of any blob in a net: engines spend their time on starting."""
LARGE = 1e6
"""A maximum over no cell is the smallest number that there is, of which a mean is none."""
STEADY = 1e-2
"""The outputs of a net may move by that much of their largest where its inputs move by a thousandth: in others
rounding looks like a fault."""


def of_seed(seed: int, folder: Path) -> tuple[Files, Model] | None:
    """The net of a seed as files in the folder, `net` by name, and what they mean; None where outputs are unsteady."""
    return of_text(text_of(seed, folder), seed, folder)


def text_of(seed: int, folder: Path) -> str:
    """A random net in the short hand of hand_made.py; the same for the same seed. The folder takes a file."""
    d = Drawn(np.random.default_rng(seed))
    axes = d.one_of(4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 3, 3, 5)
    shape = (d.one_of(1, 1, 2), d.one_of(1, 2, 3, 4, 6), *(d.one_of(1, 2, *range(3, 10)) for _ in range(3)))[:axes]
    d.lines = [f"data = Input | shape {{ {' '.join(f'dim: {size}' for size in shape)} }}"]
    d.shapes = {"data": shape}
    if axes == 2 and d.yes(0.3):
        d.lines.append(f"{d.new()} = Embed data | num_output: 3 input_dim: 6" + d.said(" bias_term: false"))
        d.shapes = _readable(d.lines, folder) or d.shapes
    taken, wanted = 0, 1 + seed % MOST_STEPS
    while taken < wanted:
        lines = _step(d)
        if lines and (shapes := _readable([*d.lines, *lines], folder)):
            d.lines, d.shapes, taken = [*d.lines, *lines], shapes, taken + 1
    return "\n".join(d.lines)


def _step(d: Drawn) -> Sequence[str]:
    """The lines of a step; none where it does not fit."""
    name, x = d.one_of(*STEPS, *OFTEN), d.any()
    axes = len(d.shapes[x])
    odd = axes == 0 or (name in WINDOWS and (axes == 1 or (axes != 4 and d.yes(0.8))))
    return [] if odd else STEPS[name](d, x)


def _readable(lines: Sequence[str], folder: Path) -> dict[str, Shape] | None:
    """The shapes of the blobs that a next layer may read; None where Caffe refuses the net or a blob is large."""
    path = folder / "drawn.prototxt"
    path.write_text(prototxt("\n".join(lines)), encoding="utf-8")
    try:
        net = convert(path)
    except ConversionError:
        return None
    if any(not 0 < prod(shape) <= MOST_VALUES for shape in net.shapes.values()):
        return None
    tops = [top for line in lines if line.startswith("data") or "= Input" not in line for top in tops_of(line)]
    return {top: net.shapes[top] for top in tops if top in net.shapes}


def of_text(text: str, seed: int, folder: Path) -> tuple[Files, Model] | None:
    """The files of a text with random weights, and inputs with the outputs in float64; None where they are unsteady."""
    random = np.random.default_rng(seed)
    path, weights = folder / "net.prototxt", folder / "net.caffemodel"
    path.write_text(prototxt(text), encoding="utf-8")
    net = convert(path)
    for node in list(net.nodes):
        net.update(node, replace(node, blobs=tuple(_weights(node, place, random) for place in range(len(node.blobs)))))
    write_weights(net, weights, force=True)
    net = convert(path, weights)
    tops = [top for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    feeds = {top: values_for(net, net.shapes[top], random).astype(np.float32) for top in tops}
    outputs = _outputs(net, feeds)
    steady = all(map(_alike, outputs, _outputs(net, _moved(net, feeds, random))))
    return (Files(net=net, stem=folder / "net"), Model(net=net, feeds=feeds, outputs=outputs)) if steady else None


def _weights(node: Node, place: int, random: np.random.Generator) -> Blob:
    shape = node.blobs[place].shape
    if not isinstance(node.layer, BatchNorm):
        return Blob.of(random.uniform(-0.5, 1.0, shape))
    return Blob.of(np.full(shape, random.choice([1, 4])) if place == 2 else random.uniform(0.5, 1.5, shape))


def _moved(net: Net, feeds: Mapping[str, Array], random: np.random.Generator) -> Mapping[str, Array]:
    if any(isinstance(node.layer, Embed) for node in net.nodes):  # numbers of rows
        return feeds
    return {name: values * (1 + 1e-3 * random.normal(size=values.shape)) for name, values in feeds.items()}


def _outputs(net: Net, feeds: Mapping[str, Array]) -> list[Array]:
    with np.errstate(all="ignore"):
        blobs = run(net, {blob: values.astype(np.float64) for blob, values in feeds.items()}, np.float64)
    return [blobs[blob] for blob in net.outputs]


def _alike(one: Array, other: Array) -> bool:
    largest = float(np.abs(one).max())
    return bool(np.isfinite(one).all()) and 0 < largest < LARGE and float(np.abs(one - other).max()) <= STEADY * largest
