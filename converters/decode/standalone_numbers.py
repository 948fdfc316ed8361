"""What the decoders of both languages say of a head, and how they name what they read."""

from __future__ import annotations

import re

import numpy as np

from converters.decode.facts import Facts
from converters.decode.heads import AnchorHead, AnyHead, BoxesHead, DflHead, RegionHead, SsdHead
from converters.decode.yolo import SIDES


def numbers_of(facts: Facts, head: AnyHead) -> dict[str, bool | int | float]:
    """What both languages say of a head in numbers."""
    letterbox = facts.input.fit == "letterbox" and head.type != "detection"
    common = {"classes": head.classes, "letterbox": letterbox}
    if isinstance(head, DflHead):
        return {**common, **_of_dfl(head)}
    if isinstance(head, BoxesHead):
        own = {"boxes": head.count, "objectness": head.objectness, "transposed": head.transposed}
        return {**common, **own}
    return {**common, **(_of_ssd(head) if isinstance(head, SsdHead) else _of_anchors(head))}


def _of_anchors(head: AnchorHead) -> dict[str, bool | int | float]:
    to_do = head.to_do
    found: dict[str, bool | int | float] = {
        "num": head.num,
        "rows": head.grid[0],
        "columns": head.grid[1],
        "logistic_xy": "x" in to_do.logistic,
        "logistic_wh": "w" in to_do.logistic,
        "logistic_sigma": "x_sigma" in to_do.logistic,
        "logistic_objectness": "objectness" in to_do.logistic,
        "logistic_classes": "classes" in to_do.logistic,
        "coords": head.coords,
        "new_coords": head.new_coords,
        "square_root": head.square_root,
        "scale_xy": head.scale_x_y if to_do.scale_x_y else 1.0,
        "shift_xy": -0.5 * (head.scale_x_y - 1) if to_do.scale_x_y else 0.0,
        "point": SIDES.get(head.point, 0.0),
    }
    if head.type in ("region", "detection"):
        found.update(softmax=bool(to_do.softmax), background=head.background)
    if isinstance(head, RegionHead):
        found.update(transposed=head.transposed, scores_alone=head.scores_alone)
        found.update(last_likely=head.dialect == "alexeyab")
    return found


def _of_dfl(head: DflHead) -> dict[str, bool | int | float]:
    return {
        "grid_rows": head.grid[0],
        "grid_columns": head.grid[1],
        "first": head.first,
        "cells": head.cells,
        "reg_max": head.reg_max,
        "classes_from": 4 * head.reg_max if head.scores_blob is None else 0,
        "stride": head.stride,
        "logistic_classes": "classes" in head.to_do.logistic,
    }


def _of_ssd(head: SsdHead) -> dict[str, bool | int | float]:
    return {
        "count": head.count,
        "softmax": bool(head.to_do.softmax),
        "logistic_classes": "classes" in head.to_do.logistic,
        "background": head.background,
        "clip": head.clip,
        "limited": head.exponent_limit is not None,
    }


def blobs_of(facts: Facts) -> list[str]:
    """The blobs that are read, each once, in the order in which the C function takes them."""
    return list(dict.fromkeys(str(blob) for head in facts.heads for blob, _ in head.reads))


def arguments_of(facts: Facts, head: AnyHead) -> list[int]:
    """The places of the head's blobs among them; a function of two takes one twice that holds both."""
    places = [blobs_of(facts).index(str(blob)) for blob, _ in head.reads]
    return places * 2 if isinstance(head, DflHead) and len(places) == 1 else places


def anchors_of(head: AnchorHead) -> list[float]:
    """Width and height of each box's anchor, in its order."""
    pairs = [head.anchors[2 * place : 2 * place + 2] for place in head.mask]
    return [number for pair in pairs for number in pair]


def ends_of(head: AnchorHead) -> list[int]:
    """The class behind the last one of each group of the tree."""
    return list(map(int, np.cumsum(head.tree)))


def plain(text: str) -> str:
    """The text without what would end a comment or a string."""
    return re.sub(r"[^\w .,:+/()-]", "_", text).replace("*/", "__").replace("/*", "__")
