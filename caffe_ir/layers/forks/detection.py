"""The detection heads of the SSD fork: boxes of a grid, and the detections that a net makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.float32 import Float32
from caffe_ir.layer import Shapes, require
from caffe_ir.layers.bvlc.caffe_layer import CaffeLayer, usable

if TYPE_CHECKING:
    from typing_extensions import Self

ALIKE = 1e-6
"""Two aspect ratios nearer than this are one (prior_box_layer.cpp, LayerSetUp)."""
USUAL_VARIANCE = (Float32(0.1),)


class PriorBox(CaffeLayer, frozen=True, kw_only=True):
    """(1, 2, 4 H W P): P boxes around each cell of the first bottom, in parts of the second one's size; variances.

    prior_box_layer.cpp. Only the sizes of its bottoms are read. The sizes of boxes are whole numbers there: what is
    behind the point is cut off.
    """

    param = "prior_box_param"
    bottoms = (2, 2)
    sizes_read = frozenset({0, 1})
    min_size: tuple[float, ...]
    max_size: tuple[float, ...] = ()
    aspect_ratio: tuple[float, ...] = ()
    flip: bool = True
    clip: bool = False
    variance: tuple[float, ...] = ()
    img_size: int = 0
    img_h: int = 0
    img_w: int = 0
    step: float = 0.0
    step_h: float = 0.0
    step_w: float = 0.0
    offset: float = 0.5

    def infer(self, bottoms: Shapes) -> Shapes:
        cells, image = bottoms
        require(len(cells) == 4 == len(image), "it takes two of (N, C, H, W)")
        require(min(self.min_size, default=0) > 0, f"min_size is {self.min_size}")
        require(len(self.max_size) in (0, len(self.min_size)), "each min_size has a max_size, or none has")
        pairs = zip(self.max_size, self.min_size, strict=False)
        require(all(most > least for most, least in pairs), "a max_size is not above its min_size")
        require(len(self.variance) in (0, 1, 4), f"{len(self.variance)} variances, where a box has 1 or 4")
        require(min(self.variance, default=1) > 0, "a variance is not above 0")
        require(not (self.img_size and (self.img_h or self.img_w)), "img_size and img_h or img_w exclude each other")
        require(not (self.step and (self.step_h or self.step_w)), "step and step_h or step_w exclude each other")
        require(bool(self.img_h) == bool(self.img_w), "of img_h and img_w one is given")
        require(bool(self.step_h) == bool(self.step_w), "of step_h and step_w one is given")
        return (
            usable(
                (1, 2, 4 * cells[2] * cells[3] * len(self.boxes())),
            ),
        )

    def boxes(self) -> list[tuple[float, float]]:
        """The widths and heights of the boxes around a cell, in pixels."""
        found: list[tuple[float, float]] = []
        for place, least in enumerate(map(int, self.min_size)):
            found.append((least, least))
            if self.max_size:
                side = sqrt(least * int(self.max_size[place]))
                found.append((side, side))
            found += [(least * sqrt(ratio), least / sqrt(ratio)) for ratio in self._ratios()]
        return found

    def _ratios(self) -> list[float]:
        ratios = distinct_ratios(self.aspect_ratio, flip=self.flip)
        return [one for ratio in ratios for one in ((ratio, 1 / ratio) if self.flip else (ratio,))]

    def values(self, bottoms: Shapes) -> Array:
        """The top for bottoms of these shapes, in float64."""
        (_, _, rows, columns), image = bottoms
        height, width = self.img_h or self.img_size or image[2], self.img_w or self.img_size or image[3]
        down, right = self.step_h or self.step or height / rows, self.step_w or self.step or width / columns
        center = np.empty((rows, columns, 1, 2))
        center[..., 0] = ((np.arange(columns) + self.offset) * right)[None, :, None]
        center[..., 1] = ((np.arange(rows) + self.offset) * down)[:, None, None]
        half = np.array(self.boxes()) / 2
        boxes = np.concatenate([center - half, center + half], axis=-1) / (width, height, width, height)
        if self.clip:
            boxes = boxes.clip(0, 1)
        variance = np.broadcast_to(self.variance or USUAL_VARIANCE, (boxes.size // 4, 4))
        return np.stack([boxes.reshape(-1), variance.reshape(-1)])[None]

    def spelled(self) -> dict[str, Any]:
        """As every reader takes it: sizes that are whole, ratios that are read once each, and one at least, a variance
        for each number of a box, and what has another default elsewhere, as `clip` has in OpenCV."""
        variance = self.variance or USUAL_VARIANCE
        return {
            **super().spelled(),
            **self._whole_sizes(),
            "aspect_ratio": distinct_ratios(self.aspect_ratio, flip=self.flip) or (1.0,),
            "flip": self.flip,
            "clip": self.clip,
            "variance": variance * (4 // len(variance)),
        }

    def _whole_sizes(self) -> dict[str, tuple[float, ...]]:
        """The sizes without their fractions, where Caffe takes them so too."""
        least, most = (tuple(map(float, map(int, sizes))) for sizes in (self.min_size, self.max_size))
        taken = min(least) > 0 and all(high > low for high, low in zip(most, least, strict=False))
        return {"min_size": least, **({"max_size": most} if most else {})} if taken else {}

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        return [self.values(tuple(bottom.shape for bottom in bottoms)).astype(bottoms[0].dtype)]


def distinct_ratios(ratios: Iterable[float], *, flip: bool) -> tuple[float, ...]:
    """Those of which Caffe makes boxes: neither 1, nor one that stands before it, or the inverse of such a one."""
    found, seen = list[float](), [1.0]
    for ratio in ratios:
        if all(abs(ratio - other) >= ALIKE for other in seen):
            found.append(ratio)
            seen += [ratio, 1 / ratio] if flip else [ratio]
    return tuple(found)


class DetectionOutput(CaffeLayer, frozen=True, kw_only=True):
    """(1, 1, K, 7): image, class, score and corners of each detection, by image, class and falling score.

    detection_output_layer.cpp. K is how many there are, which is seen when the net runs; where there are none, a row
    for each image says -1. The bottoms are places (N, 4 P), or as many for each class, scores (N, P num_classes), and
    what PriorBox makes. The fields of nms_param stand here for themselves.
    """

    param = "detection_output_param"
    bottoms = (3, 3)
    ignored: ClassVar[frozenset[str]] = frozenset(
        {"save_output_param", "visualize", "visualize_threshold", "save_file"}
    )
    num_classes: int
    share_location: bool = True
    background_label_id: int = 0
    nms_threshold: float = Float32(0.3)
    top_k: int = -1
    eta: float = 1.0
    code_type: Literal["CORNER", "CENTER_SIZE", "CORNER_SIZE"] = "CORNER"
    keep_top_k: int = -1
    variance_encoded_in_target: bool = False
    confidence_threshold: float | None = None
    """Without one every score counts (-FLT_MAX)."""

    def infer(self, bottoms: Shapes) -> Shapes:
        """One row for the time being, as Caffe has it before it runs."""
        places, scores, priors = bottoms
        require(self.num_classes >= 1, "it needs num_classes")
        require(len(priors) == 3 and priors[:2] == (1, 2), f"its priors are (1, 2, 4 P), not {priors}")
        require(self.nms_threshold >= 0 and 0 < self.eta <= 1, "nms_threshold is at least 0, eta above 0 and at most 1")
        images, count = places[0], priors[2] // 4
        kinds = 1 if self.share_location else self.num_classes
        require(np.prod(places[1:]) == 4 * count * kinds, f"places {places} do not fit {count} boxes")
        require(scores[0] == images, f"places of {images} images and scores of {scores[0]}")
        require(np.prod(scores[1:]) == count * self.num_classes, f"scores {scores} do not fit {count} boxes")
        return ((1, 1, 1, 7),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        places, scores, priors = bottoms
        boxes, variances = priors.reshape(2, -1, 4)
        images = len(places)
        decoded = self._decoded(places.reshape(images, len(boxes), -1, 4), boxes[:, None], variances[:, None])
        scores = scores.reshape(images, len(boxes), self.num_classes)
        rows = [row for image in range(images) for row in self._of_image(image, decoded[image], scores[image])]
        nothing = [(image, *(-1.0,) * 6) for image in range(images)]
        return [np.array(rows or nothing, places.dtype).reshape(1, 1, -1, 7)]

    def _decoded(self, x: Array, boxes: Array, variances: Array) -> Array:
        """bbox_util.cpp, DecodeBBox."""
        if not self.variance_encoded_in_target:
            x = x * variances
        if self.code_type == "CORNER":
            return np.asarray(boxes + x)
        size = boxes[..., 2:] - boxes[..., :2]
        if self.code_type == "CORNER_SIZE":
            return np.asarray(boxes + x * np.concatenate([size, size], axis=-1))
        center = (boxes[..., :2] + boxes[..., 2:]) / 2 + x[..., :2] * size
        half = np.exp(x[..., 2:]) * size / 2
        return np.concatenate([center - half, center + half], axis=-1)

    def _of_image(self, image: int, boxes: Array, scores: Array) -> Iterator[tuple[float, ...]]:
        kept = [
            (float(scores[place, label]), label, int(place))
            for label in range(self.num_classes)
            if label != self.background_label_id
            for place in self._suppressed(boxes[:, 0 if self.share_location else label], scores[:, label])
        ]
        if len(kept) > self.keep_top_k > -1:
            kept = sorted(kept, key=lambda one: -one[0])[: self.keep_top_k]
        for score, label, place in sorted(kept, key=lambda one: one[1]):
            yield (image, label, score, *map(float, boxes[place, 0 if self.share_location else label]))

    def _suppressed(self, boxes: Array, scores: Array) -> list[int]:
        """The boxes of a class that stay, by falling score (bbox_util.cpp, ApplyNMSFast)."""
        order = np.argsort(-scores, kind="stable")
        if self.confidence_threshold is not None:
            order = order[scores[order] > self.confidence_threshold]
        order = order[: self.top_k] if self.top_k > -1 else order
        kept: list[int] = []
        threshold = self.nms_threshold
        for place in map(int, order):
            if (overlaps(boxes[place], boxes[kept]) <= threshold).all():
                kept.append(place)
                threshold *= self.eta if self.eta < 1 and threshold > 0.5 else 1
        return kept

    def spelled(self) -> dict[str, Any]:
        """With all that OpenCV wants to be written; it has no defaults for it."""
        wanted = ("share_location", "background_label_id", "keep_top_k", "code_type", "nms_threshold")
        fields = {**super().spelled(), **{name: getattr(self, name) for name in wanted}}
        suppression = {name: fields.pop(name) for name in _OF_NMS if name in fields}
        return {**fields, "nms_param": suppression} if suppression else fields

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        fields = dict(spelled)
        suppression = fields.pop("nms_param", {})
        return super().parsed({**fields, **suppression})


_OF_NMS = ("nms_threshold", "top_k", "eta")


def overlaps(box: Array, others: Array) -> Array:
    """The intersection of a box with each of others (n, 4) over the union; bbox_util.cpp, JaccardOverlap."""
    least, most = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = (most - least).clip(0).prod(axis=1)
    whole = _areas(box[None]) + _areas(others) - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0))


def _areas(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1))
