"""Nets that give maps: segmentation, generators, super-resolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.portability.blocks import Around, Excited, Lambda, conv, inverted


class UNet(nn.Module):
    """Down twice, up twice, and a concatenation across each time."""

    def __init__(self, up: nn.Module, again: nn.Module) -> None:
        super().__init__()
        self.first, self.second, self.third = conv(3, 8), conv(8, 16), conv(16, 16)
        self.up, self.again = up, again
        self.after, self.last = conv(32, 8), nn.Sequential(conv(16, 8), nn.Conv2d(8, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(F.max_pool2d(first, 2))
        up = self.after(torch.cat([second, self.up(self.third(F.max_pool2d(second, 2)))], 1))
        return self.last(torch.cat([first, self.again(up)], 1))


def _resized(mode: str, corners: bool | None = None) -> nn.Module:
    return UNet(*(nn.Upsample(scale_factor=2, mode=mode, align_corners=corners) for _ in range(2)))


def unet_nearest() -> nn.Module:
    return _resized("nearest")


def unet_bilinear() -> nn.Module:
    return _resized("bilinear", False)


def unet_bilinear_corners() -> nn.Module:
    return _resized("bilinear", True)


def unet_bicubic() -> nn.Module:
    return _resized("bicubic", False)


def unet_transposed() -> nn.Module:
    return UNet(nn.ConvTranspose2d(16, 16, 2, 2), nn.ConvTranspose2d(8, 8, 4, 2, 1))


def unet_shuffled() -> nn.Module:
    return UNet(*(nn.Sequential(nn.Conv2d(c, 4 * c, 1), nn.PixelShuffle(2)) for c in (16, 8)))


class _Pyramid(nn.Module):
    """Means over grids of several sizes, resized back (PSPNet)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(n), conv(channels, 4, 1)) for n in (1, 2, 3, 6))

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[2:]
        resized = [F.interpolate(path(x), size=size, mode="bilinear", align_corners=True) for path in self.paths]
        return torch.cat([x, *resized], 1)


def pspnet() -> nn.Module:
    up = nn.Upsample(size=(96, 96), mode="bilinear", align_corners=True)
    return nn.Sequential(conv(3, 8, 3, 2), conv(8, 16, 3, 2), _Pyramid(16), conv(32, 16), nn.Conv2d(16, 3, 1), up)


class _Atrous(nn.Module):
    """Dilated convolutions side by side, with the mean of all (DeepLabV3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(nn.Conv2d(channels, 8, 3, padding=d, dilation=d) for d in (2, 4, 6))
        self.point, self.mean = nn.Conv2d(channels, 8, 1), conv(channels, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = F.interpolate(
            self.mean(F.adaptive_avg_pool2d(x, 1)), size=x.shape[2:], mode="bilinear", align_corners=False
        )
        return torch.cat([self.point(x), *(path(x) for path in self.paths), mean], 1)


class _Restored(nn.Module):
    """The body's map, resized to the picture's size."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.body(x), size=x.shape[2:], mode="bilinear", align_corners=False)


def deeplabv3() -> nn.Module:
    body = (inverted(8, 12, 3, 2, nn.Hardswish, nn.Hardsigmoid), inverted(12, 12, 3, 2, nn.Hardswish))
    return _Restored(conv(3, 8, 3, 2, act=nn.Hardswish), *body, _Atrous(12), conv(40, 16, 1), nn.Conv2d(16, 3, 1))


