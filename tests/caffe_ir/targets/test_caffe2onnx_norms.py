from __future__ import annotations

import numpy as np

from caffe_ir.layers import BatchNorm, ReLU, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.caffe2onnx_norms import is_behind_a_norm, norms_alone, scales_passed_over
from tests.caffe_ir.build import add, net_of

STATISTICS = np.zeros(4), np.ones(4), np.ones(1)
FACTORS = np.ones(4), np.zeros(4)


def norm_then(bottom: str, *, in_place: bool = True, bias: bool = True, between: bool = False) -> Net:
    """A BatchNorm, a ReLU before the Scale where asked, a Scale of `bottom`, and a reader behind it."""
    net = net_of((1, 4, 8, 8))
    add(net, "norm", BatchNorm(use_global_stats=True, eps=1e-5), *STATISTICS)
    if between:
        add(net, "between", ReLU())
    add(net, "scale", Scale(bias_term=bias), *FACTORS[: 1 + bias], bottoms=[bottom], in_place=in_place)
    add(net, "last", ReLU())
    return net


def names(nodes: list[Node]) -> list[str]:
    return [node.name for node in nodes]


def test_a_norm_with_its_scale_in_place_is_read_as_it_is() -> None:
    net = norm_then("norm")
    assert norms_alone(net) == scales_passed_over(net) == []
    assert [node.name for node in net.nodes if is_behind_a_norm(net, node)] == ["scale"]


def test_a_norm_before_another_layer_is_alone() -> None:
    net = norm_then("between", between=True)
    assert names(norms_alone(net)) == ["norm"]
    assert scales_passed_over(net) == []
    assert [node.name for node in net.nodes if is_behind_a_norm(net, node)] == ["between"]


def test_a_norm_at_the_end_is_alone() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "norm", BatchNorm(use_global_stats=True, eps=1e-5), *STATISTICS)
    assert names(norms_alone(net)) == ["norm"]


def test_scales_that_are_not_the_norms_own_are_passed_over() -> None:
    assert names(scales_passed_over(norm_then("data", in_place=False))) == ["scale"]
    assert names(scales_passed_over(norm_then("norm", bias=False))) == ["scale"]
    assert names(scales_passed_over(norm_then("norm", in_place=False))) == ["scale"]
