from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from converters.decode.heads import AnyHead
from tests.converters.decode.torch_heads import ALL, HEADS


@pytest.mark.parametrize("name", HEADS)
def test_facts_are_read_as_they_were_written(name: str) -> None:
    assert msgspec.json.decode(msgspec.json.encode(HEADS[name]), type=tuple[AnyHead, ...]) == HEADS[name]
    assert [doubt for head in HEADS[name] for doubt in head.doubts()] == []


@pytest.mark.parametrize(
    ("name", "change", "doubt"),
    [
        ("yolov8 joined", {"first": 25}, "its grid reaches beyond the 30 cells of its blob"),
        ("yolov8 joined", {"first": -1}, "its grid reaches beyond the 30 cells of its blob"),
        ("yolov8 maps", {"reg_max": 0}, "a number of it is too small"),
        ("yolov8 maps", {"stride": 0.0}, "a number of it is too small"),
        ("yolov8 maps", {"cells": 1 << 30}, "its blob other would have 22548578304 numbers"),
        ("boxes", {"count": 0}, "its blob out would have 0 numbers"),
        ("boxes", {"network": (0, 3)}, "a number of it is too small"),
        ("ssd", {"priors": (1.0,) * 5}, "priors are 5 numbers, and each prior has four"),
        ("ssd", {"classes": 1}, "there is no class but the background"),
        ("ssd", {"nms": replace(ALL, most=0)}, "nms is limited to 0 boxes"),
        ("retinanet", {"levels": (49,)}, "its levels are not of 50 priors"),
        (
            "retinanet",
            {"level_candidates": None},
            "levels and level_candidates belong together, and each level has one candidate at least",
        ),
        ("yolov5", {"mask": (0,)}, "mask names 1 of its 2 boxes"),
    ],
)
def test_what_cannot_be_is_doubted(name: str, change: dict[str, Any], doubt: str) -> None:
    assert doubt in list(replace(HEADS[name][-1], **change).doubts())
