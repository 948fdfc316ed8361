"""The files that the pages speak of, small and with seeded weights: the same sections at few filters and 64 x 64."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.oracles.seeded_weights import ALEXEYAB, write_weights

SIZE, FILTERS = 64, 4
ANCHORS_3 = "10,14, 23,27, 37,58, 81,82, 135,169, 344,319"
ANCHORS_4 = "10,14, 23,27, 37,58, 81,82, 135,169, 344,319"


def write_models(folder: Path) -> None:
    """yolov3-tiny, yolov4-tiny (cfg and weights), and a picture."""
    for name, sections, header in (
        ("yolov3-tiny", yolov3_tiny(), (0, 2, 0)),
        ("yolov4-tiny", yolov4_tiny(), ALEXEYAB),
    ):
        cfg = folder / f"{name}.cfg"
        cfg.write_text("\n".join(sections))
        write_weights(cfg, folder / f"{name}.weights", seed=0, header=header)
    write_picture(folder / "dog.jpg")


def write_picture(path: Path) -> None:
    """A picture of 96 x 72, rough at every scale."""
    import cv2

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (96, 72), interpolation=cv2.INTER_CUBIC))


def yolov3_tiny() -> Iterator[str]:
    """The ladder of poolings with two heads."""
    yield net()
    for step in range(6):
        yield conv(FILTERS * 2 ** min(step, 3), 3)
        yield f"[maxpool]\nsize=2\nstride={2 if step < 5 else 1}\n"
    yield conv(32, 3)
    yield conv(16, 1)
    yield from head(16, "3,4,5", ANCHORS_3)
    yield "[route]\nlayers=-4\n"
    yield conv(8, 1)
    yield "[upsample]\nstride=2\n"
    yield "[route]\nlayers=-1,8\n"
    yield from head(16, "0,1,2", ANCHORS_3)


def yolov4_tiny() -> Iterator[str]:
    """Strided convolutions, three stages that split their channels, and two heads."""
    yield net()
    yield conv(FILTERS, 3, stride=2)
    yield conv(2 * FILTERS, 3, stride=2)
    for filters in (8, 16, 32):
        yield conv(filters, 3)
        yield "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"
        yield conv(filters // 2, 3)
        yield conv(filters // 2, 3)
        yield "[route]\nlayers=-1,-2\n"
        yield conv(filters, 1)
        yield "[route]\nlayers=-6,-1\n"
        yield "[maxpool]\nsize=2\nstride=2\n"
    yield conv(32, 3)
    yield conv(16, 1)
    yield from head(32, "3,4,5", ANCHORS_4, scale="scale_x_y=1.05\n")
    yield "[route]\nlayers=-4\n"
    yield conv(8, 1)
    yield "[upsample]\nstride=2\n"
    yield "[route]\nlayers=-1,23\n"
    yield from head(16, "1,2,3", ANCHORS_4, scale="scale_x_y=1.05\n")


def net() -> str:
    return f"[net]\nwidth={SIZE}\nheight={SIZE}\nchannels=3\n"


def conv(filters: int, size: int, stride: int = 1) -> str:
    same = f"filters={filters}\nsize={size}\nstride={stride}\npad=1\n"
    return f"[convolutional]\nbatch_normalize=1\n{same}activation=leaky\n"


def head(filters: int, mask: str, anchors: str, scale: str = "") -> Iterator[str]:
    """Three boxes of two classes each."""
    yield conv(filters, 3)
    yield "[convolutional]\nfilters=21\nsize=1\nstride=1\npad=1\nactivation=linear\n"
    yield f"[yolo]\nmask={mask}\nanchors={anchors}\nclasses=2\nnum=6\n{scale}"
