"""What `check` says of a Slice of rows or columns is what caffe2onnx does with it: readers, joins and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError, ShapeError
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    Concat,
    Convolution,
    Deconvolution,
    Eltwise,
    Flatten,
    InnerProduct,
    Pooling,
    Power,
    ReLU,
    Reshape,
    Scale,
    Slice,
    Softmax,
)
from caffe_ir.net import Net
from tests.caffe_ir.build import add, net_of
from tests.portability.engines import Engine
from tests.portability.test_windows import compared

SHAPES = ((1, 4, 8, 8), (1, 4, 6, 9), (1, 3, 8, 12), (2, 8, 8, 8))
READERS: dict[str, Layer] = {
    "relu": ReLU(),
    "conv": Convolution(num_output=5, kernel_size=(3, 3), pad=(1, 1)),
    "pool": Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)),
    "mean": Pooling(pool="AVE", global_pooling=True),
    "deconv": Deconvolution(num_output=3, kernel_size=(2, 2), stride=(2, 2)),
    "scale": Scale(bias_term=True),
    "softmax": Softmax(),
    "rows": InnerProduct(num_output=4),
    "flat": Flatten(),
    "view": Reshape(shape=(0, 0, -1, 1)),
    "power": Power(scale=2.0, shift=1.0),
    "part": Slice(slice_point=(1,)),
}
JOINS: dict[str, Layer | None] = {
    "apart": None,
    "rows": Concat(axis=2),
    "columns": Concat(axis=3),
    "channels": Concat(axis=1),
    "sum": Eltwise(operation="SUM"),
}


def _grid() -> Iterator[tuple[str, Net]]:
    """Both parts of a Slice through the same kind of layer, and joined again; what Caffe refuses is left out."""
    for axis, (name, reader), (how, join), shape in product((2, 3), READERS.items(), JOINS.items(), SHAPES):
        net = net_of(shape)
        point = shape[axis] // 2 if how == "sum" or shape[1] > 3 else 3
        add(net, "slice", Slice(axis=axis, slice_point=(point,)), tops=("one", "two"))
        try:
            ends = [_read(net, reader, part) for part in ("one", "two")]
            if join:
                add(net, "joined", join, bottoms=[end[0] for end in ends])
                ends[0][0], ends[1] = "joined", ends[1][1:]
            net.outputs = [blob for end in ends for blob in end]
            net.shapes = net.infer()
        except (ConversionError, ShapeError):
            continue
        yield f"{name}_{how}_{axis}_{'x'.join(map(str, shape))}", net


def _read(net: Net, reader: Layer, part: str) -> list[str]:
    weights = [np.random.default_rng(0).normal(size=size) for size in reader.blob_shapes((net.shapes[part],))]
    tops = [f"{part}_{place}" for place in range(len(reader.infer((net.shapes[part],))))]
    add(net, f"{part}_read", reader, *weights, bottoms=[part], tops=tops)
    if len(tops) == 1:
        return tops
    for top in tops:  # it leaves out an output that a Slice writes
        add(net, f"{top}_end", ReLU(), bottoms=[top])
    return [f"{top}_end" for top in tops]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["caffe2onnx"])
def test_check_says_what_the_engine_does_with_each_slice(engine: Engine, tmp_path: Path) -> None:
    found = compared(list(_grid()), engine, tmp_path)
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert {pair[0] for pair in found.values()} == {"ok", "-", "WRONG"}
    assert len(found) > 300
