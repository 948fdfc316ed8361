"""What nets with attention cost: the products of the net for Caffe, counted as torch counts its own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from caffe_ir.cost import work
from caffe_ir.layers import Convolution, Deconvolution, Eltwise, InnerProduct, Power, Sigmoid
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.transformers import Attention, MaxViT

PRODUCTS = (Convolution, Deconvolution, InnerProduct)


class Block(nn.Module):
    """A block of ViT in the width of the smallest one that people use."""

    def __init__(self, *, fused: bool, windows: int = 1) -> None:
        super().__init__()
        self.windows, self.first, self.second = windows, nn.LayerNorm(96), nn.LayerNorm(96)
        self.attention = Attention(96, 3, fused=fused)
        self.mlp = nn.Sequential(nn.Linear(96, 384), nn.GELU(), nn.Linear(384, 96))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        parts = y.reshape(y.shape[0] * self.windows, -1, 96)
        x = x + self.attention(parts).reshape(x.shape)
        return x + self.mlp(self.second(x))


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda: Block(fused=True), (1, 50, 96)),
        (lambda: Block(fused=False), (2, 50, 96)),
        (lambda: Block(fused=True, windows=4), (1, 64, 96)),
        (lambda: MaxViT(96), (1, 3, 16, 16)),
    ],
    ids=["vit", "vit_batch", "windows", "maxvit"],
)
def test_multiply_adds_are_at_most_1_1_times_those_of_torch(model, shape):
    module, x = model().eval(), torch.randn(shape)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(x)
    net = lower(convert(module, (x,)), CAFFE, Options())
    works = [work(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes if isinstance(node.layer, PRODUCTS)]
    ours = sum(one.multiply_adds + one.steps for one in works)
    theirs = counter.get_total_flops() / 2
    assert 0.99 * theirs < ours <= 1.1 * theirs


def test_a_gelu_passes_over_its_hidden_numbers_at_most_eight_times():
    net = lower(convert(Block(fused=True).eval(), (torch.randn(1, 50, 96),)), CAFFE, Options())
    passes = [node for node in net.nodes if "gelu" in node.origin.what]
    assert 1 <= len(passes) <= 8
    assert {type(node.layer) for node in passes} == {Power, Sigmoid, Eltwise}
