"""Detection heads as heads.json has them: the blobs that a decoder reads, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

MOST_NUMBERS = 1 << 24
"""Of one blob: the largest nets have a tenth of it."""

Part = Literal[
    "x", "y", "w", "h", "objectness", "classes", "x_sigma", "y_sigma", "w_sigma", "h_sigma"
]  # fmt: skip


class Suppression(Struct, frozen=True, kw_only=True):
    """Non-maximum suppression: which of overlapping boxes of a class stay."""

    kind: str
    threshold: float
    beta: float | None = None
    score_threshold: float = 0.5
    best_class: bool = False
    """Of a box, only the class of the highest score is taken."""
    candidates: int | None = None
    """So many boxes of a class are compared, those of the highest scores."""
    most: int | None = None
    """So many boxes are kept in all."""

    def doubt(self) -> str:
        """Why this cannot be done; nothing where it can."""
        limits = [one for one in (self.candidates, self.most) if one is not None]
        return f"nms is limited to {min(limits)} boxes" if limits and min(limits) < 1 else ""


class Head(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all heads have: the source's name of the head, the blob to read, and height and width of the net's input."""

    name: str
    blob: str | None
    classes: int
    network: tuple[int, int]
    nms: Suppression

    @property
    def type(self) -> str:
        """The kind of the head."""
        return str(self.__struct_config__.tag)

    @property
    def reads(self) -> tuple[tuple[str | None, int], ...]:
        """The blobs that are read, in the order of the decoder's arguments, with the numbers of one picture in each."""
        raise NotImplementedError

    def doubts(self) -> Iterator[str]:
        """Why these facts cannot be those of a head."""
        if min(self.classes, *self.network) < 1:
            yield "a number of it is too small"
        if doubt := self.nms.doubt():
            yield doubt
        for blob, count in self.reads:
            if not 0 < count <= MOST_NUMBERS:
                yield f"its blob {blob} would have {count} numbers"


class ToDo(Struct, frozen=True, kw_only=True):
    """What is still to be done to the blob's channels."""

    logistic: tuple[Part, ...] = ()
    softmax: tuple[Part, ...] = ()
    scale_x_y: bool = False


class AnchorHead(Head, frozen=True, kw_only=True):
    """`num` boxes in each cell of a grid: Darknet's heads, as converters.darknet.heads writes them."""

    num: int
    coords: int
    anchors: tuple[float, ...]
    anchor_unit: Literal["pixels", "cells", ""]
    mask: tuple[int, ...]
    grid: tuple[int, int]
    to_do: ToDo
    scale_x_y: float = 1.0
    new_coords: bool = False
    background: bool = False
    transposed: bool = False
    square_root: bool = False
    point: str = "center"
    tree: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()

    @property
    def values(self) -> int:
        """Channels of a box before its classes."""
        return self.coords + 1

    @property
    def count(self) -> int:
        """Numbers of the head's map, for one picture."""
        return self.grid[0] * self.grid[1] * self.num * (self.values + self.classes)

    @property
    def reads(self) -> tuple[tuple[str | None, int], ...]:
        return ((self.blob, self.count),)

    def doubts(self) -> Iterator[str]:
        yield from super().doubts()
        pairs = len(self.anchors) // 2
        if min(self.num, *self.grid) < 1 or self.coords < 4:
            yield "a number of it is too small"
        if self.type != "detection" and len(self.mask) != self.num:
            yield f"mask names {len(self.mask)} of its {self.num} boxes"
        if self.type != "detection" and not all(0 <= one < pairs for one in self.mask):
            yield f"mask reaches beyond its {pairs} anchors"
        if self.tree and {sum(self.tree), len(self.parents)} != {self.classes}:
            yield f"the tree has other classes than its {self.classes}"
        if any(not -1 <= parent < place for place, parent in enumerate(self.parents)):
            yield "a class of the tree comes before its parent"


class YoloHead(AnchorHead, frozen=True, kw_only=True, tag="yolo"):
    """[yolo] of Darknet; with `new_coords`, all logistics to do and scale_x_y 2 a map of ultralytics' YOLOv5."""


class GaussianHead(AnchorHead, frozen=True, kw_only=True, tag="Gaussian_yolo"):
    """[Gaussian_yolo] of AlexeyAB's Darknet."""

    @property
    def values(self) -> int:
        return 9


