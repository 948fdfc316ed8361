"""Whole networks whose layers want their axes in another order, against torch and as lean as they can be."""

from __future__ import annotations

from collections import Counter
from math import prod

import pytest
import torch
from torch import nn

from caffe_ir.layers.source import Permute
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import converted, images, layers
from tests.converters.pytorch.transformers import (
    DFL,
    PSA,
    ConvNeXtBlock,
    Mixer,
    Shuffle,
    SqueezeExcite,
    Swin,
    ViT,
)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def permuted_numbers(module, x):
    """How many numbers are permuted in the net for Caffe, before each permutation is written out."""
    found: list[tuple[int, ...]] = []

    def after(name, net):
        if name == "layout":
            found.extend(net.shapes[node.top] for node in net.nodes if isinstance(node.layer, Permute))

    lower(convert(module.eval(), (x,)), CAFFE, Options(), after)
    return sum(prod(shape) for shape in found)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("fused", [True, False])
def test_vit(batch, fused):
    module, x = ViT(fused=fused), images(batch, 3, 16, 16)
    converted(module, x)
    assert permuted_numbers(ViT(fused=fused), x) == 0


@pytest.mark.parametrize("batch", [1, 2])
def test_swin(batch):
    converted(Swin(), images(batch, 3, 16, 16))


def test_convnext_is_norms_and_convolutions():
    module = nn.Sequential(nn.Conv2d(3, 6, 3), ConvNeXtBlock(6), ConvNeXtBlock(6))
    net = converted(module, images(2, 3, 10, 9))
    found = Counter(layers(net))
    assert found.keys().isdisjoint({"Reshape", "Slice", "Concat", "InnerProduct", "Im2col", "Flatten"})
    assert permuted_numbers(module, images(2, 3, 10, 9)) == 0
    names = {node.name for node in net.nodes}
    assert {"1.dwconv", "1.pwconv1", "1.pwconv2", "2.norm"} <= names


def test_shufflenet():
    kinds = layers(converted(Shuffle(32), images(2, 32, 28, 28)))
    assert kinds == ["Slice", "Convolution", "ReLU", "Convolution", "Concat", "Reshape", "Slice", "Concat", "Reshape"]


def test_squeeze_and_excitation_written_with_linear_layers():
    kinds = layers(converted(nn.Sequential(nn.Conv2d(3, 8, 3), SqueezeExcite(8)), images(2, 3, 5, 4)))
    gate = ["Pooling", "InnerProduct", "ReLU", "InnerProduct", "Sigmoid"]
    assert kinds == ["Convolution", *gate, "Reshape", "Deconvolution", "Eltwise"]


def test_the_distances_of_yolov8():
    converted(DFL(), images(2, 64, 21))


@pytest.mark.parametrize("batch", [1, 2])
def test_the_attention_of_yolo11_is_not_permuted(batch):
    converted(PSA(), images(batch, 8, 4, 5))
    assert permuted_numbers(PSA(), images(batch, 8, 4, 5)) == 0


def test_linear_layers_over_tokens_and_channels_in_turn():
    converted(Mixer(), images(2, 9, 6))
    assert permuted_numbers(Mixer(), images(2, 9, 6)) == 0
