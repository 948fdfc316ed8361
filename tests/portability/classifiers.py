"""Classifiers, and nets that give a vector for a face."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.portability.blocks import Around, Excited, Lambda, Side, classified, conv, inverted


def resnet() -> nn.Module:
    down = Around(conv(16, 24, 3, 2), conv(24, 24, act=None), beside=conv(16, 24, 1, 2, act=None), act=nn.ReLU())
    same = Around(conv(16, 16), conv(16, 16, act=None), act=nn.ReLU())
    return nn.Sequential(conv(3, 16, 7, 2), nn.MaxPool2d(3, 2, 1), same, down, *classified(24))


def vgg() -> nn.Module:
    body = (conv(3, 8), conv(8, 8), nn.MaxPool2d(2), conv(8, 16), nn.MaxPool2d(2), conv(16, 16), nn.MaxPool2d(2))
    rows = (nn.Flatten(), nn.Linear(16 * 64, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 10))
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(8), *rows, nn.Softmax(1))


def googlenet() -> nn.Module:
    def inception(inputs: int) -> nn.Module:
        pool = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv(inputs, 4, 1))
        three, five = nn.Sequential(conv(inputs, 6, 1), conv(6, 8)), nn.Sequential(conv(inputs, 4, 1), conv(4, 4, 5))
        return Side(conv(inputs, 8, 1), three, five, pool)

    stem = (conv(3, 16, 7, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5))
    return nn.Sequential(*stem, inception(16), nn.MaxPool2d(3, 2, ceil_mode=True), inception(24), *classified(24))


def inception_v3() -> nn.Module:
    """Padded means, and convolutions of one row or one column."""
    mean = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(12, 6, 1))
    row = nn.Sequential(nn.Conv2d(12, 8, (1, 7), padding=(0, 3)), nn.ReLU(), nn.Conv2d(8, 8, (7, 1), padding=(3, 0)))
    down = Side(nn.Sequential(nn.Conv2d(20, 8, 3, 2), nn.ReLU()), nn.MaxPool2d(3, 2))
    stem = (nn.Conv2d(3, 12, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2))
    return nn.Sequential(*stem, Side(conv(12, 6, 1), mean, row), down, *classified(28))


def densenet() -> nn.Module:
    def grown(inputs: int) -> nn.Module:
        new = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), conv(inputs, 16, 1), nn.Conv2d(16, 8, 3, padding=1))
        return Side(nn.Identity(), new)

    down = nn.Sequential(nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 16, 1), nn.AvgPool2d(2, 2))
    stem = (conv(3, 16, 7, 2), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, grown(16), grown(24), down, grown(16), nn.BatchNorm2d(24), nn.ReLU(), *classified(24))


def squeezenet() -> nn.Module:
    def fire(inputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(inputs, 4, 1), nn.ReLU(), Side(nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 3, padding=1))
        )

    stem = (nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True))
    last = (nn.Conv2d(16, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*stem, fire(16), nn.MaxPool2d(3, 2, ceil_mode=True), fire(16), *last)


class _Shuffled(nn.Module):
    """Half of the channels are worked on, then all are shuffled in two groups."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.path = nn.Sequential(conv(half, half, 1), conv(half, half, 3, 1, half, act=None), conv(half, half, 1))

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = x.chunk(2, 1)
        return F.channel_shuffle(torch.cat([kept, self.path(worked)], 1), 2)


def shufflenet() -> nn.Module:
    return nn.Sequential(conv(3, 16, 3, 2), nn.MaxPool2d(3, 2, 1), _Shuffled(16), _Shuffled(16), *classified(16))


def mobilenet_v1() -> nn.Module:
    def separable(inputs: int, outputs: int, stride: int) -> nn.Module:
        return nn.Sequential(conv(inputs, inputs, 3, stride, inputs), conv(inputs, outputs, 1))

    return nn.Sequential(conv(3, 8, 3, 2), separable(8, 16, 1), separable(16, 24, 2), *classified(24))


