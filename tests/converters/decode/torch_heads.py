"""Heads of PyTorch's detectors, small: what heads.json says of them."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from converters.decode import Facts
from converters.decode.heads import AnyHead, BoxesHead, DflHead, SsdHead, Suppression, ToDo, YoloHead
from converters.pictures.description import InputDescription
from converters.pictures.fitting import Fit

NETWORK = (32, 48)
BEST = Suppression(kind="default", threshold=0.6, score_threshold=0.25, best_class=True, most=40)
ALL = Suppression(kind="default", threshold=0.45, score_threshold=0.1, candidates=9, most=30)
LOGISTIC = ToDo(logistic=("classes",))


def priors(count: int, seed: int = 3) -> tuple[float, ...]:
    rng = np.random.default_rng(seed)
    made = np.concatenate([rng.uniform(0, 1, (count, 2)), rng.uniform(0.05, 0.6, (count, 2))], 1).astype(np.float32)
    return tuple(made.ravel().tolist())


def yolov5(grid: tuple[int, int] = (4, 6), name: str = "map") -> YoloHead:
    to_do = ToDo(logistic=("x", "y", "w", "h", "objectness", "classes"), scale_x_y=True)
    return YoloHead(
        name=name, blob=name, classes=3, network=NETWORK, nms=BEST, num=2, coords=4, anchors=(10, 13, 16, 30),
        anchor_unit="pixels", mask=(0, 1), grid=grid, to_do=to_do, scale_x_y=2.0, new_coords=True,
    )  # fmt: skip


def dfl(grid: tuple[int, int], blob: str, scores: str | None = None, reg_max: int = 4, **more: int) -> DflHead:
    cells = {"cells": grid[0] * grid[1], **more}
    return DflHead(
        name=blob, blob=blob, scores_blob=scores, classes=5, network=NETWORK, nms=BEST, grid=grid,
        stride=NETWORK[0] / grid[0], reg_max=reg_max, to_do=LOGISTIC, **cells,
    )  # fmt: skip


def boxes(*, rows: bool = False, objectness: bool = False) -> BoxesHead:
    return BoxesHead(
        name="out", blob="out", classes=4, network=NETWORK, nms=BEST, count=60, transposed=rows, objectness=objectness
    )


def ssd(*, softmax: bool = True, clip: bool = True, limit: float | None = 1.5) -> SsdHead:
    to_do = ToDo(softmax=("classes",)) if softmax else LOGISTIC
    return SsdHead(
        name="ssd", blob="loc", scores_blob="conf", classes=6, network=NETWORK, nms=ALL, priors=priors(50),
        background=softmax, clip=clip, exponent_limit=limit, to_do=to_do,
    )  # fmt: skip


def retinanet() -> SsdHead:
    """Three maps, of which two have more candidates than are looked at."""
    return replace(ssd(softmax=False), variances=(1, 1, 1, 1), levels=(30, 16, 4), level_candidates=9)


HEADS: dict[str, tuple[AnyHead, ...]] = {
    "yolov5": (yolov5((4, 6), "one"), yolov5((2, 3), "other")),
    "yolov8 maps": (dfl((4, 6), "one"), dfl((2, 3), "other")),
    "yolov8 joined": (
        dfl((4, 6), "sides", "scores", cells=30),
        dfl((2, 3), "sides", "scores", cells=30, first=24),
    ),
    "distances": (dfl((4, 6), "sides", "scores", reg_max=1),),
    "boxes": (boxes(),),
    "rows with objectness": (boxes(rows=True, objectness=True),),
    "ssd": (ssd(),),
    "ssd without clipping": (ssd(clip=False, limit=None),),
    "ssd of logistics": (ssd(softmax=False),),
    "retinanet": (retinanet(),),
}


def torch_facts(name: str, fit: Fit = "letterbox") -> Facts:
    return Facts(input=InputDescription(size=NETWORK, order="RGB", fit=fit), heads=HEADS[name])
