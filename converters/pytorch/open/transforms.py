"""What a model's maker says of pictures: timm's pretrained_cfg, and the transforms of torchvision's weights.

Neither package is imported: what a model carries already exists, and a function of torchvision brought torchvision.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from math import floor
from typing import Any

from msgspec import Struct, field

Size = tuple[int, int]
"""Height and width."""
_KERNELS = ("bilinear", "bicubic")
_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""What timm takes where a pretrained_cfg is silent (timm/data/constants.py), as these three."""
_CROP, _INTERPOLATION = 0.875, "bicubic"


class Transform(Struct, frozen=True, kw_only=True):
    """What a picture goes through: resized, its middle taken, divided by 255, then (x - mean) / std."""

    said_by: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    sides: tuple[int, Size] | None = None
    """The shorter side after resizing, and the middle that is taken, where both are fixed."""
    kept: float | None = None
    """The share of the shorter side that the middle has, for inputs of any size; None where nothing is said."""
    kept_at: Mapping[Size, float] = field(default_factory=dict)
    """The same for certain inputs."""
    stretched: bool = False
    """Whether the picture is resized without regard to its proportions."""

    @property
    def is_known(self) -> bool:
        """Whether pictures are resized in a way that there is a word for."""
        return self.interpolation in _KERNELS

    def shorter_side(self, size: Size) -> int | None:
        """Of the resized picture of which an input of this size is the middle.

        None where the picture is stretched, or where nothing is said of such an input.
        """
        if self.sides is not None:
            return self.sides[0] if self.sides[1] == size else None
        kept = self.kept_at.get(size, self.kept)
        if kept is None or self.stretched or size[0] != size[1]:
            return None
        return floor(size[0] / kept)

    def says_size(self, size: Size) -> bool:
        """Whether it is said how a picture comes to this size."""
        if self.stretched:
            return self.kept_at.get(size, self.kept) == 1
        return self.shorter_side(size) is not None


def transform_of(
    model: object, factory: Callable[..., Any] | None = None, arguments: Mapping[str, Any] | None = None
) -> Transform | None:
    """The transform that belongs to a model, which the factory may have made of the arguments; None for others."""
    cfg = getattr(model, "pretrained_cfg", None)
    if isinstance(cfg, Mapping) and "crop_pct" in cfg:
        return _timms(cfg)
    weights = (arguments or {}).get("weights")
    models = sys.modules.get("torchvision.models")
    if factory is None or weights is None or models is None or not factory.__module__.startswith("torchvision."):
        return None
    return _torchvisions(models.get_model_weights(factory).verify(weights))


def _timms(cfg: Mapping[str, Any]) -> Transform:
    """timm/data/config.py, resolve_data_config, and transforms_factory.py, transforms_imagenet_eval."""
    mean, std = (tuple(map(float, cfg.get(key) or usual)) for key, usual in _IMAGENET.items())
    mode, kept = cfg.get("crop_mode") or "center", cfg.get("crop_pct") or _CROP
    tested = cfg.get("test_input_size")
    return Transform(
        said_by=f"timm's pretrained_cfg of {cfg.get('architecture') or 'the model'}",
        mean=mean,
        std=std,
        interpolation=cfg.get("interpolation") or _INTERPOLATION,
        kept=kept if mode in ("center", "squash") else None,
        kept_at={tuple(tested[1:]): cfg.get("test_crop_pct") or kept} if tested else {},
        stretched=mode == "squash",
    )


def _torchvisions(weights: Any) -> Transform | None:
    """torchvision/transforms/_presets.py: of the kinds of transforms those that normalize."""
    found = weights.transforms()
    mean, std = getattr(found, "mean", None), getattr(found, "std", None)
    if mean is None or std is None:
        return None
    crop, side = getattr(found, "crop_size", None), getattr(found, "resize_size", None)
    return Transform(
        said_by=f"{type(weights).__name__}.{weights.name}.transforms()",
        mean=tuple(map(float, mean)),
        std=tuple(map(float, std)),
        interpolation=found.interpolation.value,
        sides=(side[0], (crop[0], crop[-1])) if crop and side and len(side) == 1 else None,
    )
