"""An Upsample by the places of maxima, written with layers that BVLC Caffe has; torch says what is where."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.errors import ConversionError, Origin
from caffe_ir.layers import Input, PlacedPooling, Power, Unpool
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.unpooling import UNPOOLING
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, NCNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def segnet(shape, kernel=(2, 2), stride=(2, 2), size=None, pad=(0, 0)) -> Net:
    net = net_of(shape)
    pooling = PlacedPooling(kernel_size=kernel, stride=stride, pad=pad)
    add(net, "pool", pooling, tops=("pool", "mask"))
    add(net, "decoded", Power(scale=2.0, shift=-1.0), bottoms=("pool",))
    height, width = size or shape[2:]
    add(net, "up", Unpool(upsample_h=height, upsample_w=width), bottoms=("decoded", "mask"))
    return net


@pytest.mark.parametrize("target", [CAFFE, NCNN], ids=lambda target: target.name)
@pytest.mark.parametrize("kind", ["noise", "ties", "one value", "below zero"])
@pytest.mark.parametrize(
    ("shape", "kernel", "stride"),
    [
        ((1, 3, 8, 6), (2, 2), (2, 2)),
        ((1, 3, 9, 6), (2, 2), (2, 2)),
        ((1, 2, 9, 11), (2, 2), (2, 2)),
        ((1, 2, 10, 11), (3, 3), (3, 3)),
        ((1, 2, 11, 11), (2, 3), (3, 3)),
    ],
)
def test_it_is_what_torch_makes_of_the_places(shape, kernel, stride, kind, target) -> None:
    """Windows that reach beyond the map too, as those of SegNet's fourth and fifth pooling."""
    random = np.random.default_rng(1)
    values = {
        "noise": random.normal(size=shape),
        "ties": random.integers(-2, 2, size=shape).astype(np.float64),
        "one value": np.zeros(shape),
        "below zero": random.integers(-3, 0, size=shape).astype(np.float64),
    }[kind]
    pooled, places = functional.max_pool2d(
        torch.from_numpy(values), kernel, stride, ceil_mode=True, return_indices=True
    )
    wanted = torch.zeros((*shape[:2], shape[2] * shape[3]), dtype=torch.float64)
    wanted.scatter_(2, places.flatten(2), (2 * pooled - 1).flatten(2))
    made = lower(segnet(shape, kernel, stride), target, Options())
    found = run(made, {"data": values}, np.float64)[made.outputs[0]]
    assert np.array_equal(found.reshape(shape), wanted.reshape(shape).numpy())


def test_golden_dump() -> None:
    assert rewritten(segnet((1, 2, 1, 4), (1, 2), (1, 2)), UNPOOLING).dump() == GOLDEN


ONE_PLACE = "(num_output=2, group=2, bias_term=False, kernel_h=1, kernel_w=2, stride_h=1, stride_w=2)"
GOLDEN = f"""\
net tiny
  data: Input(shape=[(1, 2, 1, 4)])  -> data  [1x2x1x4]
  pool: Pooling(pool=MAX, kernel_h=1, kernel_w=2, stride_h=1, stride_w=2) data -> pool  [1x2x1x2]
  decoded: Power(scale=2.0, shift=-1.0) pool -> decoded  [1x2x1x2]
  up_cell: Convolution{ONE_PLACE} data -> up_cell | [2, 1, 1, 2]  [1x2x1x2]
  up_gap: Eltwise(operation=SUM, coeff=(1.0, -1.0)) pool, up_cell -> up_gap  [1x2x1x2]
  up_miss: Threshold() up_gap -> up_miss  [1x2x1x2]
  up_hit: Power(scale=-1.0, shift=1.0) up_miss -> up_hit  [1x2x1x2]
  up_kept: Eltwise(operation=PROD) decoded, up_hit -> up_kept  [1x2x1x2]
  up_put: Deconvolution{ONE_PLACE} up_kept -> up_put | [2, 1, 1, 2]  [1x2x1x4]
  up_cell_2: Convolution{ONE_PLACE} data -> up_cell_2 | [2, 1, 1, 2]  [1x2x1x2]
  up_gap_2: Eltwise(operation=SUM, coeff=(1.0, -1.0)) pool, up_cell_2 -> up_gap_2  [1x2x1x2]
  up_miss_2: Threshold() up_gap_2 -> up_miss_2  [1x2x1x2]
  up_hit_2: Power(scale=-1.0, shift=1.0) up_miss_2 -> up_hit_2  [1x2x1x2]
  up_kept_2: Eltwise(operation=PROD) decoded, up_hit_2, up_miss -> up_kept_2  [1x2x1x2]
  up_put_2: Deconvolution{ONE_PLACE} up_kept_2 -> up_put_2 | [2, 1, 1, 2]  [1x2x1x4]
  up: Eltwise(operation=SUM) up_put, up_put_2 -> up  [1x2x1x4]
  outputs up
"""


def test_a_place_that_no_layer_has_is_left_alone() -> None:
    net = segnet((1, 2, 8, 6))
    net.remove(net.node("up"))
    net.outputs = ["decoded", "mask"]
    assert rewritten(net, UNPOOLING).dump() == net.dump()


def places_of_the_user() -> Net:
    net = net_of((1, 2, 4, 3))
    net.append(Node(name="places", layer=Input(shape=(1, 2, 4, 3)), tops=("places",), origin=Origin(layer="places")))
    add(net, "up", Unpool(scale=2), bottoms=("data", "places"))
    return net


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (segnet((1, 2, 8, 6), (3, 3)), "overlap"),
        (segnet((1, 2, 8, 6), pad=(1, 1)), "padding"),
        (segnet((1, 2, 8, 6), size=(8, 8)), "another size"),
        (segnet((1, 2, 8, 12), stride=(3, 3)), "begins behind the map"),
        (places_of_the_user(), "not those of a Pooling"),
    ],
)
def test_what_has_no_exact_form_is_refused_with_the_reason(net: Net, why: str) -> None:
    with pytest.raises(ConversionError, match=why):
        lower(net, CAFFE, Options())
