"""Small detectors built as those of ultralytics, YOLOv5's repository and torchvision are, with their own decoding.

Their last convolutions are large, so that scores differ and no suppression hangs on a rounding. A test copies this
file and converts `detectors.py:YoloV8` and the like; `decoded` of each gives all boxes as rows of left, top, right,
bottom in pixels, and the scores (boxes, classes), in float64, written after the published definitions.
"""

from __future__ import annotations

from math import log, sqrt
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

HEIGHT, WIDTH = 64, 96
STRIDES = (8, 16)
CHANNELS = (8, 12)


class Backbone(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Conv2d(3, CHANNELS[0], 9, STRIDES[0], 4)
        self.coarse = nn.Conv2d(CHANNELS[0], CHANNELS[1], 3, 2, 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        fine = self.fine(x).relu()
        return {"fine": fine, "coarse": self.coarse(fine).relu()}


def last(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 1)
    with torch.no_grad():
        layer.weight *= 12
    return layer


def middles(grid: tuple[int, int]) -> torch.Tensor:
    """x and y of each cell's middle, in cells: (rows, columns, 2)."""
    rows, columns = (torch.arange(one, dtype=torch.float64) + 0.5 for one in grid)
    return torch.stack([columns.expand(grid), rows[:, None].expand(grid)], -1)


# ---- YOLOv8 --------------------------------------------------------------------------------------------------------


class AnchorFree(nn.Module):
    """The attributes of ultralytics' Detect."""

    def __init__(self, nc: int = 5, reg_max: int = 16) -> None:
        super().__init__()
        self.nc, self.nl, self.reg_max = nc, 2, reg_max
        self.stride = torch.tensor([float(one) for one in STRIDES])
        self.anchors = torch.empty(0)
        self.cv2 = nn.ModuleList(last(one, 4 * reg_max) for one in CHANNELS)
        self.cv3 = nn.ModuleList(last(one, nc) for one in CHANNELS)

    def sides(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Bins, or of one bin distances, which a trained net makes positive."""
        found = [layer(one) for layer, one in zip(self.cv2, maps, strict=True)]
        return found if self.reg_max > 1 else [one.abs() for one in found]

    def scores(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        return [layer(one) for layer, one in zip(self.cv3, maps, strict=True)]


class YoloV8(nn.Module):
    """The maps of sides and classes joined, or as `form` says."""

    def __init__(self, form: str = "maps", reg_max: int = 16) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.form, self.backbone, self.head = form, Backbone(), AnchorFree(reg_max=reg_max)

    def forward(self, x: torch.Tensor) -> Any:
        maps = list(self.backbone(x).values())
        sides, scores = self.head.sides(maps), self.head.scores(maps)
        if self.form == "maps":
            return [torch.cat(pair, 1) for pair in zip(sides, scores, strict=True)]
        if self.form == "apart":
            return [one for pair in zip(sides, scores, strict=True) for one in pair]
        if self.form == "logistic":
            return [*sides, *(one.sigmoid() for one in scores)]
        if self.form == "mixed":
            return [torch.cat((one, other.sigmoid()), 1) for one, other in zip(sides, scores, strict=True)]
        joined = (torch.cat([one.flatten(2) for one in group], 2) for group in (sides, scores))
        if self.form == "joined":
            return dict(zip(("boxes", "scores"), joined, strict=True))
        boxes, likely = joined
        bins = self.head.reg_max
        mean = torch.einsum("nsbc,b->nsc", boxes.unflatten(1, (4, bins)).softmax(2), torch.arange(bins).float())
        middle, stride = self.cells()
        low, high = middle - mean[:, :2], middle + mean[:, 2:]
        return torch.cat([(low + high) / 2 * stride, (high - low) * stride, likely.sigmoid()], 1)

    def cells(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The middles (2, cells) and strides (cells) of all maps."""
        grids = [(HEIGHT // one, WIDTH // one) for one in STRIDES]
        middle = torch.cat([middles(grid).flatten(0, 1).T for grid in grids], 1).float()
        return middle, torch.cat([torch.full((a * b,), float(one)) for one, (a, b) in zip(STRIDES, grids, strict=True)])

    def decoded(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps, found = list(self.backbone(x).values()), []
        for sides, scores, stride in zip(self.head.sides(maps), self.head.scores(maps), STRIDES, strict=True):
            bins = sides[0].double().unflatten(0, (4, self.head.reg_max))
            mean = (
                (bins.softmax(1) * torch.arange(bins.shape[1])[:, None, None]).sum(1)
                if bins.shape[1] > 1
                else bins[:, 0]
            )
            middle = middles((sides.shape[2], sides.shape[3])).permute(2, 0, 1)
            corners = torch.cat([middle - mean[:2], middle + mean[2:]]) * stride
            found.append((corners.flatten(1).T, scores[0].double().sigmoid().flatten(1).T))
        return torch.cat([one for one, _ in found]), torch.cat([one for _, one in found])


# ---- YOLOv5 --------------------------------------------------------------------------------------------------------

ANCHORS = ((10, 13, 16, 30, 33, 23), (30, 61, 62, 45, 59, 80))


class Anchored(nn.Module):
    """The attributes of YOLOv5's Detect: anchors in cells."""

    def __init__(self, nc: int = 4) -> None:
        super().__init__()
        self.nc, self.nl, self.na = nc, 2, 3
        self.stride = torch.tensor([float(one) for one in STRIDES])
        self.register_buffer("anchors", torch.tensor(ANCHORS).view(2, 3, 2) / self.stride.view(-1, 1, 1))
        self.m = nn.ModuleList(last(one, 3 * (5 + nc)) for one in CHANNELS)


class YoloV5(nn.Module):
    def __init__(self, form: str = "maps") -> None:
        super().__init__()
        torch.manual_seed(5)
        self.form, self.backbone, self.head = form, Backbone(), Anchored()

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [layer(one) for layer, one in zip(self.head.m, self.backbone(x).values(), strict=True)]

    def forward(self, x: torch.Tensor) -> Any:
        maps = self.maps(x)
        if self.form == "maps":
            return maps[::-1]  # the coarse one first: they are told apart by their sizes
        if self.form == "logistic":
            return [one.sigmoid() for one in maps]
        found = []
        for one, anchors, stride in zip(maps, ANCHORS, STRIDES, strict=True):
            values = one.unflatten(1, (3, -1)).permute(0, 1, 3, 4, 2).sigmoid()
            centre = (values[..., :2] * 2 + middles((one.shape[2], one.shape[3])).float() - 1) * stride
            size = (values[..., 2:4] * 2) ** 2 * torch.tensor(anchors).float().view(3, 1, 1, 2)
            found.append(torch.cat([centre, size, values[..., 4:]], -1).flatten(1, 3))
        return torch.cat(found, 1)

    def decoded(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = []
        for one, anchors, stride in zip(self.maps(x), ANCHORS, STRIDES, strict=True):
            values = one[0].double().sigmoid().unflatten(0, (3, -1)).permute(0, 2, 3, 1)
            centre = (2 * values[..., :2] - 1 + middles((one.shape[2], one.shape[3]))) * stride
            size = (2 * values[..., 2:4]) ** 2 * torch.tensor(anchors).double().view(3, 1, 1, 2)
            sure, likely = values[..., 4:5], values[..., 5:]
            corners = torch.cat([centre - size / 2, centre + size / 2], -1)
            found.append((corners.flatten(0, 2), torch.where(sure > 0.25, sure * likely, 0).flatten(0, 2)))
        return torch.cat([one for one, _ in found]), torch.cat([one for _, one in found])


# ---- SSD -----------------------------------------------------------------------------------------------------------


class Priors(nn.Module):
    """Default boxes of the paper, two squares and a pair for the ratio 2, called as torchvision's generator is."""

    def forward(self, images: SimpleNamespace, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        height, width = images.tensors.shape[-2:]
        found = []
        for one, scale, wider in zip(maps, (0.2, 0.5), (0.5, 0.8), strict=True):
            middle = middles((one.shape[2], one.shape[3])) / torch.tensor([one.shape[3], one.shape[2]])
            sizes = [(scale, scale), (sqrt(scale * wider),) * 2, (scale * sqrt(2), scale / sqrt(2))]
            sizes.append(sizes[2][::-1])
            size, centre = torch.tensor(sizes).double(), middle[:, :, None].expand(-1, -1, 4, -1)
            corners = torch.cat([centre - size / 2, centre + size / 2], -1)
            found.append(corners.flatten(0, 2) * torch.tensor([width, height, width, height]))
        return [torch.cat(found).float()] * len(images.image_sizes)

    def num_anchors_per_location(self) -> list[int]:
        return [4, 4]


class Whole(nn.Module):
    """The attributes of torchvision's RetinaNet; its forward would suppress boxes, which no Caffe net does."""

    score_thresh, nms_thresh, topk_candidates, detections_per_img = 0.3, 0.45, 20, 30

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.backbone, self.anchor_generator = Backbone(), Priors()
        self.box_coder = SimpleNamespace(weights=(10.0, 10.0, 5.0, 5.0), bbox_xform_clip=log(1000 / 16))
        self.offsets = nn.ModuleList(last(one, 4 * 4) for one in CHANNELS)
        self.classes = nn.ModuleList(last(one, 4 * classes) for one in CHANNELS)

    def head(self, maps: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """Box by box, as torchvision's SSDHead has it: cells, then the boxes of each, then its numbers."""
        found = {}
        for key, layers, size in (("bbox_regression", self.offsets, 4), ("cls_logits", self.classes, 4)):
            parts = [layer(one).unflatten(1, (-1, size)) for layer, one in zip(layers, maps, strict=True)]
            found[key] = torch.cat([part.permute(0, 3, 4, 1, 2).flatten(1, 3) for part in parts], 1)
        return found


class WholeSsd(Whole):
    """Those of torchvision's SSD."""

    neg_to_pos_ratio = 3.0


class Ssd(nn.Module):
    def __init__(self, softmax: bool = False) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.softmax, self.whole = softmax, WholeSsd()

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = self.whole.head(list(self.whole.backbone(x).values()))
        if self.softmax:
            found["cls_logits"] = found["cls_logits"].softmax(2)
        return found

    def decoded(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = list(self.whole.backbone(x).values())
        head = self.whole.head(maps)
        (priors,) = self.whole.anchor_generator(SimpleNamespace(tensors=x, image_sizes=[(HEIGHT, WIDTH)]), maps)
        low, high = priors.double().split(2, 1)
        moved, grown = head["bbox_regression"][0].double().split(2, 1)
        centre = moved / 10 * (high - low) + (low + high) / 2
        size = (grown / 5).clamp(max=log(1000 / 16)).exp() * (high - low)
        border = torch.tensor([WIDTH, HEIGHT]).repeat(2)
        corners = torch.minimum(torch.cat([centre - size / 2, centre + size / 2], 1).clamp(min=0), border)
        scores = head["cls_logits"][0].double().softmax(1)
        scores[:, 0] = 0
        return corners, scores


class Segmenter(nn.Module):
    """Scores of classes for each pixel, as torchvision's segmentation models give them."""

    def __init__(self, classes: int = 3, logistic: bool = False) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer, self.logistic = nn.Conv2d(3, classes, 3, 2, 1), logistic

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = self.layer(x)
        return {"out": found.sigmoid() if self.logistic else found}
