"""Pooling with the field by which other readers than Caffe say how many windows there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import force_setattr

from caffe_ir.layers.bvlc.pooling import Pooling

if TYPE_CHECKING:
    from typing_extensions import Self


class CeilModePooling(Pooling, frozen=True, kw_only=True):
    """`ceil_mode: false` for what BVLC Caffe's master calls `round_mode: FLOOR` (OpenCV, OpenVINO, RKNN-Toolkit2)."""

    variant = "ceil_mode"
    ceil_mode: bool = True

    def __post_init__(self) -> None:
        force_setattr(self, "round_mode", "CEIL" if self.ceil_mode else "FLOOR")

    @classmethod
    def type_name(cls) -> str:
        return "Pooling"

    def spelled(self) -> dict[str, Any]:
        others = {name: value for name, value in super().spelled().items() if name != "round_mode"}
        return {**others, "ceil_mode": self.ceil_mode}

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        if "ceil_mode" not in spelled or "round_mode" in spelled:
            raise ValueError("it has no ceil_mode, or a round_mode besides")
        return super().parsed(spelled)