class RegionHead(AnchorHead, frozen=True, kw_only=True, tag="region"):
    """[region] of Darknet.

    AlexeyAB's looks at the scores alone, whatever the objectness is, and names of a tree the last class that is likely.
    """

    dialect: Literal["darknet", "alexeyab"] = "darknet"

    @property
    def scores_alone(self) -> bool:
        """Whether a box needs no objectness above the threshold, if only a score of it is."""
        return self.dialect == "alexeyab" and not self.tree


class DetectionHead(AnchorHead, frozen=True, kw_only=True, tag="detection"):
    """[detection] of Darknet, a vector."""

    @property
    def count(self) -> int:
        return self.grid[0] * self.grid[1] * (self.classes + self.num * 5)


class DflHead(Head, frozen=True, kw_only=True, tag="dfl"):
    """The distances of a box's sides from the middle of its cell, each as scores of `reg_max` bins (arXiv:2006.04388).

    ultralytics' YOLOv8 and later, before their boxes are decoded. The blob has 4 * reg_max channels, left, top, right,
    bottom, and behind them those of the classes, if these are in no blob of their own (`scores_blob`). A blob may hold
    several grids, cell by cell: this one begins at the cell `first` of `cells`. With reg_max 1 the distances themselves
    are there. They count in cells of `stride` pixels.
    """

    scores_blob: str | None = None
    grid: tuple[int, int]
    stride: float
    reg_max: int
    first: int = 0
    cells: int
    to_do: ToDo

    @property
    def reads(self) -> tuple[tuple[str | None, int], ...]:
        sides, classes = 4 * self.reg_max * self.cells, self.classes * self.cells
        if self.scores_blob is None:
            return ((self.blob, sides + classes),)
        return ((self.blob, sides), (self.scores_blob, classes))

    def doubts(self) -> Iterator[str]:
        yield from super().doubts()
        if min(self.reg_max, *self.grid) < 1 or not 0 < self.stride < 1 << 16:
            yield "a number of it is too small"
        if not 0 <= self.first <= self.cells - self.grid[0] * self.grid[1]:
            yield f"its grid reaches beyond the {self.cells} cells of its blob"


class BoxesHead(Head, frozen=True, kw_only=True, tag="boxes"):
    """Boxes that the net has decoded itself: x, y of the centre, width and height in pixels of the input, then scores.

    As channels of `count` boxes, or where `transposed` box by box; with `objectness` before the classes, by which they
    are still to be multiplied. What ultralytics' exported nets give.
    """

    count: int
    objectness: bool = False
    transposed: bool = False

    @property
    def reads(self) -> tuple[tuple[str | None, int], ...]:
        return ((self.blob, self.count * (4 + self.objectness + self.classes)),)


class SsdHead(Head, frozen=True, kw_only=True, tag="ssd"):
    """Offsets from prior boxes, four for each, and in a second blob the scores of its classes (arXiv:1512.02325).

    `priors` are x, y of the centre, width and height in parts of the input. `variances` are what the offsets are
    multiplied by. Scores need a softmax, of which class 0 is the background and no object, or logistics. `clip` keeps
    boxes within the input; `exponent_limit` is the largest logarithm of a box's size over its prior's.

    RetinaNet (arXiv:1708.02002) is the same with logistics and without a background. Of its maps, whose priors are as
    many as `levels` says, one map after the other, each has its `level_candidates` highest scores, of all classes.
    """

    scores_blob: str | None
    priors: tuple[float, ...]
    variances: tuple[float, float, float, float] = (0.1, 0.1, 0.2, 0.2)
    background: bool = True
    clip: bool = False
    exponent_limit: float | None = None
    levels: tuple[int, ...] = ()
    level_candidates: int | None = None
    to_do: ToDo

    @property
    def count(self) -> int:
        """Boxes, one for each prior."""
        return len(self.priors) // 4

    @property
    def reads(self) -> tuple[tuple[str | None, int], ...]:
        return ((self.blob, 4 * self.count), (self.scores_blob, self.classes * self.count))

    def doubts(self) -> Iterator[str]:
        yield from super().doubts()
        if len(self.priors) % 4:
            yield f"priors are {len(self.priors)} numbers, and each prior has four"
        if self.background and self.classes < 2:
            yield "there is no class but the background"
        if self.levels and (sum(self.levels) != self.count or min(self.levels) < 1):
            yield f"its levels are not of {self.count} priors"
        if bool(self.levels) != (self.level_candidates is not None) or (self.level_candidates or 1) < 1:
            yield "levels and level_candidates belong together, and each level has one candidate at least"


AnyHead = YoloHead | GaussianHead | RegionHead | DetectionHead | DflHead | BoxesHead | SsdHead
