"""The 37 operations of the survey of other converters, each behind a convolution, to files and back.

torch is the judge: `module.double()` of what the layers mean, the module itself of what the files compute. OpenCV reads
the files by itself wherever it knows the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.targets import CAFFE
from tests.converters.pytorch.judge import EXACT, Calls, images, settled
from tests.end_to_end.from_torch import (
    FLOAT32,
    error,
    files_of,
    idle_layers,
    lowered,
    meaning_error,
    opencv_knows,
    opencv_results,
    results,
)

CHANNELS = 8
"""What the convolution in front makes of 3 channels."""
SIZE = (8, 12)


class Behind(nn.Module):
    """A convolution, and an operation on what it gives."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.part = part

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.part(self.conv(x))


class SqueezeExcite(nn.Module):
    """As most people write it: a Linear of what the pooling gives, and expand_as."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(CHANNELS, 4), nn.ReLU(), nn.Linear(4, CHANNELS), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, _, _ = x.size()
        y = F.adaptive_avg_pool2d(x, 1).view(batch, channels)
        y = self.fc(y).view(batch, channels, 1, 1)
        return x * y.expand_as(x)


class PadConvolution(nn.Module):
    """The padding of TensorFlow's "same": more at the end than at the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 6, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x)


class Difference(Residual):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.conv(x)


class Joined(Residual):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.conv(x)], 1)


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(CHANNELS * SIZE[0] * SIZE[1], 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.flatten(x, 1))


def chunk(x: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, 1)
    return first * 3 + second


def shuffle(x: torch.Tensor) -> torch.Tensor:
    batch, channels, height, width = x.shape
    grouped = x.view(batch, 4, channels // 4, height, width)
    return grouped.transpose(1, 2).contiguous().view(batch, channels, height, width)


PROBES: dict[str, Callable[[], nn.Module]] = {
    "max_pool_floor": lambda: nn.MaxPool2d(3, 2, 1),
    "max_pool_ceil": lambda: nn.MaxPool2d(3, 2, ceil_mode=True),
    "avg_pool_padding_counted": lambda: nn.AvgPool2d(3, 2, 1),
    "avg_pool_padding_not_counted": lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "adaptive_8_to_4": lambda: nn.AdaptiveAvgPool2d(4),
    "conv_transpose": lambda: nn.ConvTranspose2d(CHANNELS, 6, 4, 2, 1),
    "conv_transpose_output_padding": lambda: nn.ConvTranspose2d(CHANNELS, 6, 3, 2, 1, output_padding=1),
    "dilation_2_1": lambda: nn.Conv2d(CHANNELS, 6, 3, padding=(2, 1), dilation=(2, 1)),
    "times_2_plus_1": lambda: Calls(lambda x: x * 2 + 1),
    "residual_add": Residual,
    "subtraction": Difference,
    "se_block": SqueezeExcite,
    "prelu_per_channel": lambda: nn.PReLU(CHANNELS),
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "relu6": nn.ReLU6,
    "silu": nn.SiLU,
    "hardswish": nn.Hardswish,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "elu": nn.ELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softmax_over_channels": lambda: nn.Softmax(dim=1),
    "upsample_nearest": lambda: nn.Upsample(scale_factor=2, mode="nearest"),
    "upsample_bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    "instance_norm": lambda: nn.InstanceNorm2d(CHANNELS),
    "instance_norm_affine": lambda: nn.InstanceNorm2d(CHANNELS, affine=True),
    "layer_norm": lambda: nn.LayerNorm([CHANNELS, *SIZE]),
    "group_norm": lambda: nn.GroupNorm(4, CHANNELS),
    "batch_norm_without_affine": lambda: nn.BatchNorm2d(CHANNELS, affine=False),
    "channel_shuffle": lambda: Calls(shuffle),
    "asymmetric_pad_and_strided_convolution": PadConvolution,
    "cat": Joined,
    "chunk": lambda: Calls(chunk),
    "mean_over_h_w": lambda: Calls(lambda x: x.mean((2, 3))),
    "flatten_linear": Classifier,
    "pixel_shuffle": lambda: nn.PixelShuffle(2),
}


def probe(name: str) -> tuple[nn.Module, torch.Tensor]:
    """The module with weights that keep the signal alive, and an input for it."""
    torch.manual_seed(7)
    module, x = Behind(PROBES[name]()), images(2, 3, *SIZE)
    for part in module.modules():
        if isinstance(part, nn.InstanceNorm2d | nn.LayerNorm | nn.GroupNorm | nn.PReLU) and part.weight is not None:
            for weight in part.parameters():
                nn.init.normal_(weight)
    module.conv.weight.data *= 8  # beyond the corners of ReLU6 and Hardswish
    return settled(module, x), x


def test_the_probes_are_37() -> None:
    assert len(PROBES) == 37


@pytest.mark.parametrize("name", PROBES)
def test_the_layers_mean_what_torch_computes(name: str) -> None:
    module, x = probe(name)
    net = lowered(module, x)
    assert {type(node.layer) for node in net.nodes} <= CAFFE.layers.keys()
    assert not idle_layers(net, x)
    assert meaning_error(module, net, x) < EXACT


@pytest.mark.parametrize("name", PROBES)
def test_the_files_compute_what_torch_computes(name: str, tmp_path: Path) -> None:
    module, x = probe(name)
    with torch.no_grad():
        wanted = module(x)
    files = files_of(lowered(module, x), tmp_path)
    assert wanted.abs().max() > 0.1
    (found,) = results(files, x)
    assert found.shape == tuple(wanted.shape)
    assert error(found, wanted) < FLOAT32
    if opencv_knows(files.net):
        (theirs,) = opencv_results(files, x)
        assert error(theirs, wanted) < FLOAT32
