"""Parts that many nets share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, act: type[nn.Module] | None = nn.ReLU
) -> nn.Sequential:
    """Convolution that keeps the size for stride 1, BatchNorm, activation."""
    parts = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*parts, *([act()] if act else ()))


class Around(nn.Module):
    """x + path(x), or another way to join the two; then an activation."""

    def __init__(self, *path: nn.Module, beside: nn.Module | None = None, act: nn.Module | None = None) -> None:
        super().__init__()
        self.path, self.beside, self.act = nn.Sequential(*path), beside or nn.Identity(), act or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.beside(x) + self.path(x))


class Side(nn.Module):
    """Several paths side by side, joined as channels."""

    def __init__(self, *paths: nn.Module) -> None:
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([path(x) for path in self.paths], 1)


class Excited(nn.Module):
    """x times a number for each channel, made from its mean (squeeze and excitation)."""

    def __init__(self, channels: int, gate: type[nn.Module] = nn.Sigmoid, squeezed: int = 4) -> None:
        super().__init__()
        self.factors = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            gate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors(x)


class Lambda(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def classified(channels: int, classes: int = 10) -> tuple[nn.Module, ...]:
    """Mean over the map, and a linear layer."""
    return (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def inverted(
    inputs: int,
    outputs: int,
    kernel: int = 3,
    stride: int = 1,
    act: type[nn.Module] = nn.ReLU6,
    gate: type[nn.Module] | None = None,
) -> nn.Module:
    """Widen, filter by channel, excite where there is a gate, narrow (MobileNetV2, V3, EfficientNet)."""
    wide = 3 * inputs
    path = (
        conv(inputs, wide, 1, act=act),
        conv(wide, wide, kernel, stride, wide, act=act),
        *([Excited(wide, gate)] if gate else ()),
        conv(wide, outputs, 1, act=None),
    )
    return Around(*path) if inputs == outputs and stride == 1 else nn.Sequential(*path)
