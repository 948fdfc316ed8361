"""Whatever net is written, the same net is read back: names, layers, weights, and who works in place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.float32 import in_float32
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    BatchNorm,
    Concat,
    Convolution,
    Deconvolution,
    Eltwise,
    Pooling,
    Power,
    ReLU,
    Scale,
    Sigmoid,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of

few = st.integers(1, 3)
pairs = st.tuples(few, few)
numbers = st.floats(-100, 100, width=32, allow_subnormal=False).map(lambda number: float(str(np.float32(number))))
"""As short as a prototxt writes them. Some libraries let a whole process flush subnormal numbers to zero."""

LAYERS: st.SearchStrategy[Layer] = st.one_of(
    st.builds(
        Convolution,
        num_output=few,
        kernel_size=pairs,
        stride=pairs,
        pad=pairs,
        dilation=pairs,
        bias_term=st.booleans(),
    ),
    st.builds(Deconvolution, num_output=few, kernel_size=pairs, stride=pairs, bias_term=st.booleans()),
    st.builds(Pooling, pool=st.sampled_from(["MAX", "AVE"]), kernel_size=pairs, stride=pairs),
    st.builds(BatchNorm, use_global_stats=st.just(True), eps=st.sampled_from([1e-5, 1e-3, 1e-12])),
    st.builds(Scale, bias_term=st.booleans()),
    st.builds(ReLU, negative_slope=numbers),
    st.builds(Power, power=numbers, scale=numbers, shift=numbers),
    st.builds(Sigmoid),
    st.builds(Concat, axis=st.sampled_from([1, 2, -1])),
    st.builds(Eltwise, operation=st.just("SUM"), coeff=st.one_of(st.just(()), st.tuples(numbers, numbers))),
)


def fields(node: Node) -> tuple[object, ...]:
    """The type of a layer and its fields, numbers as a file has them."""
    return type(node.layer), *(in_float32(getattr(node.layer, name)) for name in node.layer.declared())


def extended(net: Net, layer: Layer, name: str, random: np.random.Generator, *, in_place: bool) -> None:
    """The net with the layer behind it, where it fits there."""
    last = net.outputs[0]
    bottoms = (last, last) if isinstance(layer, Concat | Eltwise) else (last,)
    shapes = net.shapes_of(bottoms)
    weights = [random.standard_normal(shape).astype(np.float32) for shape in layer.blob_shapes(shapes)]
    in_place = in_place and layer.in_place and last != "data" and not net.producer(last).layer.is_view
    add(net, name, layer, *weights, bottoms=bottoms, in_place=in_place)


@settings(max_examples=150)
@given(layers=st.lists(st.tuples(LAYERS, st.booleans()), max_size=8), seed=st.integers(0, 99))
def test_a_net_comes_back_as_it_was_written(
    layers: list[tuple[Layer, bool]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    net, random = net_of((1, 2, 9, 9)), np.random.default_rng(seed)
    for number, (layer, in_place) in enumerate(layers):
        try:
            layer.infer(net.shapes_of(net.outputs) * (2 if isinstance(layer, Concat | Eltwise) else 1))
        except ValueError:
            continue  # the map has become too small for it
        extended(net, layer, f"layer{number}", random, in_place=in_place)
    folder: Path = tmp_path_factory.mktemp("net")
    written = write(net, folder / "net", CAFFE)
    back = read(written.prototxt, written.caffemodel)
    assert back.dump() == net.dump()
    assert list(map(fields, back.nodes)) == list(map(fields, net.nodes))
    for ours, theirs in zip(net.nodes, back.nodes, strict=True):
        assert all(np.array_equal(a.load(), b.load()) for a, b in zip(ours.blobs, theirs.blobs, strict=True))


@settings(max_examples=100)
@given(data=st.binary(max_size=200), text=st.text(max_size=200))
def test_any_files_are_read_or_refused(data: bytes, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "net.prototxt").write_text(text, encoding="utf-8", newline="")
    (folder / "net.caffemodel").write_bytes(data)
    try:
        read(folder / "net.prototxt", folder / "net.caffemodel")
    except ConversionError as error:
        assert error.problems
