"""Small networks written for the tests, of the kinds that people convert."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """A residual block; the same ReLU twice, in place, as torchvision writes it."""

    def __init__(self, inner: int, outer: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.downsample = nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))
        self.plain = stride == 1 and inner == outer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.plain else self.downsample(x)
        return self.relu(y)


class ResNet(nn.Module):
    """A stem with a pooling that rounds down, blocks, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.layer1 = nn.Sequential(Block(8, 8), Block(8, 16, 2))
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer1(self.stem(x))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        return self.fc(self.dropout(x))


class Squeeze(nn.Module):
    """Squeeze-and-excitation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // 2, 1)
        self.fc2 = nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.fc2(F.silu(self.fc1(self.pool(x)))))


class Mobile(nn.Module):
    """Depthwise convolutions, ReLU6, squeeze-and-excitation, an Inception-like cat and a chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(3, 12, 1), nn.BatchNorm2d(12), nn.ReLU6(inplace=True))
        self.depthwise = nn.Sequential(nn.Conv2d(12, 12, 3, 2, 1, groups=12), nn.BatchNorm2d(12), nn.SiLU(inplace=True))
        self.se = Squeeze(12)
        self.wide = nn.Conv2d(12, 6, (1, 5), padding=(0, 2))
        self.tall = nn.Conv2d(12, 6, (5, 1), padding="same")
        self.up = nn.ConvTranspose2d(6, 4, 3, 2, 1, output_padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.se(self.depthwise(self.expand(x)))
        y = torch.cat([self.wide(y), self.tall(y), F.avg_pool2d(y, 3, 1, 1)], 1)
        a, b, c = y.split([6, 6, 12], 1)
        d, e = c.chunk(2, dim=1)
        return self.up(a * 2 + b) + self.up(d - e)
