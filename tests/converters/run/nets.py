"""Small converted nets with what lies beside them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from tests.converters.cli import given

SCORES = (
    "[net]\nwidth=32\nheight=24\nchannels=3\n[convolutional]\nfilters=6\nsize=3\nstride=4\npad=1\nactivation=leaky\n"
)
CLASSIFIER = f"{SCORES}[avgpool]\n[softmax]\n"


def converted(folder: Path, text: str = given.TINY, *words: object) -> tuple[Path, Path]:
    """The prototxt and caffemodel STEM.* of a cfg."""
    given.converted("darknet", *given.darknet_model(folder, text), "-o", folder / "net", "-q", *words)
    return folder / "net.prototxt", folder / "net.caffemodel"


def picture(path: Path, size: tuple[int, int] = (41, 53), seed: int = 0) -> Path:
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    cv2.imwrite(str(path), image)
    return path


def edited(path: Path, **changes: object) -> None:
    """A file of JSON with other values at its top."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
