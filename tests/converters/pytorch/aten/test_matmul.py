"""Linear layers and products of matrices against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir import reference
from caffe_ir.layers import Parameter
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from converters.pytorch import convert
from tests.caffe_ir.passes.rewriting import ALONE
from tests.converters.pytorch.judge import Beside, Calls, converted, decomposed, fed, images, layers


@pytest.mark.parametrize("bias", [True, False])
def test_linear_of_rows(bias):
    assert layers(converted(nn.Linear(5, 7, bias=bias), images(4, 5))) == ["InnerProduct"]


def test_linear_of_one_row():
    converted(nn.Linear(5, 7), images(5))


IN_TURN = ["Reshape", "Convolution", "Slice", "Concat", "Reshape"]
"""Rows as windows of a map, whose places come behind the channels: the batch stays the batch, as ncnn needs it."""


ONE_BY_ONE = ["Reshape", "Reshape", "InnerProduct", "Reshape"]
"""Rows as they lie; MNN drops one view of the two in front of an InnerProduct."""


@pytest.mark.parametrize(
    ("shape", "kinds"), [((2, 3, 5), IN_TURN), ((2, 3, 4, 5), IN_TURN), ((1, 2, 2, 3, 5), ONE_BY_ONE)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_linear_of_more_axes(shape, kinds, bias):
    assert layers(converted(nn.Linear(5, 7, bias=bias), images(*shape))) == kinds


def test_linear_by_functions():
    weight, row = images(7, 5, seed=1), images(5, seed=2)
    converted(Beside(F.linear, weight), images(2, 3, 5))
    converted(Beside(F.linear, row), images(2, 3, 5))


def test_linear_with_weights_from_the_input():
    converted(Calls(F.linear), images(2, 3, 5), images(4, 5, seed=1))
    bias = images(4, seed=2)
    converted(Beside(F.linear, bias), images(3, 5), images(4, 5, seed=1))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4, 5), (2, 3, 5, 6)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 6)),
        ((2, 3, 4), (1, 4, 5)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
        ((2, 1, 4), (2, 4, 1)),
    ],
)
def test_products(first, second):
    left, right = images(*first), images(*second, seed=1)
    converted(Calls(torch.matmul), left, right)
    converted(Beside(torch.matmul, right), left)
    converted(Beside(lambda x, held: torch.matmul(held, x), left), right)


def test_a_product_with_a_matrix_is_a_linear_layer():
    matrix = images(4, 5, seed=1)
    assert layers(converted(Beside(torch.matmul, matrix), images(2, 3, 4), lowered=False)) == ["Linear"]


def test_a_product_with_a_matrix_for_each_head_is_a_convolution_with_groups():
    matrices = images(3, 5, 6, seed=1)
    net = converted(Beside(torch.matmul, matrices), images(2, 3, 4, 5))
    assert "Convolution" in layers(net)
    assert "Scale" not in layers(net)


@pytest.mark.parametrize(
    "function",
    [
        torch.bmm,
        lambda x, y: torch.mm(x[0], y[0]),
        lambda x, y: torch.mv(x[0], y[0, :, 0]),
        lambda x, y: torch.dot(x[0, 0], y[0, :, 0]),
        lambda x, y: torch.addmm(x[0, :, :3], x[1], y[1, :, :3], beta=0.5, alpha=2),
        lambda x, y: torch.addmm(x[0, 0, :3], x[1], y[1, :, :3]),
        lambda x, y: torch.baddbmm(x[:, :, :1], x, y, beta=2),
        lambda x, y: torch.baddbmm(x[:, :, :1], x, y, beta=0),
        lambda x, y: torch.addmv(x[0, :, 0], x[0], y[0, :, 0], alpha=3),
        lambda x, y: x.mT.transpose(1, 2) @ y,
        lambda x, y: (y.mT @ x.mT).relu(),
    ],
)
def test_the_other_products(function):
    converted(Calls(function), images(2, 3, 4), images(2, 4, 5, seed=1))


@pytest.mark.parametrize(
    ("equation", "first", "second"),
    [
        ("bgihd,bghjd->bgihj".replace("ih", "hi"), (2, 2, 3, 4, 5), (2, 2, 3, 6, 5)),
        ("byhwc,hkc->byhwk", (2, 3, 4, 5, 6), (4, 7, 6)),
        ("byhwc,wkc->byhwk", (2, 3, 4, 5, 6), (5, 7, 6)),
        ("nctkv,kvw->nctw", (2, 3, 4, 2, 5), (2, 5, 5)),
        ("bchw,bkhw->bck", (2, 3, 4, 5), (2, 6, 4, 5)),
        ("bi,bj->bij", (2, 3), (2, 4)),
        ("bij,bij->bi", (2, 3, 4), (2, 3, 4)),
        ("bij,kl->bkl", (2, 3, 4), (5, 6)),
        ("ij,jk", (3, 4), (4, 5)),
        ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
        ("b i d, b j d -> b i j", (2, 3, 4), (2, 5, 4)),
    ],
)
def test_einsum(equation, first, second):
    left, right = images(*first), images(*second, seed=1)
    converted(Calls(lambda x, y: torch.einsum(equation, x, y)), left, right)
    converted(Beside(lambda x, held: torch.einsum(equation, x, held), right), left)
    converted(Beside(lambda x, held: torch.einsum(equation, held, x), left), right)


@pytest.mark.parametrize("equation", ["bchw->bhwc", "bchw->bc", "bchw->", "chw...->...hw"])
def test_einsum_of_one(equation):
    converted(Calls(lambda x: torch.einsum(equation, x * 2)), images(2, 3, 4, 5))


def test_einsum_of_three():
    a, b = images(2, 3), images(3, 4, seed=1)
    converted(Beside(lambda x, a, b: torch.einsum("ij,jk,kl->il", a, b, x), a, b), images(4, 5))
    converted(Beside(lambda x, a, b: torch.einsum("ij,jk,kl->il", x, a, b), b, images(4, 5)), images(2, 3))


def test_decomposed_linear_layers():
    converted_program = decomposed(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)), images(2, 3, 4))
    assert any("addmm" in str(node.target) for node in converted_program.graph.nodes)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(shape, bias):
    torch.manual_seed(0)
    converted(nn.Bilinear(5, 4, 3, bias=bias), images(*shape, 5), images(*shape, 4, seed=1))


def correlation(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """A Siamese tracker's: each picture of the batch by its own template (SiamFC as people write it)."""
    batch, channels = x.shape[:2]
    y = F.conv2d(x.reshape(1, batch * channels, *x.shape[2:]), z, groups=batch)
    return y.reshape(batch, 1, *y.shape[2:])


