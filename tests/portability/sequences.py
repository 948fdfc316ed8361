"""Detectors with decoded or flattened outputs, transformers, and nets that read text lines."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.portability.blocks import Around, conv


class _Csp(nn.Module):
    """Split channels, residual blocks on a part, all joined (YOLOv5's C3, YOLOv8's C2f)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.first = conv(channels, channels, 1, act=nn.SiLU)
        self.block = Around(conv(half, half, act=nn.SiLU), conv(half, half, act=nn.SiLU))
        self.last = conv(channels + half, channels, 1, act=nn.SiLU)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.first(x).chunk(2, 1))
        return self.last(torch.cat([*parts, self.block(parts[-1])], 1))


class _Backbone(nn.Module):
    """Maps of stride 8 and 16, joined from top to bottom and back."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(conv(3, 8, 3, 2, act=nn.SiLU), conv(8, 12, 3, 2, act=nn.SiLU), _Csp(12))
        self.middle = nn.Sequential(conv(12, 16, 3, 2, act=nn.SiLU), _Csp(16))
        self.late = nn.Sequential(conv(16, 24, 3, 2, act=nn.SiLU), _Csp(24))
        self.joined, self.again = conv(40, 16, act=nn.SiLU), conv(40, 24, act=nn.SiLU)
        self.down = conv(16, 16, 3, 2, act=nn.SiLU)

    def pooled(self, x: Tensor) -> Tensor:
        one = F.max_pool2d(x, 5, 1, 2)
        return torch.maximum(F.max_pool2d(one, 5, 1, 2), one)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.middle(self.early(x))
        late = self.pooled(self.late(middle))
        fine = self.joined(torch.cat([F.interpolate(late, scale_factor=2), middle], 1))
        return fine, self.again(torch.cat([self.down(fine), late], 1))


class _YoloV5(nn.Module):
    """Heads as (N, anchors, rows, columns, numbers), decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.heads = _Backbone(), nn.ModuleList(nn.Conv2d(c, 21, 1) for c in (16, 24))
        self.register_buffer("anchors", torch.tensor([[1.0, 2.0], [3.0, 1.5], [2.5, 4.0]]).view(1, 3, 1, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for head, features, stride in zip(self.heads, self.body(x), (8.0, 16.0), strict=True):
            n, _, h, w = features.shape
            y = head(features).view(n, 3, 7, h, w).permute(0, 1, 3, 4, 2).sigmoid()
            rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            grid = torch.stack((columns, rows), 2).view(1, 1, h, w, 2).to(y)
            place, size, rest = y.split((2, 2, 3), 4)
            decoded = ((place * 2 - 0.5 + grid) * stride, (size * 2) ** 2 * self.anchors, rest)
            found.append(torch.cat(decoded, 4).view(n, -1, 7))
        return torch.cat(found, 1)


class _YoloV5Raw(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.heads = _Backbone(), nn.ModuleList(nn.Conv2d(c, 21, 1) for c in (16, 24))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(head(features) for head, features in zip(self.heads, self.body(x), strict=True))


class _YoloV8(nn.Module):
    """Distributions of distances, their means, and boxes from those."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _Backbone()
        self.boxes, self.classes = (nn.ModuleList(nn.Conv2d(c, n, 1) for c in (16, 24)) for n in (64, 3))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body(x)
        joined = [
            torch.cat([box(m), kind(m)], 1).flatten(2)
            for box, kind, m in zip(self.boxes, self.classes, maps, strict=True)
        ]
        boxes, classes = torch.cat(joined, 2).split((64, 3), 1)
        n, _, a = boxes.shape
        weights = torch.arange(16, dtype=x.dtype).view(1, 16, 1, 1)
        distances = (boxes.view(n, 4, 16, a).transpose(2, 1).softmax(1) * weights).sum(1)
        near, far = distances.chunk(2, 1)
        places = [self._places(m) for m in maps]
        centre, strides = torch.cat([place for place, _ in places], 1), torch.cat([stride for _, stride in places], 1)
        low, high = centre[None] - near, centre[None] + far
        return torch.cat([torch.cat([(low + high) / 2, high - low], 1) * strides, classes.sigmoid()], 1)

    def _places(self, m: Tensor) -> tuple[Tensor, Tensor]:
        rows, columns = torch.meshgrid(torch.arange(m.shape[2]) + 0.5, torch.arange(m.shape[3]) + 0.5, indexing="ij")
        places = torch.stack((columns, rows)).view(2, -1).to(m)
        return places, torch.full_like(places[:1], 64 / m.shape[2])


class _YoloX(nn.Module):
    """Focus, and heads as rows (N, places, numbers)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body = conv(12, 3, act=nn.SiLU), _Backbone()
        self.heads = nn.ModuleList(nn.Conv2d(c, 8, 1) for c in (16, 24))

    def forward(self, x: Tensor) -> Tensor:
        focus = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        maps = self.body(self.stem(focus))
        return torch.cat([head(m).flatten(2) for head, m in zip(self.heads, maps, strict=True)], 2).permute(0, 2, 1)


class _Ssd(nn.Module):
    """Heads as rows of places and anchors, classes by softmax, and a normalised map."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Sequential(conv(3, 8, 3, 2), conv(8, 16, 3, 4)), conv(16, 24, 3, 2)
        self.scale = nn.Parameter(torch.full((16,), 2.0))
        self.boxes, self.classes = (nn.ModuleList(nn.Conv2d(c, 4 * n, 3, padding=1) for c in (16, 24)) for n in (4, 3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first(x)
        maps = (F.normalize(first) * self.scale.view(1, -1, 1, 1), self.second(first))
        boxes = [self._rows(head(m), 4) for head, m in zip(self.boxes, maps, strict=True)]
        classes = [self._rows(head(m), 3) for head, m in zip(self.classes, maps, strict=True)]
        return torch.cat(boxes, 1), torch.cat(classes, 1).softmax(-1)

    @staticmethod
    def _rows(x: Tensor, numbers: int) -> Tensor:
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, numbers)


class _RetinaFace(_Ssd):
    """The same rows, without a map that is normalised."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first(x)
        maps = (first, self.second(first))
        return (
            torch.cat([self._rows(head(m), 4) for head, m in zip(self.boxes, maps, strict=True)], 1),
            torch.cat([self._rows(head(m), 2) for head, m in zip(self.classes, maps, strict=True)], 1).softmax(-1),
        )


class _SsdFlat(_Ssd):
    """The heads of the original SSD: each map with its channels last and flat, all of them in a row."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first(x)
        maps = (first, self.second(first))
        boxes, classes = (
            torch.cat([head(m).permute(0, 2, 3, 1).flatten(1) for head, m in zip(heads, maps, strict=True)], 1)
            for heads in (self.boxes, self.classes)
        )
        return boxes, classes


class _Crnn(nn.Module):
    """Columns of a text line as steps (T, N, classes); recurrent where it is asked for."""

    def __init__(self, recurrent: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 8), nn.MaxPool2d(2), conv(8, 16), nn.MaxPool2d((2, 1)), nn.AdaptiveAvgPool2d((1, None))
        )
        self.steps = nn.LSTM(16, 8, bidirectional=True) if recurrent else None
        self.last = nn.Linear(16, 12)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x).squeeze(2).permute(2, 0, 1)
        if self.steps is not None:
            x = self.steps(x)[0]
        return self.last(x).log_softmax(2)


class _Ocr(nn.Module):
    """Columns as steps (N, T, classes), with a mean over the rows before."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(3, 8, 3, 2, act=nn.Hardswish), conv(8, 20, act=nn.Hardswish))
        self.last = nn.Linear(20, 30)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.body(x).mean(2).permute(0, 2, 1)).softmax(2)


class _ViT(nn.Module):
    """Patches, a token for the class, places, and layers of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 16, 16)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, 24)), nn.Parameter(torch.zeros(1, 17, 24))
        layer = nn.TransformerEncoderLayer(24, 3, 48, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, nn.LayerNorm(24), enable_nested_tensor=False)
        self.last = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.last(self.layers(x)[:, 0])


class _Attention(nn.Module):
    """Self-attention of 6 heads of 64 channels, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(384, 3 * 384), nn.Linear(384, 384)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, c = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, 6, 64).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * 64**-0.5
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, tokens, c))


