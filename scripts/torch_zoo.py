"""Small networks of the well-known kinds, with seeded weights: what scripts/convert_torch_zoo converts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the shape changes (ResNet)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = inputs == outputs and stride == 1
        self.beside = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.beside(x))


class Inverted(nn.Module):
    """Widen, filter each channel by itself, narrow again (MobileNetV2)."""

    def __init__(self, channels: int, widen: int) -> None:
        super().__init__()
        wide = channels * widen
        self.path = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, wide, 3, 1, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.path(x)


class Fire(nn.Module):
    """Squeeze, then two expansions side by side (SqueezeNet)."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.small = nn.Conv2d(squeezed, expanded, 1)
        self.large = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.small(x)), F.relu(self.large(x))], 1)


class UNet(nn.Module):
    """Down, up by a transposed convolution, and a concatenation across."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.LeakyReLU(0.1))
        self.below = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.LeakyReLU(0.1))
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.after = nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        return torch.sigmoid(self.after(torch.cat([x, self.up(self.below(x))], 1)))


def resnet(width: int = 16) -> nn.Module:
    return seeded(
        nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            Residual(width, width, 1),
            Residual(width, 2 * width, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(2 * width, 10),
        )
    )


def mobilenet(width: int = 16) -> nn.Module:
    stem = nn.Conv2d(3, width, 3, 2, 1)
    blocks = [Inverted(width, 6) for _ in range(3)]
    return seeded(nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10)))


def squeezenet() -> nn.Module:
    layers = (nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 4, 16), Fire(32, 8, 16))
    return seeded(nn.Sequential(*layers, nn.Conv2d(32, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()))


def lenet() -> nn.Module:
    features = (nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2))
    return seeded(nn.Sequential(*features, nn.Flatten(), nn.Linear(256, 84), nn.Tanh(), nn.Linear(84, 10)))


def unet() -> nn.Module:
    return seeded(UNet())


def seeded(module: nn.Module) -> nn.Module:
    """The module with the same weights and statistics at every call, whatever was drawn before."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=draw))
            elif tensor.is_floating_point():
                fan_in = tensor[0].numel() if tensor.dim() > 1 else 100
                tensor.copy_(torch.randn(tensor.shape, generator=draw) / fan_in**0.5)
    return module.eval()