def by_channels(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """SiamRPN++'s: each channel by its own."""
    count = x.shape[0] * x.shape[1]
    y = F.conv2d(x.reshape(1, count, *x.shape[2:]), z.reshape(count, 1, *z.shape[2:]), groups=count)
    return y.reshape(*x.shape[:2], *y.shape[2:])


def dynamic(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """A 1x1 convolution by weights that another branch computes, other ones for each sample."""
    weights = torch.tanh(z).reshape(z.shape[0], -1, x.shape[1])
    return torch.bmm(weights, x.flatten(2)).reshape(x.shape[0], -1, *x.shape[2:])


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (torch.matmul, (2, 24, 16), (2, 16, 20)),
        (lambda x, z: torch.bmm(x.flatten(0, 1), z.flatten(0, 1)), (2, 24, 16), (2, 16, 20)),
        (lambda x, z: torch.einsum("bhid,bhjd->bhij", x, z), (2, 24, 16), (2, 20, 16)),
        (lambda x, z: torch.einsum("bcij,bcij,bkij->bck", x, x, z), (8, 6, 6), (10, 6, 6)),
        (lambda x, z: F.scaled_dot_product_attention(x, z, z), (2, 24, 16), (2, 20, 16)),
        (correlation, (8, 12, 12), (8, 5, 5)),
        (by_channels, (8, 12, 12), (8, 5, 5)),
        (dynamic, (16, 12, 12), (16, 4, 6)),
    ],
)
def test_weights_written_at_run_time_follow_their_inputs(function, batch, first, second):
    """What a run leaves in the weights (here infinities at first) counts for nothing in the next one."""
    shapes = (batch, *first), (batch, *second)
    net = lower(convert(Calls(function), tuple(images(*shape) for shape in shapes)), ALONE.target, Options())
    names = [name for node in net.nodes if isinstance(node.layer, Parameter) for name in node.param_names]
    assert names
    memory = reference.Memory()
    for seed in range(4):
        x, z = (images(*shape, seed=seed).double() for shape in shapes)
        wanted = function(x, z).numpy()
        found = reference.run(net, fed(net, (x, z)), np.float64, memory)[net.outputs[0]]
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())
        assert set(memory) >= set(names)
        if seed == 0:
            memory.update({name: np.full_like(memory[name], np.inf) for name in names})
