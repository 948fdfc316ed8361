from __future__ import annotations

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional as F

from caffe_ir.layers import BatchNorm, Convolution, Deconvolution, InnerProduct, Power, ReLU, Scale
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.fold_batch_norm import FOLD_BATCH_NORM
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

FOLD = Context(target=CAFFE, options=Options(fold_batch_norm=True))
NORM = BatchNorm(use_global_stats=True, eps=1e-3)

# layer before, its bottom, the shape of its weights
LINEAR = [
    (Convolution(num_output=6, kernel_size=(3, 3), pad=(1, 1)), (2, 4, 5, 5), (6, 4, 3, 3)),
    (Convolution(num_output=6, kernel_size=(3, 3), group=2, bias_term=False), (2, 4, 5, 5), (6, 2, 3, 3)),
    (Deconvolution(num_output=6, kernel_size=(2, 2), stride=(2, 2)), (2, 4, 3, 3), (4, 6, 2, 2)),
    (Deconvolution(num_output=6, kernel_size=(3, 3), group=2, bias_term=False), (2, 4, 3, 3), (4, 3, 3, 3)),
    (InnerProduct(num_output=6), (2, 4, 2, 2), (6, 16)),
    (InnerProduct(num_output=6, transpose=True, bias_term=False), (2, 4, 2, 2), (16, 6)),
]


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def net_with(linear, shape, weights, *, norm=True, scale=True, factor=2.0):
    net = net_of(shape)
    add(net, "linear", linear, draw(*weights), *([draw(6)] if linear.bias_term else []))
    if norm:
        add(net, "norm", NORM, draw(6), draw(6) ** 2, [factor])
    if scale:
        add(net, "scale", Scale(bias_term=True), draw(6) + 1, draw(6))
    return net


def folded(net):
    after = net.copy()
    run_pass(FOLD_BATCH_NORM, after, FOLD)
    return after


def assert_close(before, after):
    """Rounding each weight to float32 once may change a sum of K terms by K 2^-24 of its largest, at the worst."""
    x = np.random.default_rng(9).normal(size=before.shapes["data"])
    old = run(before, {"data": x}, np.float64)[before.outputs[0]]
    new = run(after, {"data": x}, np.float64)[after.outputs[0]]
    np.testing.assert_allclose(new, old, rtol=0, atol=1e-6 * np.abs(old).max())


