from __future__ import annotations

import pytest

from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Eltwise, Flatten, Permute, Pooling, ReLU, Slice
from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from tests.caffe_ir.build import add, net_of


@pytest.mark.parametrize(
    ("shape", "point", "reader", "join", "effect"),
    [  # as onnxruntime 1.19.2 takes them; tests/portability/test_slices.py has the grid
        ((1, 4, 8, 8), 4, ReLU(), Concat(axis=2), None),
        ((1, 3, 8, 12), 3, ReLU(), Concat(axis=2), "refused"),
        ((1, 3, 8, 12), 4, ReLU(), Concat(axis=1), None),
        ((1, 4, 8, 8), 4, ReLU(), Eltwise(operation="SUM"), None),
        ((2, 8, 8, 8), 4, Flatten(), Concat(axis=1), None),
        ((1, 4, 8, 8), 4, Flatten(), Concat(axis=1), "refused"),
        ((1, 4, 8, 8), 4, Pooling(pool="AVE", global_pooling=True), Concat(axis=2), None),
        ((1, 4, 6, 9), 3, Permute(order=(0, 2, 3, 1)), Concat(axis=1), None),
    ],
    ids=str,
)
def test_parts_of_rows_are_right_where_their_shapes_fit_as_channels(
    shape: tuple[int, ...], point: int, reader: Layer, join: Layer, effect: str | None
) -> None:
    net = net_of(shape)
    add(net, "rows", Slice(axis=2, slice_point=(point,)), tops=("a", "b"))
    for part in ("a", "b"):
        add(net, f"{part}_read", reader, bottoms=[part])
    add(net, "joined", join, bottoms=["a_read", "b_read"])
    assert {verdict.effect for _, verdict in CAFFE2ONNX.verdicts(net)} == ({effect} if effect else set())


@pytest.mark.parametrize(("shape", "effect"), [((1, 4, 6, 9), "wrong"), ((1, 4, 8, 8), None)], ids=str)
def test_a_slice_of_channels_behind_one_of_rows_ends_where_it_says(shape: tuple[int, ...], effect: str | None) -> None:
    net = net_of(shape)
    add(net, "rows", Slice(axis=2, slice_point=(shape[2] // 2,)), tops=("a", "b"))
    add(net, "parts", Slice(slice_point=(1,)), bottoms=["a"], tops=("c", "d"))
    for part in ("c", "d", "b"):
        add(net, f"{part}_read", ReLU(), bottoms=[part])
    assert {verdict.effect for _, verdict in CAFFE2ONNX.verdicts(net)} == ({effect} if effect else set())
