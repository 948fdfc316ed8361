"""What a decoder must know of a net's detection heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, to_builtins

from converters.darknet.header import Dialect
from converters.decode.heads import Suppression

HeadType = Literal["yolo", "Gaussian_yolo", "region", "detection"]


class Head(Struct, frozen=True, kw_only=True):
    """One detection head, by the names of its section and of the value it reads."""

    name: str
    type: HeadType
    raw: str
    """The source's name of the value before the head: the map that a decoder of raw maps reads."""
    classes: int
    num: int
    """Boxes to a cell."""
    coords: int
    anchors: tuple[float, ...]
    """All of the section's, width and height in turn."""
    anchor_unit: Literal["pixels", "cells", ""]
    mask: tuple[int, ...]
    """Which pairs of anchors this head has."""
    grid: tuple[int, int]
    """Rows and columns of its map."""
    network: tuple[int, int]
    """Height and width of the net's input."""
    scale_x_y: float = 1.0
    new_coords: bool = False
    softmax: bool = False
    background: bool = False
    logistic: tuple[str, ...] = ()
    """The channels of which the head layer takes a logistic; `classes` are those of all classes."""
    logistic_later: tuple[str, ...] = ()
    """Those of which Darknet takes it only when it makes boxes of the layer's output."""
    transposed: bool = False
    """The head layer's output lies cell by cell, though it is called a map."""
    square_root: bool = False
    """The width and height of a box are to be squared."""
    point: str = "center"
    tree: tuple[int, ...] = ()
    """The sizes of the groups of a softmax tree."""
    parents: tuple[int, ...] = ()
    """The parent of each class in that tree, -1 for none."""
    dialect: Dialect = "darknet"
    """Whose program makes boxes of the map: of [region] the two make other ones."""
    nms: Suppression

    @property
    def stride(self) -> tuple[float, float]:
        """Pixels of the input to a cell, vertical and horizontal."""
        return self.network[0] / self.grid[0], self.network[1] / self.grid[1]

    @property
    def channels(self) -> tuple[str, ...]:
        """What the channels of one box hold, in their order; every class is one more."""
        if self.type == "Gaussian_yolo":
            return ("x", "x_sigma", "y", "y_sigma", "w", "w_sigma", "h", "h_sigma", "objectness")
        coordinates = ("x", "y", "w", "h", *(f"coord_{n}" for n in range(4, self.coords)))[: self.coords]
        return (*coordinates, "objectness")

    def to_do(self, *, activated: bool) -> dict[str, Any]:
        """What a decoder must do to the channels before it makes boxes of them."""
        softmax = ("objectness", "classes") if self.background else ("classes",)
        return {
            "logistic": self.logistic_later if activated else self.logistic + self.logistic_later,
            "softmax": softmax if self.softmax and not activated else (),
            "scale_x_y": self.scale_x_y != 1 and not activated,
        }

    def as_dict(self, held: Mapping[str, str]) -> dict[str, Any]:
        """Plain data; `held` says which blob of the finished net holds a value of the source."""
        facts: dict[str, Any] = to_builtins(self)
        del facts["logistic"], facts["logistic_later"]  # `to_do` says what is left of them
        facts["stride"] = self.stride[0] if self.stride[0] == self.stride[1] else self.stride
        raw, activated = held.get(self.raw), held.get(self.name)
        facts["blob"] = activated or raw
        facts["activated"] = activated is not None and activated != raw
        facts["raw_blob"] = raw
        facts["to_do"] = self.to_do(activated=facts["activated"])
        facts["transposed"] = self.transposed and facts["activated"]
        if self.type == "detection":
            facts["layout"] = "class scores of all cells, then confidences of all boxes, then boxes x, y, w, h"
        else:
            boxes = f"{self.num} boxes, each of the channels {', '.join(self.channels)}, then the classes"
            facts["layout"] = f"cell by cell, in each {boxes}" if facts["transposed"] else boxes
        return facts


class UnknownHead(Struct, frozen=True, kw_only=True):
    """A head of somebody's own Darknet: more values to a box than Darknet's own section of that name has."""

    name: str
    section: str
    raw: str
    num: int
    """Boxes to a cell."""
    values: int
    """Channels of a box; what they mean is not known here."""
    anchors: tuple[float, ...]
    mask: tuple[int, ...]
    grid: tuple[int, int]
    network: tuple[int, int]

    def as_dict(self, held: Mapping[str, str]) -> dict[str, Any]:
        """Plain data; `held` says which blob of the finished net holds a value of the source."""
        facts: dict[str, Any] = to_builtins(self)
        return {**facts, "raw_blob": held.get(self.raw), "layout": f"{self.num} boxes, each of {self.values} values"}
