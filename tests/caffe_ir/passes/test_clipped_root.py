from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.layers import AbsVal, Clip, Power, ReLU, Reshape
from caffe_ir.layers.source import Reduce
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.clipped_root import CLIPPED_ROOT
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

SUM = Reduce(operation="SUM", axes=(1,), keepdim=True)
INF = float("inf")


def of(*layers, shape=(2, 3, 4, 5)):
    net = net_of(shape)
    for place, layer in enumerate(layers):
        add(net, f"l{place}", layer)
    return net


@pytest.mark.parametrize(
    "layers",
    [
        (Power(power=2.0), SUM, Power(power=0.5), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=0.5), Clip(min=0.7, max=INF)),
        (ReLU(), Reshape(shape=(0, -1)), Power(power=1.5), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=1 / 3), Clip(min=0.01, max=INF)),
    ],
    ids=lambda layers: ", ".join(map(str, layers)),
)
def test_the_bound_comes_before_the_root(layers):
    after = rewritten(of(*layers), CLIPPED_ROOT)
    bound, root = (node.layer for node in after.nodes[-2:])
    assert isinstance(bound, Clip)
    assert root == layers[-2]
    assert bound.min ** layers[-2].power == pytest.approx(layers[-1].min, rel=1e-12)


def test_a_norm_as_torch_bounds_it():
    x = np.random.default_rng(1).standard_normal((2, 3, 4, 5))
    x[0] *= 1e-14
    net = rewritten(of(Power(power=2.0), SUM, Power(power=0.5), Clip(min=1e-12, max=INF)), CLIPPED_ROOT)
    (norm,) = (run(net, {"data": x}, np.float64)[blob] for blob in net.outputs)
    np.testing.assert_allclose(x / norm, F.normalize(torch.from_numpy(x)).numpy(), rtol=1e-12)


def test_golden_dump():
    net = rewritten(of(AbsVal(), Power(power=0.5), Clip(min=0.5, max=INF), shape=(1, 6)), CLIPPED_ROOT)
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 6)])  -> data  [1x6]\n"
        "  l0: AbsVal() data -> l0  [1x6]\n"
        "  l1: Clip(min=0.25, max=inf) l0 -> l1  [1x6]\n"
        "  l2: Power(power=0.5) l1 -> l2  [1x6]\n"
        "  outputs l2\n"
    )


@pytest.mark.parametrize(
    "layers",
    [
        (Power(power=3.0), Power(power=0.5), Clip(min=0.7, max=INF)),
        (Power(power=2.0, shift=1.0), Power(shift=-1.0), Power(power=0.5), Clip(min=0.7, max=INF)),
        (ReLU(negative_slope=0.1), Power(power=0.5), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=-0.5), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=2.0), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=0.5, scale=2.0), Clip(min=0.7, max=INF)),
        (AbsVal(), Power(power=0.5), Clip(min=0.1, max=0.7)),
        (AbsVal(), Power(power=0.5), Clip(min=0.0, max=INF)),
        (AbsVal(), Power(power=0.5), Clip(min=1e-20, max=INF)),
        (AbsVal(), Reduce(operation="SUM", axes=(1,), scale=-1.0), Power(power=0.5), Clip(min=0.7, max=INF)),
    ],
    ids=lambda layers: ", ".join(map(str, layers)),
)
def test_leaves_alone_where_a_root_may_be_no_number_or_a_bound_has_no_room(layers):
    before = of(*layers)
    after = before.copy()
    run_pass(CLIPPED_ROOT, after, CONTEXT)
    assert after.dump() == before.dump()