def mobilenet_v2() -> nn.Module:
    blocks = (inverted(8, 12), inverted(12, 16, stride=2), inverted(16, 16), inverted(16, 24, stride=2))
    return nn.Sequential(conv(3, 8, 3, 2, act=nn.ReLU6), *blocks, conv(24, 32, 1, act=nn.ReLU6), *classified(32))


def mobilenet_v3() -> nn.Module:
    swish, hard = nn.Hardswish, nn.Hardsigmoid
    blocks = (
        inverted(8, 8, act=nn.ReLU, gate=hard),
        inverted(8, 16, 5, 2, swish, hard),
        inverted(16, 16, 5, 1, swish, hard),
    )
    rows = (nn.Linear(16, 24), nn.Hardswish(), nn.Dropout(), nn.Linear(24, 10))
    return nn.Sequential(conv(3, 8, 3, 2, act=swish), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *rows)


def mnasnet() -> nn.Module:
    return nn.Sequential(
        conv(3, 8, 3, 2), inverted(8, 12, 3, 2, nn.ReLU), inverted(12, 12, 5, 1, nn.ReLU), *classified(12)
    )


def efficientnet() -> nn.Module:
    act, gate = nn.SiLU, nn.Sigmoid
    blocks = (inverted(8, 12, 3, 2, act, gate), inverted(12, 12, 5, 1, act, gate), inverted(12, 16, 3, 2, act, gate))
    return nn.Sequential(conv(3, 8, 3, 2, act=act), *blocks, conv(16, 32, 1, act=act), *classified(32))


def senet() -> nn.Module:
    """Excitation by linear layers on rows."""

    class Rows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factors = nn.Sequential(nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, 16), nn.Sigmoid())

        def forward(self, x: Tensor) -> Tensor:
            return x * self.factors(x.mean((2, 3))).view(x.shape[0], -1, 1, 1)

    block = Around(conv(16, 16), conv(16, 16, act=None), Rows(), act=nn.ReLU())
    return nn.Sequential(conv(3, 16, 7, 2), nn.MaxPool2d(3, 2, 1), block, *classified(16))


def regnet() -> nn.Module:
    path = (conv(16, 24, 1), conv(24, 24, 3, 2, 3), Excited(24), conv(24, 24, 1, act=None))
    block = Around(*path, beside=conv(16, 24, 1, 2, act=None), act=nn.ReLU())
    return nn.Sequential(conv(3, 16, 3, 2), block, *classified(24))