def attention() -> nn.Module:
    """For scripts/forward_speed."""
    return _Attention()


class _Window(nn.Module):
    """Attention within windows of 4 x 4, shifted or not, with a bias for each pair of places (Swin)."""

    def __init__(self, channels: int, shift: int) -> None:
        super().__init__()
        self.shift, self.heads = shift, 2
        self.norm, self.mlp_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.bias = nn.Parameter(torch.zeros(1, 2, 16, 16))
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def attended(self, x: Tensor) -> Tensor:
        n, h, w, c = x.shape
        x = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        x = x.view(n, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(x).view(x.shape[0], 16, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5 + self.bias
        x = self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c))
        x = x.view(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return torch.roll(x, (self.shift, self.shift), (1, 2)) if self.shift else x

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attended(self.norm(x))
        return x + self.mlp(self.mlp_norm(x))


class _Swin(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.blocks = nn.Conv2d(3, 16, 8, 8), nn.Sequential(_Window(16, 0), _Window(16, 2))
        self.norm, self.last = nn.LayerNorm(16), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.blocks(self.patches(x).permute(0, 2, 3, 1)))
        return self.last(x.mean((1, 2)))


NETS = {
    "yolov5_raw": _YoloV5Raw,
    "yolov5": _YoloV5,
    "yolov8": _YoloV8,
    "ssd": _Ssd,
    "ssd_flat": _SsdFlat,
    "retinaface": _RetinaFace,
    "crnn": lambda: _Crnn(False),
    "crnn_lstm": lambda: _Crnn(True),
    "ocr": _Ocr,
    "vit": _ViT,
    "swin": _Swin,
    "yolox": _YoloX,
}
"""Modules by name."""
SIZES = {"crnn": (1, 3, 8, 48), "crnn_lstm": (1, 3, 8, 16), "ocr": (1, 3, 16, 64), "yolox": (1, 3, 128, 128)}
"""Of the inputs that are not 1x3x64x64."""