class _Lite(nn.Module):
    """Two maps of other sizes, the larger of them gated (LR-ASPP)."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high = conv(3, 8, 3, 4), nn.Sequential(conv(8, 16, 3, 2, act=nn.Hardswish), conv(16, 16, 3, 2))
        self.point, self.gate = (
            conv(16, 12, 1),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 12, 1), nn.Sigmoid()),
        )
        self.from_low, self.from_high = nn.Conv2d(8, 3, 1), nn.Conv2d(12, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low(x)
        high = self.high(low)
        gated = F.interpolate(
            self.point(high) * self.gate(high), size=low.shape[2:], mode="bilinear", align_corners=False
        )
        joined = self.from_low(low) + self.from_high(gated)
        return F.interpolate(joined, size=x.shape[2:], mode="bilinear", align_corners=False)


def lraspp() -> nn.Module:
    return _Lite()


class _FeaturePyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([conv(3, 8, 3, 4), conv(8, 16, 3, 2), conv(16, 24, 3, 2)])
        self.beside = nn.ModuleList(nn.Conv2d(c, 12, 1) for c in (8, 16, 24))
        self.after = nn.ModuleList(nn.Conv2d(12, 12, 3, padding=1) for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for stage in self.stages:
            maps.append(x := stage(x))
        found = [self.beside[2](maps[2])]
        for place in (1, 0):
            up = F.interpolate(found[-1], size=maps[place].shape[2:], mode="nearest")
            found.append(self.beside[place](maps[place]) + up)
        return tuple(after(x) for after, x in zip(self.after, found, strict=True))


def fpn() -> nn.Module:
    return _FeaturePyramid()


def cyclegan() -> nn.Module:
    """Reflected borders and InstanceNorm."""

    def normed(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, ...]:
        return (nn.Conv2d(inputs, outputs, 3, stride, 1), nn.InstanceNorm2d(outputs), nn.ReLU())

    block = Around(nn.ReflectionPad2d(1), nn.Conv2d(16, 16, 3), nn.InstanceNorm2d(16), nn.ReLU(), *normed(16, 16)[:2])
    up = (nn.ConvTranspose2d(16, 8, 3, 2, 1, output_padding=1), nn.InstanceNorm2d(8), nn.ReLU())
    stem = (nn.ReflectionPad2d(3), nn.Conv2d(3, 8, 7), nn.InstanceNorm2d(8), nn.ReLU(), *normed(8, 16, 2))
    return nn.Sequential(*stem, block, block, *up, nn.ReflectionPad2d(3), nn.Conv2d(8, 3, 7), nn.Tanh())


def pix2pix() -> nn.Module:
    """InstanceNorm with weights, leaky, deconvolutions of kernel 4."""
    norm = [nn.InstanceNorm2d(c, affine=True) for c in (16, 8)]
    down = (nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 16, 4, 2, 1), norm[0], nn.LeakyReLU(0.2))
    return nn.Sequential(
        *down, nn.ConvTranspose2d(16, 8, 4, 2, 1), norm[1], nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh()
    )


def dcgan() -> nn.Module:
    """From a vector to a picture; the input is a picture of which the mean is the vector."""

    def up(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
        return (nn.BatchNorm2d(inputs), nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False))

    vector = (conv(3, 16, 3, 4), nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(*vector, nn.ConvTranspose2d(16, 16, 4, bias=False), *up(16, 8), *up(8, 3), nn.Tanh())


def espcn() -> nn.Module:
    body = (nn.Conv2d(3, 16, 5, padding=2), nn.Tanh(), nn.Conv2d(16, 12, 3, padding=1), nn.Tanh())
    return nn.Sequential(*body, nn.Conv2d(12, 27, 3, padding=1), nn.PixelShuffle(3))


def edsr() -> nn.Module:
    block = Around(nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), Lambda(_tenth))
    up = (nn.Conv2d(12, 48, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(12, 3, 3, padding=1))
    return nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), Around(block, nn.Conv2d(12, 12, 3, padding=1)), *up)


def _tenth(x: Tensor) -> Tensor:
    return 0.1 * x


def rcan() -> nn.Module:
    """Super-resolution with excitation."""
    block = Around(nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), Excited(12))
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1), block, nn.Conv2d(12, 12, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(3, 3, 1)
    )


NETS = {
    "unet_nearest": unet_nearest,
    "unet_bilinear": unet_bilinear,
    "unet_bilinear_corners": unet_bilinear_corners,
    "unet_bicubic": unet_bicubic,
    "unet_transposed": unet_transposed,
    "unet_shuffled": unet_shuffled,
    "pspnet": pspnet,
    "deeplabv3": deeplabv3,
    "lraspp": lraspp,
    "fpn": fpn,
    "cyclegan": cyclegan,
    "pix2pix": pix2pix,
    "dcgan": dcgan,
    "espcn": espcn,
    "edsr": edsr,
    "rcan": rcan,
}
"""Modules for 1x3x64x64 by name; the outputs are maps."""
