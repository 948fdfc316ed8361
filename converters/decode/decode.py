"""From the blobs of a net to what they say of a picture, by what heads.json says and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from caffe_ir.blob import Array
from caffe_ir.error_kinds.running import DESCRIPTION, NO_DECODER
from caffe_ir.errors import ConversionError, Problem
from converters.decode.boxes import Boxes, Detection, joined, unboxed
from converters.decode.detection import boxes_of_detection
from converters.decode.dfl import boxes_of_dfl
from converters.decode.facts import Facts
from converters.decode.heads import AnyHead
from converters.decode.nms import suppressed
from converters.decode.ready import boxes_of_boxes
from converters.decode.region import boxes_of_region
from converters.decode.ssd import boxes_of_ssd
from converters.decode.yolo import boxes_of_yolo
from converters.pictures.fitting import inner_size

_DECODERS: Mapping[str, Callable[..., Boxes]] = {
    "yolo": boxes_of_yolo,
    "Gaussian_yolo": boxes_of_yolo,
    "region": boxes_of_region,
    "detection": boxes_of_detection,
    "dfl": boxes_of_dfl,
    "boxes": boxes_of_boxes,
    "ssd": boxes_of_ssd,
}
"""The head, its blobs of one picture in the order of `head.reads`, and the threshold of the scores."""


def detections(
    facts: Facts, blobs: Mapping[str, Array], picture: tuple[int, int], *, threshold: float | None = None
) -> list[Detection]:
    """The objects in a picture, the best first.

    `blobs` are arrays (1, ...) or (...) of one picture by their names, `picture` is its height and width; `threshold`
    is that of the scores, instead of the one in the facts. Raises ConversionError where the facts cannot be followed.
    """
    check_decodable(facts)
    least = facts.heads[-1].nms.score_threshold if threshold is None else threshold
    found = joined([_of_head(facts, head, blobs, picture, least) for head in facts.heads])
    return suppressed(found, facts.heads[-1].nms)


def check_decodable(facts: Facts) -> None:
    """Raise ConversionError where there is no head, or one that only its own program can decode."""
    strangers = [f"{head.name} ([{head.section}])" for head in facts.unknown_heads]
    if strangers:
        what = f"no decoder is known for the head of a fork: {', '.join(strangers)}"
        raise ConversionError(
            Problem(kind=NO_DECODER, what=what, why="only the program that it belongs to knows its values")
        )
    if facts.heads and facts.input.fit == "crop":
        raise ConversionError(
            Problem(kind=NO_DECODER, what="boxes are found in the middle of a picture alone, and not placed in it")
        )
    if not facts.heads:
        raise ConversionError(Problem(kind=NO_DECODER, what="the net has no detection head"))
    if missing := [head.name for head in facts.heads if any(blob is None for blob, _ in head.reads)]:
        raise ConversionError(Problem(kind=NO_DECODER, what=f"heads.json names no blob for {', '.join(missing)}"))


def _of_head(
    facts: Facts, head: AnyHead, blobs: Mapping[str, Array], picture: tuple[int, int], threshold: float
) -> Boxes:
    arrays = [blobs[str(name)] for name, _ in head.reads]
    for (name, count), array in zip(head.reads, arrays, strict=True):
        if array.size != count:
            what = f"blob {name} has {array.size} values, and head {head.name} of heads.json {count}"
            raise ConversionError(Problem(kind=DESCRIPTION, what=what, hint="is it the heads.json of another net?"))
    boxes = _DECODERS[head.type](head, *arrays, threshold=threshold)
    if head.type == "detection" or facts.input.fit != "letterbox":
        return boxes
    inner = inner_size(*picture, *head.network)
    return Boxes(places=unboxed(boxes.places, inner, head.network), objectness=boxes.objectness, scores=boxes.scores)
