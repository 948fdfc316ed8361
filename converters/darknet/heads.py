"""What a decoder must know of a net's detection heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from converters.darknet.header import Dialect
from converters.decode.heads import AnchorHead, Part, ToDo


class Head(Struct, frozen=True, kw_only=True):
    """One detection head: the map that it reads, and what its layer does to that."""

    map: AnchorHead
    """What a decoder of the map must know; the blob has its name only in the finished net."""
    raw: str
    """The source's name of the map."""
    later: tuple[Part, ...] = ()
    """The channels of which Darknet takes a logistic only when it makes boxes of the layer's output."""
    transposed: bool = False
    """The head layer's output lies cell by cell, though it is called a map."""
    dialect: Dialect = "darknet"
    """Whose program makes boxes of the map: of [region] the two make other ones."""

    @property
    def name(self) -> str:
        """Of its section, and of the layer's output."""
        return self.map.name

    @property
    def softmax(self) -> bool:
        """Whether the layer takes a softmax of the classes."""
        return self.map.to_do.softmax != ()

    @property
    def stride(self) -> tuple[float, float]:
        """Pixels of the input to a cell, vertical and horizontal."""
        return self.map.network[0] / self.map.grid[0], self.map.network[1] / self.map.grid[1]

    @property
    def channels(self) -> tuple[str, ...]:
        """What the channels of one box hold, in their order; every class is one more."""
        if self.map.type == "Gaussian_yolo":
            return ("x", "x_sigma", "y", "y_sigma", "w", "w_sigma", "h", "h_sigma", "objectness")
        coords = self.map.coords
        coordinates = ("x", "y", "w", "h", *(f"coord_{n}" for n in range(4, coords)))[:coords]
        return (*coordinates, "objectness")

    def as_dict(self, held: Mapping[str, str]) -> dict[str, Any]:
        """Plain data; `held` says which blob of the finished net holds a value of the source."""
        raw, output = held.get(self.raw), held.get(self.name)
        activated = output is not None and output != raw
        transposed = self.transposed and activated
        read = replace(self.map, blob=output or raw, transposed=transposed)
        if activated:
            read = replace(read, to_do=ToDo(logistic=self.later))
        facts: dict[str, Any] = to_builtins(read)
        facts |= {"raw": self.raw, "raw_blob": raw, "activated": activated, "softmax": self.softmax}
        facts["dialect"] = self.dialect
        facts["stride"] = self.stride[0] if self.stride[0] == self.stride[1] else self.stride
        if read.type == "detection":
            facts["layout"] = "class scores of all cells, then confidences of all boxes, then boxes x, y, w, h"
        else:
            boxes = f"{read.num} boxes, each of the channels {', '.join(self.channels)}, then the classes"
            facts["layout"] = f"cell by cell, in each {boxes}" if transposed else boxes
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
