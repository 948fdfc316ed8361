"""ResNet-50 and VGG16 at their full size, with torch's own first weights: what scripts/benchmark_torch converts."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Of ResNet-50: the width of each stage's 3x3 convolutions, and how many blocks it has."""
VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class Bottleneck(nn.Module):
    """Narrow, filter, widen again beside the identity, or beside a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        wide = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, wide, 1, bias=False), nn.BatchNorm2d(wide)
        same = inputs == wide and stride == 1
        beside = nn.Sequential(nn.Conv2d(inputs, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
        self.beside = nn.Identity() if same else beside

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.beside(x))


def resnet50() -> nn.Module:
    """25,557,032 parameters (He et al. 2015, table 1; the stride on the 3x3 convolution)."""
    blocks: list[nn.Module] = []
    inputs = 64
    for stage, (width, count) in enumerate(STAGES):
        for number in range(count):
            blocks.append(Bottleneck(inputs, width, 2 if stage and not number else 1))
            inputs = 4 * width
    stem = (nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000)).eval()


def vgg16() -> nn.Module:
    """138,357,544 parameters (Simonyan and Zisserman 2014, configuration D)."""
    layers: list[nn.Module] = []
    inputs = 3
    for width, count in VGG16:
        for _ in range(count):
            layers += (nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU())
            inputs = width
        layers.append(nn.MaxPool2d(2))
    hidden = (nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout())
    return nn.Sequential(*layers, nn.Flatten(), *hidden, nn.Linear(4096, 1000)).eval()
