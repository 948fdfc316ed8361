"""What a detector's module says of its heads and its suppression, by the attributes that such modules have.

ultralytics' `Detect` (YOLOv5's own repository: `anchors` in cells, `stride`; YOLOv8 and later: `reg_max`) and
torchvision's `SSD` and `RetinaNet` (`anchor_generator`, `box_coder`, thresholds). Neither package is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from converters.decode.describing import Known
from converters.decode.heads import Suppression
from converters.pytorch.capture.training import in_eval

_SSD = (
    "backbone", "anchor_generator", "box_coder", "score_thresh", "nms_thresh", "topk_candidates", "detections_per_img",
)  # fmt: skip


def known_of(model: object, network: tuple[int, int]) -> Known:
    """What the model's last head says, for an input of this height and width; nothing where there is none."""
    found = list(_said(model, network)) if isinstance(model, torch.nn.Module) else []
    return found[-1] if found else Known()


def _said(model: torch.nn.Module, network: tuple[int, int]) -> Iterator[Known]:
    for module in model.modules():
        if all(hasattr(module, name) for name in _SSD):
            yield _of_ssd(module, network)
        elif all(hasattr(module, name) for name in ("nc", "nl", "stride")):
            yield _of_yolo(module)


def _of_yolo(module: Any) -> Known:
    anchors, stride = module.anchors, torch.as_tensor(module.stride).float()
    if isinstance(anchors, torch.Tensor) and anchors.ndim == 3 and anchors.shape[-1] == 2:
        pixels = (anchors.detach().cpu() * stride.cpu().view(-1, 1, 1)).flatten(1)
        return Known(classes=int(module.nc), anchors=tuple(tuple(map(float, row)) for row in pixels))
    return Known(classes=int(module.nc), bins=int(module.reg_max) if hasattr(module, "reg_max") else None)


def _of_ssd(module: Any, network: tuple[int, int]) -> Known:
    """The priors are those of the module's own generator, for the maps of its own backbone."""
    picture = torch.zeros(1, 3, *network)
    with torch.no_grad(), in_eval(module):
        maps = module.backbone(picture)
        maps = list(maps.values()) if isinstance(maps, Mapping) else [maps]
        (corners,) = module.anchor_generator(SimpleNamespace(tensors=picture, image_sizes=[network]), maps)
    low, high = np.split(corners.double().numpy() / np.array(network[::-1] * 2), 2, axis=1)
    priors = np.concatenate([(low + high) / 2, high - low], axis=1).astype(np.float32)
    x, y, w, h = (1 / float(weight) for weight in module.box_coder.weights)
    candidates = int(module.topk_candidates)
    of_classes = hasattr(module, "neg_to_pos_ratio")  # an SSD: a RetinaNet's candidates are those of each map
    return Known(
        priors=tuple(float(str(one)) for one in priors.ravel()),
        levels=() if of_classes else _levels(module.anchor_generator, maps),
        level_candidates=None if of_classes else candidates,
        variances=(x, y, w, h),
        exponent_limit=float(module.box_coder.bbox_xform_clip),
        clip=True,
        nms=Suppression(
            kind="default",
            threshold=float(module.nms_thresh),
            score_threshold=float(module.score_thresh),
            candidates=candidates if of_classes else None,
            most=int(module.detections_per_img),
        ),
    )


def _levels(generator: Any, maps: list[torch.Tensor]) -> tuple[int, ...]:
    """How many priors each map has."""
    each = generator.num_anchors_per_location()
    return tuple(count * one.shape[-2] * one.shape[-1] for count, one in zip(each, maps, strict=True))
