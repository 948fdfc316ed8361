from __future__ import annotations

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from torch.nn import functional

from caffe_ir.errors import ShapeError
from caffe_ir.files.reader import net_of
from caffe_ir.layers import Pooling, Unpool
from caffe_ir.proto import caffe_pb2
from caffe_ir.reference import run

RANDOM = np.random.default_rng(0)


def test_numbers_go_where_torch_puts_them() -> None:
    values = torch.from_numpy(RANDOM.normal(size=(2, 3, 8, 6)))
    pooled, places = functional.max_pool2d(values, 2, return_indices=True)
    wanted = functional.max_unpool2d(pooled * 3, places, [2, 2]).numpy()
    (found,) = Unpool(scale=2).forward([3 * pooled.numpy(), places.double().numpy()], [])
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (Unpool(scale=2), (8, 6)),
        (Unpool(scale=2, pad_out_h=True), (7, 6)),
        (Unpool(scale=2, pad_out_w=True), (8, 5)),
        (Unpool(scale=2, upsample_h=7, upsample_w=5), (7, 5)),
    ],
)
def test_the_size_is_a_multiple_or_what_is_said(layer: Unpool, size: tuple[int, int]) -> None:
    """upsample_layer.cpp of SegNet's fork, Reshape."""
    assert layer.infer(((1, 2, 4, 3), (1, 2, 4, 3))) == ((1, 2, *size),)


@pytest.mark.parametrize("layer", [Unpool(), Unpool(scale=2, upsample_h=8)])
def test_a_size_that_is_not_said_is_refused(layer: Unpool) -> None:
    with pytest.raises(ShapeError, match="it needs a scale, or both sizes"):
        layer.infer(((1, 2, 4, 3), (1, 2, 4, 3)))


FILE = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 7 dim: 6 } } }
layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" top: "mask"
        pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "up" type: "Upsample" bottom: "pool" bottom: "mask" top: "up" upsample_param { scale: 2 %s } }
"""


@pytest.mark.parametrize("said", ["pad_out_h: true", "upsample_h: 7 upsample_w: 6"])
def test_a_file_spells_it_as_an_upsample_of_two_blobs(said: str) -> None:
    message = text_format.Parse(FILE % said, caffe_pb2.NetParameter())
    net = net_of(message, [None] * 3, "segnet.prototxt")
    values = RANDOM.normal(size=(1, 2, 7, 6))
    pooled, places = functional.max_pool2d(torch.from_numpy(values), 2, ceil_mode=True, return_indices=True)
    found = run(net, {"data": values}, np.float64)
    assert np.array_equal(found["mask"], places.numpy())
    assert np.array_equal(found["up"], functional.max_unpool2d(pooled, places, [2, 2], output_size=(7, 6)).numpy())


@pytest.mark.parametrize("pad", [0, 1])
def test_the_first_of_equal_maxima_is_the_place_as_in_torch(pad: int) -> None:
    values = RANDOM.integers(-2, 2, size=(2, 2, 9, 8)).astype(np.float64)
    layer = Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), pad=(pad, pad)).placed((values.shape,), 2)
    _, places = layer.forward([values], [])
    _, wanted = functional.max_pool2d(torch.from_numpy(values), 3, 2, pad, ceil_mode=True, return_indices=True)
    assert np.array_equal(places, wanted.numpy())
