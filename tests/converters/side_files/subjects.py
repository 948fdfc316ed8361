"""Inputs of several kinds, and pictures in bytes that have their size already."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace

from converters.pictures.description import InputDescription
from converters.pictures.preparation import prepared
from converters.side_files.subject import Subject

IMAGENET = {"mean": (123.675, 116.28, 103.53), "scale": (1 / 58.395, 1 / 57.12, 1 / 57.375)}
KINDS: dict[str, dict[str, Any]] = {
    "Darknet's": {"order": "RGB", "fit": "letterbox"},
    "Caffe's": {"order": "BGR", "fit": "stretch", "mean": (104, 117, 123), "scale": 1},
    "one scale": {"order": "BGR", "fit": "stretch", "mean": 127.5, "scale": 1 / 127.5},
    "torchvision's": {
        "order": "RGB",
        "fit": "crop",
        "resize": "bilinear, antialiased",
        "shorter_side": 40,
        **IMAGENET,
    },
    "grey": {"order": "grey", "fit": "stretch", "mean": 33.25, "scale": 0.0078125},
    "ultralytics'": {"order": "RGB", "fit": "letterbox", "scale": 1 / 255, "mean": 0, "fill": 114.0},
    "bytes": {"order": "BGR", "fit": "letterbox", "mean": 0, "scale": 1},
}


def subject(kind: str = "Darknet's", *, name: str = "deploy", target: str = "caffe", **changes: Any) -> Subject:
    """An input 36 wide and 24 high."""
    description = InputDescription(size=(24, 36), **{**KINDS[kind], **changes})
    shape = (1, description.channels, 24, 36)
    return Subject(name=name, target=target, input="data", shape=shape, description=description)


def picture(of: Subject, seed: int = 0) -> np.ndarray:
    """Bytes (C, H, W) in the size of the input: red, green, blue, or grey."""
    return np.random.default_rng(seed).integers(0, 256, of.shape[1:], np.uint8)


def wanted(of: Subject, image: np.ndarray) -> np.ndarray:
    """What the net takes for such a picture (C, H, W): nothing is left to fit."""
    preparation = of.description.preparation()
    size = of.description.shorter_side
    assert size is None or image.shape[1:] == of.size
    found: np.ndarray = prepared(image, of.shape, replace(preparation, fit="stretch", shorter_side=None))[0]
    return found


def ordered(of: Subject, image: np.ndarray) -> np.ndarray:
    """The channels in the order of the input, in float64."""
    return (image[::-1] if of.is_bgr else image).astype(np.float64)