@pytest.mark.parametrize(("norm", "scale"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize(("linear", "shape", "weights"), LINEAR, ids=str)
def test_the_function_stays_and_one_layer_is_left(linear, shape, weights, norm, scale):
    net = net_with(linear, shape, weights, norm=norm, scale=scale)
    after = folded(net)
    assert [type(node.layer).__name__ for node in after.nodes] == ["Input", type(linear).__name__]
    assert after.outputs == net.outputs
    assert after.nodes[1].name == net.outputs[0]
    assert_close(net, after)


def test_the_weights_are_the_products_rounded_once():
    """torch's own folding, in float64, with the statistics divided by the factor."""
    linear, shape, weights = LINEAR[0]
    net = net_with(linear, shape, weights)
    (w, b), (mean, var, _), (gamma, beta) = ([blob.load() for blob in node.blobs] for node in net.nodes[1:])
    t_w, t_b, t_mean, t_var, t_gamma, t_beta = (
        torch.from_numpy(each).double() for each in (w, b, mean / 2, var / 2, gamma, beta)
    )
    fused = torch.nn.utils.fusion.fuse_conv_bn_weights(t_w, t_b, t_mean, t_var, 1e-3, t_gamma, t_beta)
    new_w, new_b = folded(net).nodes[1].blobs
    assert new_w.load().dtype == np.float32
    np.testing.assert_array_equal(new_w.load(), fused[0].detach().float().numpy())
    np.testing.assert_allclose(new_b.load(), fused[1].detach().numpy(), rtol=1e-12)


def test_weights_are_made_when_they_are_asked_for():
    loads = []
    net = net_with(*LINEAR[0])
    node = net.node("linear")

    def load():
        loads.append(1)
        return draw(6, 4, 3, 3)

    net.update(node, replace(node, blobs=(replace(node.blobs[0], load=load), node.blobs[1])))
    after = folded(net)
    assert not loads
    after.nodes[1].blobs[0].load()
    assert loads


def test_a_factor_of_nought_makes_the_statistics_nought():
    net = net_with(*LINEAR[0], factor=0.0)
    x = np.random.default_rng(9).normal(size=(2, 4, 5, 5))
    w, b = (torch.from_numpy(blob.load()).double() for blob in net.node("linear").blobs)
    gamma, beta = (blob.load() for blob in net.node("scale").blobs)
    sums = F.conv2d(torch.from_numpy(x), w, b, padding=1).numpy()
    wanted = sums / np.sqrt(1e-3) * gamma[:, None, None] + beta[:, None, None]
    top = run(folded(net), {"data": x}, np.float64)["scale"]
    np.testing.assert_allclose(top, wanted, atol=1e-6 * np.abs(wanted).max())


def test_nothing_happens_unless_asked_for():
    net = net_with(*LINEAR[0])
    assert rewritten(net, FOLD_BATCH_NORM).dump() == net.dump()


def second_reader(net):
    add(net, "other", ReLU(), bottoms=("linear",))
    net.outputs = ["scale", "other"]


def an_output(net):
    net.outputs = ["linear", "scale"]


def shared(net):
    net.update(net.node("linear"), replace(net.node("linear"), param_names=("w", "b")))


def shared_statistics(net):
    net.update(net.node("norm"), replace(net.node("norm"), param_names=("m", "v", "f")))
    net.nodes.pop()
    net.outputs, net.values = ["norm"], Values({"linear": "linear", "norm": "norm"})


@pytest.mark.parametrize("change", [second_reader, an_output, shared, shared_statistics])
def test_left_alone(change):
    net = net_with(*LINEAR[0])
    change(net)
    after = folded(net)
    assert after.dump() == net.dump()
    assert not after.notes


def test_batch_statistics_and_scales_of_other_axes_are_left_alone():
    net = net_with(*LINEAR[0], norm=False, scale=False)
    add(net, "norm", BatchNorm(use_global_stats=False, eps=1e-3), draw(6), draw(6) ** 2, [1.0])
    assert folded(net).dump() == net.dump()
    net = net_with(*LINEAR[0], norm=False, scale=False)
    add(net, "scale", Scale(axis=2), draw(5))
    assert folded(net).dump() == net.dump()
    net = net_with(InnerProduct(num_output=6, axis=2), (2, 4, 2, 2), (6, 4), norm=False, scale=False)
    add(net, "scale", Scale(axis=1), draw(4))
    assert folded(net).dump() == net.dump()


def test_behind_anything_else_they_are_left_alone():
    net = net_of((2, 6, 3, 3))
    add(net, "relu", ReLU())
    add(net, "norm", NORM, draw(6), draw(6) ** 2, [1.0])
    assert folded(net).dump() == net.dump()


def test_a_norm_that_is_an_output_is_folded_without_its_scale():
    net = net_with(*LINEAR[0])
    net.outputs = ["norm", "scale"]
    after = folded(net)
    assert [node.name for node in after.nodes] == ["data", "norm", "scale"]
    assert_close(net, after)


def test_the_values_that_are_gone_are_forgotten_and_the_others_kept():
    after = folded(net_with(*LINEAR[0]))
    assert after.values == {"scale": "scale"}


def test_a_second_time_finds_nothing():
    once = folded(net_with(*LINEAR[0]))
    assert folded(once).dump() == once.dump()


def test_inside_a_net_the_folded_layer_keeps_its_own_name():
    linear, shape, weights = LINEAR[0]
    net = net_with(linear, shape, weights)
    add(net, "relu", ReLU())
    after = folded(net)
    assert [node.name for node in after.nodes] == ["data", "linear", "relu"]
    assert after.values["scale"] == "linear"
    assert "norm" not in after.values
    assert_close(net, after)


def test_a_factor_behind_a_convolution_goes_into_its_weights():
    """x + 0.2 y, as residual blocks of super-resolution nets have it: torch multiplies the same weights by 0.2."""
    linear, shape, weights = LINEAR[0]
    net = net_with(linear, shape, weights, norm=False, scale=False)
    add(net, "factor", Power(scale=0.2))
    after = folded(net)
    assert [node.name for node in after.nodes] == ["data", "factor"]
    w, b = (torch.from_numpy(blob.load()) for blob in net.node("linear").blobs)
    np.testing.assert_array_equal(after.nodes[1].blobs[0].load(), (w.double() * 0.2).float().numpy())
    np.testing.assert_allclose(after.nodes[1].blobs[1].load(), (b.double() * 0.2).numpy(), rtol=1e-12)


def test_a_factor_gives_a_layer_without_bias_none():
    net = net_with(*LINEAR[1], norm=False, scale=False)
    add(net, "factor", Power(scale=0.2))
    assert folded(net).nodes[1].layer == LINEAR[1][0]
    add(net, "shifted", Power(shift=3.0))
    (_, bias) = folded(net).nodes[1].blobs
    np.testing.assert_array_equal(bias.load(), np.full(6, 3.0))


def test_whole_chains_are_rounded_once():
    linear, shape, weights = LINEAR[0]
    net = net_with(linear, shape, weights)
    add(net, "factor", Power(scale=1 / 3))
    add(net, "second", Scale(), draw(6) * 3)
    one = folded(net)
    assert len(one.nodes) == 2
    (_, var, factor), (gamma, _), (last,) = (
        [blob.load().astype(np.float64) for blob in net.node(name).blobs] for name in ("norm", "scale", "second")
    )
    slope = gamma / np.sqrt(var / factor + 1e-3) / 3 * last
    wanted = net.node("linear").blobs[0].load() * slope[:, None, None, None]
    np.testing.assert_array_max_ulp(one.nodes[1].blobs[0].load(), wanted.astype(np.float32), maxulp=1)


@pytest.mark.parametrize("power", [Power(power=2.0), Power(power=0.5, scale=2.0)], ids=str)
def test_a_power_that_is_not_linear_is_left_alone(power):
    net = net_with(*LINEAR[0], norm=False, scale=False)
    add(net, "power", power)
    assert folded(net).dump() == net.dump()