class _Attention(nn.Module):
    """Factors by channel from two poolings, then factors by place from the mean and the largest channel (CBAM)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rows = nn.Sequential(nn.Conv2d(channels, 4, 1), nn.ReLU(), nn.Conv2d(4, channels, 1))
        self.places = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        x = x * torch.sigmoid(self.rows(F.adaptive_avg_pool2d(x, 1)) + self.rows(F.adaptive_max_pool2d(x, 1)))
        maps = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.places(maps))


def cbam() -> nn.Module:
    block = Around(conv(16, 16), conv(16, 16, act=None), _Attention(16), act=nn.ReLU())
    return nn.Sequential(conv(3, 16, 3, 2), block, *classified(16))


class _ChannelsLast(nn.Module):
    """LayerNorm over the channels of a map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _ConvNeXt(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.rows = nn.Sequential(
            nn.LayerNorm(channels, eps=1e-6),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.rows(self.depthwise(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    down = (_ChannelsLast(8), nn.Conv2d(8, 16, 2, 2))
    return nn.Sequential(nn.Conv2d(3, 8, 4, 4), _ChannelsLast(8), _ConvNeXt(8), *down, _ConvNeXt(16), *classified(16))


def poolformer() -> nn.Module:
    """Means over padded windows that leave the padding out, and GroupNorm(1)."""
    pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    mixed = Around(nn.GroupNorm(1, 16), Around(pool, beside=Lambda(torch.neg)))
    mlp = Around(nn.GroupNorm(1, 16), nn.Conv2d(16, 32, 1), nn.GELU(), nn.Conv2d(32, 16, 1))
    return nn.Sequential(nn.Conv2d(3, 16, 7, 4, 2), mixed, mlp, *classified(16))


def groupnorm() -> nn.Module:
    body = (
        nn.Conv2d(3, 16, 3, 2, 1),
        nn.GroupNorm(4, 16),
        nn.GELU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.GroupNorm(8, 16),
    )
    return nn.Sequential(*body, nn.GELU("tanh"), *classified(16))


class _Normalized(nn.Module):
    """A face's vector of length 1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x.flatten(1))


def mobilefacenet() -> nn.Module:
    def bottleneck() -> nn.Module:
        return Around(
            conv(16, 32, 1, act=None),
            nn.PReLU(32),
            conv(32, 32, 3, 1, 32, act=None),
            nn.PReLU(32),
            conv(32, 16, 1, act=None),
        )

    stem = (conv(3, 16, 3, 2, act=None), nn.PReLU(16), conv(16, 16, 3, 2, 16, act=None), nn.PReLU(16))
    last = (nn.Conv2d(16, 16, 16, groups=16, bias=False), nn.BatchNorm2d(16), nn.Conv2d(16, 24, 1, bias=False))
    return nn.Sequential(*stem, bottleneck(), bottleneck(), *last, nn.BatchNorm2d(24), _Normalized())


def arcface() -> nn.Module:
    """BatchNorm before convolutions and on rows."""
    block = Around(nn.BatchNorm2d(16), nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.PReLU(16), Excited(16))
    rows = (nn.Flatten(), nn.Linear(16 * 64, 24), nn.BatchNorm1d(24))
    return nn.Sequential(nn.Conv2d(3, 16, 3, 4, 1), nn.BatchNorm2d(16), nn.PReLU(16), block, nn.MaxPool2d(1, 2), *rows)


class _Activations(nn.Module):
    """One path for each activation."""

    def __init__(self) -> None:
        super().__init__()
        acts = (
            nn.ReLU6,
            nn.LeakyReLU,
            nn.ELU,
            nn.SELU,
            nn.SiLU,
            nn.Mish,
            nn.Softplus,
            nn.Tanh,
            nn.Hardtanh,
            nn.Softsign,
        )
        self.paths = nn.ModuleList(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), act()) for act in acts)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([path(x) for path in self.paths], 1)


def activations() -> nn.Module:
    return nn.Sequential(_Activations(), conv(40, 16, 1), *classified(16))


class _Pools(nn.Module):
    """Poolings that Caffe lacks: rounded down, padded, dilated, adaptive, with a mean's options."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 8)
        self.paths = nn.ModuleList(
            [
                nn.MaxPool2d(3, 2),
                nn.MaxPool2d(3, 2, 1),
                nn.MaxPool2d(2, 2, 1, ceil_mode=True),
                nn.MaxPool2d(3, 2, 1, dilation=2),
                nn.MaxPool2d((3, 1), (1, 2), (1, 0)),
                nn.AvgPool2d(3, 2, 1),
                nn.AvgPool2d(3, 2, 1, count_include_pad=False),
                nn.AvgPool2d(2, 2, ceil_mode=True),
                nn.AdaptiveAvgPool2d((5, 7)),
                nn.AdaptiveMaxPool2d((3, 4)),
            ]
        )
        self.last = nn.ModuleList(nn.Conv2d(8, 2, 1) for _ in self.paths)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        return tuple(last(path(x)) for path, last in zip(self.paths, self.last, strict=True))


def pools() -> nn.Module:
    return _Pools()


NETS = {
    "resnet": resnet,
    "vgg": vgg,
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "densenet": densenet,
    "squeezenet": squeezenet,
    "shufflenet": shufflenet,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3": mobilenet_v3,
    "mnasnet": mnasnet,
    "efficientnet": efficientnet,
    "senet": senet,
    "regnet": regnet,
    "cbam": cbam,
    "convnext": convnext,
    "poolformer": poolformer,
    "groupnorm": groupnorm,
    "mobilefacenet": mobilefacenet,
    "arcface": arcface,
    "activations": activations,
    "pools": pools,
}
"""Modules for 1x3x64x64 by name."""
