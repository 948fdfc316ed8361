"""The contents of NAME.heads.json and NAME.input.json: how a picture becomes the input, and what outputs mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from caffe_ir.json_text import json_text
from caffe_ir.picture_input import Order
from converters.darknet.classifier import Classifier
from converters.darknet.heads import Head, UnknownHead
from converters.pictures.fitting import Fit

_RULES: Mapping[Fit, str] = {
    "letterbox": "keep the proportions, centre, fill with 0.5",
    "stretch": "stretch to the network's size",
    "crop": "make the shorter side as long as the network's width, keep the proportions, take the middle",
}


class Preprocessing(Struct, frozen=True, kw_only=True):
    """How Darknet brings a picture to the input (image.c; detector.c, test_detector; classifier.c, predict_classifier).

    letterbox: the picture keeps its proportions and is set into the middle of a grey (0.5) field; stretch: it does not;
    crop: the middle of the picture, after its shorter side was made as long as the network is wide.
    """

    fit: Fit
    channels: int
    size: tuple[int, int]
    """Height and width of the input."""
    taken: Order | None = None
    """The order of the channels, where the net takes the bytes of a picture and does all but the fitting itself."""

    @property
    def is_of_a_picture(self) -> bool:
        """Whether the input is one that a picture can become."""
        return self.channels in (1, 3)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        order = (
            (self.taken or "RGB")
            if self.channels == 3
            else "grey"
            if self.channels == 1
            else f"{self.channels} channels"
        )
        return {
            "size": self.size,
            "order": order,
            "layout": "planar (N, C, H, W)",
            "scale": "1/255" if self.taken is None else 1,
            "mean": 0,
            "resize": "bilinear, corners aligned",
            "letterbox": self.fit == "letterbox",
            "fit": self.fit,
            "rule": _RULES[self.fit],
        }


class Facts(Struct, frozen=True, kw_only=True):
    """All that a decoder needs of a Darknet model."""

    dialect: str
    preprocessing: Preprocessing
    heads: tuple[Head, ...] = ()
    unknown_heads: tuple[UnknownHead, ...] = ()
    classifier: Classifier | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to decode."""
        return bool(self.heads or self.unknown_heads or self.classifier)

    def as_dict(self, held: Mapping[str, str]) -> dict[str, Any]:
        """Plain data; `held` says which blob of the finished net holds a value of the source."""
        facts: dict[str, Any] = {
            "dialect": self.dialect,
            "input": self.preprocessing.as_dict(),
            "heads": [head.as_dict(held) for head in self.heads],
        }
        if self.unknown_heads:
            facts["unknown_heads"] = [head.as_dict(held) for head in self.unknown_heads]
        if self.classifier is not None:
            facts["classifier"] = self.classifier.as_dict(held)
        return facts

    def text(self, held: Mapping[str, str]) -> str:
        """The same as JSON: what stands in NAME.heads.json."""
        return json_text(self.as_dict(held))

    def texts(self, held: Mapping[str, str]) -> dict[str, str]:
        """The files that are written beside the net, by their endings."""
        found = {".heads.json": self.text(held)} if self else {}
        if self.preprocessing.is_of_a_picture:
            found[".input.json"] = json_text(self.preprocessing.as_dict())
        return found
