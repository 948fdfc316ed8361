"""Converted nets have the layers that a person would write by hand, and no others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.passes.base import Options
from tests.converters.pytorch.judge import EXACT, Calls, flat, images, layers, settled
from tests.converters.pytorch.nets import Block, Mobile, ResNet
from tests.end_to_end.from_torch import (
    FLOAT32,
    error,
    files_of,
    idle_layers,
    lowered,
    meaning_error,
    opencv_results,
)


def resnet18() -> nn.Module:
    """The layers of ResNet-18, with fewer channels."""
    widths = [(8, 8, 1), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 32, 2), (32, 32, 1)]
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
        nn.MaxPool2d(3, 2, 1),
        nn.Sequential(*(Block(*width) for width in widths)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def test_resnet_18_has_the_layers_that_a_person_would_write() -> None:
    """20 convolutions, each with BatchNorm and Scale; one layer more where a pooling rounds down."""
    x = images(1, 3, 64, 64)
    module = settled(resnet18(), images(4, 3, 64, 64))
    net = lowered(module, x)
    assert Counter(layers(net)) == {
        "Convolution": 20 + 1,
        "BatchNorm": 20,
        "Scale": 20,
        "ReLU": 17,
        "Eltwise": 8,
        "Pooling": 2,
        "InnerProduct": 1,
    }
    assert meaning_error(module, net, x) < EXACT
    folded = Counter(layers(lowered(module, x, options=Options(fold_batch_norm=True))))
    assert folded == {"Convolution": 20 + 1, "ReLU": 17, "Eltwise": 8, "Pooling": 2, "InnerProduct": 1}


class Focus(nn.Module):
    """The first layer of YOLOv5 to release 5; release 6 has it as a convolution of 6 x 6 cells with stride 2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(12, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)

    def forward(self, x):
        return F.silu(self.bn(self.conv(cells(x))))


class Affine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor, self.shift = nn.Parameter(torch.randn(3, 1, 1)), nn.Parameter(torch.randn(3, 1, 1))

    def forward(self, x):
        return F.relu(x * self.factor + self.shift)


class Shifted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.shift = nn.Conv2d(3, 4, 3, bias=False), nn.Parameter(torch.randn(4, 1, 1))

    def forward(self, x):
        return F.relu(self.conv(x) + self.shift)


def blocks(x):
    """Space to depth, as many write it."""
    return x.view(2, 3, 6, 2, 6, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 12, 6, 6)


def cells(x):
    return torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)


@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        (Focus(), ["Convolution", "BatchNorm", "Scale", "Sigmoid", "Eltwise"]),
        (Calls(cells), ["Convolution"]),
        (nn.Sequential(Calls(cells), nn.Conv2d(12, 8, 1), nn.ReLU()), ["Convolution", "ReLU"]),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
            ["Convolution", "BatchNorm", "Scale", "ReLU"],
        ),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False)), ["Convolution", "BatchNorm", "Scale"]),
        (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), ["Pooling", "InnerProduct"]),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Dropout(), nn.Linear(400, 2)),
            ["Convolution", "InnerProduct"],
        ),
        (Calls(lambda x: F.relu(x.view(2, 3, 144).view(2, 3, 12, 12))), ["ReLU"]),
        (Calls(lambda x: F.relu(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)), ["ReLU"]),
        (
            Calls(lambda x: torch.cat([x, x], 1).contiguous().relu()),
            ["Scale", "Concat", "ReLU"],
        ),  # a copy: see read_twice
        (Calls(lambda x: x.mean((2, 3))), ["Pooling", "Reshape"]),
        (Calls(lambda x: x.mean((2, 3), keepdim=True)), ["Pooling"]),
        (Calls(lambda x: x.reshape(2, -1)), ["Flatten"]),
        (nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3)), ["Convolution"]),
        (nn.Sequential(nn.Conv2d(3, 4, 3), Calls(lambda x: x / 2 - 1)), ["Convolution", "Power"]),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.PixelShuffle(2)), ["Convolution", "Deconvolution"]),
        (
            Calls(lambda x: F.normalize(x, dim=1)),
            ["Power", "Convolution", "Power", "Eltwise", "Power", "Convolution", "Eltwise"],
        ),
        (Calls(lambda x: x / x.norm(dim=1, keepdim=True)), ["Power", "Convolution", "Power", "Convolution", "Eltwise"]),
        (nn.Sequential(Calls(blocks), nn.Conv2d(12, 8, 1), nn.ReLU()), ["Convolution", "ReLU"]),
        (Calls(lambda x: x.view(2, 3, 6, 2, 6, 2).permute(0, 1, 3, 5, 2, 4).flatten(1, 3)), ["Convolution"]),
        (Affine(), ["Scale", "ReLU"]),
        (Shifted(), ["Convolution", "ReLU"]),
    ],
)
def test_the_leanest_layers(module: nn.Module, wanted: list[str], tmp_path: Path) -> None:
    x = images(2, 3, 12, 12)
    module = settled(module, *[x] * any(isinstance(part, nn.BatchNorm2d) for part in module.modules()))
    net = lowered(module, x)
    assert layers(net) == wanted
    assert meaning_error(module, net, x) < EXACT
    with torch.no_grad():
        (expected,) = flat(module(x))
    (found,) = opencv_results(files_of(net, tmp_path), x)
    assert error(found, expected) < FLOAT32


class Decoder(nn.Module):
    """Three levels down and up again by bilinear interpolation to the size of the level, as in U-Net and U2-Net."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(3 if level == 0 else width, width, 3, padding=1) for level in range(4))
        self.up = nn.ModuleList(nn.Conv2d(2 * width, width, 3, padding=1) for _ in range(3))

    def forward(self, x):
        levels = []
        for level, conv in enumerate(self.down):
            x = F.relu(conv(F.max_pool2d(x, 2) if level else x))
            levels.append(x)
        for level, conv in zip(levels[-2::-1], self.up, strict=True):
            x = F.interpolate(x, size=level.shape[2:], mode="bilinear", align_corners=False)
            x = F.relu(conv(torch.cat([x, level], 1)))
        return x


def test_the_layers_of_bilinear_upsampling(tmp_path: Path) -> None:
    """Two Slices and Concats, which repeat the border, and a Deconvolution each; the largest map takes rows in turn."""
    x, module = images(1, 3, 128, 96), Decoder().eval()
    net = lowered(module, x)
    assert Counter(layers(net)) == {
        "Convolution": 7 + 2,
        "ReLU": 7,
        "Pooling": 3,
        "Slice": 2 * 3,
        "Concat": 2 * 3 + 1 + 3,
        "Deconvolution": 3,
        "Reshape": 3,
    }
    assert meaning_error(module, net, x) < EXACT
    (found,) = opencv_results(files_of(net, tmp_path), x)
    assert error(found, module(x)) < FLOAT32


@pytest.mark.parametrize("network", [ResNet, Mobile])
def test_no_layer_changes_nothing(network: type[nn.Module]) -> None:
    x = 8 * images(1, 3, 33, 33)  # beyond the corners of ReLU6
    assert not idle_layers(lowered(settled(network(), images(4, 3, 33, 33)), x), x)
