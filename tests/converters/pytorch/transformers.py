"""Small networks of the kinds whose layers want their axes in another order, written for the tests."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution; norm and two linear layers over the channels, which are put last for them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.rand(channels) + 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(F.hardswish(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Heads cut out of one linear layer, as timm writes it."""

    def __init__(self, channels: int, heads: int, *, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused = heads, fused
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, channels = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return self.proj(y.transpose(1, 2).reshape(batch, length, channels))


class ViT(nn.Module):
    """Patches, a class token, positions, blocks of attention and linear layers, a classifier of the class token."""

    def __init__(self, *, fused: bool = True, blocks: int = 2) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 12, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 12))
        self.positions = nn.Parameter(torch.randn(1, 17, 12))
        self.norms = nn.ModuleList(nn.LayerNorm(12) for _ in range(2 * blocks))
        self.attention = nn.ModuleList(Attention(12, 3, fused=fused) for _ in range(blocks))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(12, 24), nn.SiLU(), nn.Linear(24, 12)) for _ in range(blocks))
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        for place, (attention, mlp) in enumerate(zip(self.attention, self.mlp, strict=True)):
            x = x + attention(self.norms[2 * place](x))
            x = x + mlp(self.norms[2 * place + 1](x))
        return self.head(x[:, 0])


class Windows(nn.Module):
    """A block of Swin: shifted windows, attention within each with a bias for each pair of places, and back."""

    def __init__(self, *, shift: int = 2) -> None:
        super().__init__()
        self.shift, self.heads, self.side = shift, 2, 4
        self.norm = nn.LayerNorm(8)
        self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)
        self.bias = nn.Parameter(torch.randn(1, 2, 16, 16))
        self.mask: torch.Tensor
        self.register_buffer("mask", torch.where(torch.rand(4, 16, 16) > 0.4, 0.0, -100.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, h, w, c = x.shape
        s = self.side
        y = torch.roll(self.norm(x), (-self.shift, -self.shift), (1, 2))
        y = y.view(n, h // s, s, w // s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, s * s, c)
        qkv = self.qkv(y).reshape(y.size(0), s * s, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q * (c // self.heads) ** -0.5).matmul(k.transpose(-2, -1)) + self.bias
        scores = scores.view(n, 4, self.heads, s * s, s * s) + self.mask.unsqueeze(1).unsqueeze(0)
        y = F.softmax(scores.view(-1, self.heads, s * s, s * s), dim=-1).matmul(v).transpose(1, 2)
        y = self.proj(y.reshape(-1, s * s, c))
        y = y.view(n, h // s, w // s, s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return x + torch.roll(y, (self.shift, self.shift), (1, 2))


class Swin(nn.Module):
    """Patches in rows and columns, channels last; two blocks, patches merged four to one."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 2, 2)
        self.norm = nn.LayerNorm(8)
        self.blocks = nn.Sequential(Windows(shift=0), Windows(shift=2))
        self.reduction = nn.Linear(32, 16, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.norm(self.patches(x).permute(0, 2, 3, 1)))
        x = torch.cat([x[..., 0::2, 0::2, :], x[..., 1::2, 0::2, :], x[..., 0::2, 1::2, :], x[..., 1::2, 1::2, :]], -1)
        return self.reduction(x).permute(0, 3, 1, 2).mean((2, 3))


class Shuffle(nn.Module):
    """A unit of ShuffleNet: half of the channels pass, then both halves are shuffled."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(nn.Conv2d(half, half, 1), nn.ReLU(), nn.Conv2d(half, half, 3, 1, 1, groups=half))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = x.chunk(2, dim=1)
        x = torch.cat((first, self.branch(second)), dim=1)
        n, c, h, w = x.size()
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)


class SqueezeExcite(nn.Module):
    """Squeeze and excitation as it is often written: linear layers, a view, expand_as."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, _, _ = x.size()
        y = self.fc(self.pool(x).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class DFL(nn.Module):
    """The head of YOLOv8: the mean of a distribution over 16 distances for each of four sides."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(16, 1, 1, bias=False)
        self.conv.weight.data[:] = torch.arange(16.0).view(1, 16, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, _, a = x.shape
        return self.conv(x.view(b, 4, 16, a).transpose(2, 1).softmax(1)).view(b, 4, a)


class PSA(nn.Module):
    """The attention of YOLO11: heads out of a convolution, in the order of its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Conv2d(8, 16, 1)
        self.pe = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.proj = nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, h, w = x.shape
        q, k, v = self.qkv(x).view(b, 2, 8, h * w).split([2, 2, 4], dim=2)
        attn = (q.transpose(-2, -1) @ k * 2**-0.5).softmax(dim=-1)
        y = (v @ attn.transpose(-2, -1)).view(b, c, h, w) + self.pe(v.reshape(b, c, h, w))
        return self.proj(y)


class Mixer(nn.Module):
    """Linear layers over tokens and over channels in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.tokens = nn.Sequential(nn.Linear(9, 12), nn.ReLU(), nn.Linear(12, 9))
        self.channels = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.tokens(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm(x))


class Partition(nn.Module):
    """Attention among the places of a window of two, or of those that lie apart, and a linear layer with GELU."""

    def __init__(self, channels: int, *, grid: bool) -> None:
        super().__init__()
        self.grid, self.norm, self.last = grid, nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attention = Attention(channels, 2, fused=False)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, c, h, w = x.shape
        sides, order = ((n, c, h // 2, 2, w // 2, 2), (0, 2, 4, 3, 5, 1))
        if self.grid:
            sides, order = ((n, c, 2, h // 2, 2, w // 2), (0, 3, 5, 2, 4, 1))
        parts = x.view(sides).permute(order)
        y = parts.reshape(-1, 4, c)
        y = y + self.attention(self.norm(y))
        y = y + self.mlp(self.last(y))
        back = [order.index(axis) for axis in range(6)]
        return y.view(parts.shape).permute(back).reshape(n, c, h, w)


class MaxViT(nn.Module):
    """A block of MaxViT: an inverted bottleneck with squeeze and excitation, windows, a grid."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.GELU())
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(2 * channels, 2 * channels, 1), nn.Sigmoid())
        self.project = nn.Conv2d(2 * channels, channels, 1)
        self.parts = nn.Sequential(Partition(channels, grid=False), Partition(channels, grid=True))
        self.head = nn.Linear(channels, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = F.gelu(self.depthwise(F.gelu(self.expand(x))))
        x = x + self.project(y * self.squeeze(y))
        return self.head(self.parts(x).mean((2, 3)))
