from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers import Concat, Convolution, Deconvolution, Eltwise, InnerProduct, Pooling, Reshape, Sigmoid
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.pooled_maps import POOLED_MAPS
from caffe_ir.targets import CAFFE
from caffe_ir.targets.limits import AtMost
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

GLOBAL = Pooling(pool="AVE", global_pooling=True)
SPREAD = Deconvolution(num_output=3, kernel_size=(4, 5), group=3, bias_term=False)


def pooled(*layers):
    net = net_of((2, 3, 4, 5))
    add(net, "pool", GLOBAL)
    random = np.random.default_rng(0)
    for place, layer in enumerate(layers):
        bottoms = net.shapes_of(net.nodes[-1].tops)
        add(net, f"y{place}", layer, *(random.normal(size=blob) for blob in layer.blob_shapes(bottoms)))
    return net


@pytest.mark.parametrize("between", [(), (Convolution(num_output=3, kernel_size=(1, 1)), Sigmoid())], ids=len)
def test_a_map_that_is_spread_again_is_pooled_by_a_kernel(between):
    after = rewritten(pooled(*between, SPREAD), POOLED_MAPS)
    assert str(after.node("pool").layer) == "Pooling(pool=AVE, kernel_h=4, kernel_w=5)"


@pytest.mark.parametrize("behind", [(Sigmoid(),), (InnerProduct(num_output=2),), (Reshape(shape=(0, 3, 1, 1)), SPREAD)])
def test_others_stay_global(behind):
    net = pooled(*behind)
    assert rewritten(net, POOLED_MAPS).dump() == net.dump()


def test_a_target_without_so_large_a_kernel_keeps_it_global():
    net = pooled(SPREAD)
    limits = (*CAFFE.layers[Pooling], AtMost(field="kernel_size", most=4))
    small = replace(CAFFE, layers={**CAFFE.layers, Pooling: limits})
    context = Context(target=small, options=Options())
    assert rewritten(net, POOLED_MAPS, context=context).dump() == net.dump()


def test_any_of_the_readers_may_spread_it():
    net = pooled(Sigmoid(), SPREAD)
    add(net, "z", Eltwise(operation="PROD"), bottoms=("y1", "data"))
    add(net, "fc", InnerProduct(num_output=2), np.ones((2, 3)), np.ones(2), bottoms=("pool",))
    net.outputs = ["z", "fc"]
    assert rewritten(net, POOLED_MAPS).node("pool").layer != GLOBAL


@pytest.mark.parametrize(
    ("axis", "window"), [(3, "kernel_h=4, kernel_w=5"), (2, "kernel_h=4, kernel_w=5"), (1, "global_pooling=True")]
)
def test_cells_that_are_joined_to_rows_are_maps(axis, window):
    """ncnn reads beyond a vector that a Concat takes for a column: the factors of an SE block, tiled."""
    net = pooled(Sigmoid())
    add(net, "joined", Concat(axis=axis), bottoms=("y0", "y0"))
    assert window in str(rewritten(net, POOLED_MAPS).node("pool").layer)
