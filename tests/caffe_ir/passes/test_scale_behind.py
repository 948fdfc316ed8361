from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import BatchNorm, ReLU, Scale
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.scale_behind import SCALE_BEHIND
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten

CAFFE2ONNX, MACE = (Context(target=TARGETS[name], options=Options()) for name in ("caffe2onnx", "mace"))


def normalised(*, own: bool = False) -> Net:
    rng = np.random.default_rng(0)
    net = net_of((2, 3, 4, 5))
    statistics = rng.normal(size=3), rng.uniform(0.5, 2.0, 3), np.ones(1)
    add(net, "norm", BatchNorm(use_global_stats=not own, eps=1e-3), *statistics)
    return net


@pytest.mark.parametrize("context", [CAFFE2ONNX, MACE, CONTEXT])
def test_a_scale_of_ones_and_zeros_stands_behind_it(context: Context) -> None:
    net = normalised()
    add(net, "relu", ReLU(negative_slope=0.1))
    after = rewritten(net, SCALE_BEHIND, context=context)
    assert [(node.name, node.layer.type_name(), node.bottoms) for node in after.nodes[1:]] == [
        ("norm", "BatchNorm", ("data",)),
        ("norm_scale", "Scale", ("norm",)),
        ("relu", "ReLU", ("norm_scale",)),
    ]
    assert [blob.load().tolist() for blob in after.node("norm_scale").blobs] == [[1.0] * 3, [0.0] * 3]
    assert all(blob.constant for blob in after.node("norm_scale").blobs)
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
    truth, found = (run(one, {"data": x}, np.float64)["relu"] for one in (net, after))
    np.testing.assert_array_equal(found, truth)


def test_an_output_keeps_its_name() -> None:
    after = rewritten(normalised(), SCALE_BEHIND, context=CAFFE2ONNX)
    assert [(node.name, node.tops) for node in after.nodes[1:]] == [("norm_norm", ("norm_norm",)), ("norm", ("norm",))]
    assert after.outputs == ["norm"]


def test_with_its_own_scale_or_for_a_target_that_wants_none_it_stays() -> None:
    net = normalised()
    add(net, "scale", Scale(bias_term=True), np.ones(3), np.zeros(3))
    assert rewritten(net, SCALE_BEHIND, context=CAFFE2ONNX).dump() == net.dump()
    assert rewritten(normalised(), SCALE_BEHIND, context=ALONE).dump() == normalised().dump()
    batch = normalised(own=True)
    assert rewritten(batch, SCALE_BEHIND, context=CAFFE2ONNX).dump() == batch.dump()


def test_a_scale_further_behind_is_another_one() -> None:
    net = normalised()
    add(net, "other", ReLU(), bottoms=["data"])
    add(net, "scale", Scale(bias_term=True), np.ones(3), np.zeros(3), bottoms=["norm"])
    net.outputs = ["other", "scale"]
    after = lower(net, TARGETS["caffe2onnx"], Options())
    assert not list(TARGETS["caffe2onnx"].verdicts(after))
    assert sum(isinstance(node.layer, Scale) for node in after.nodes) == 2
