"""From the blobs of a net to what they say of a picture, by what heads.json says and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from caffe_ir.blob import Array
from caffe_ir.errors import ConversionError, Problem
from converters.decode.boxes import Boxes, Detection, joined, unboxed
from converters.decode.detection import boxes_of_detection
from converters.decode.facts import Facts, HeadFacts
from converters.decode.nms import suppressed
from converters.decode.region import boxes_of_region
from converters.decode.yolo import boxes_of_yolo
from converters.pictures.fitting import inner_size

_DECODERS: Mapping[str, Callable[[HeadFacts, Array, float], Boxes]] = {
    "yolo": boxes_of_yolo,
    "Gaussian_yolo": boxes_of_yolo,
    "region": boxes_of_region,
    "detection": boxes_of_detection,
}


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
        raise ConversionError(Problem(what=what, why="only the program that it belongs to knows its values"))
    if not facts.heads:
        raise ConversionError(Problem(what="the net has no detection head"))
    if missing := [head.name for head in facts.heads if head.blob is None]:
        raise ConversionError(Problem(what=f"heads.json names no blob for {', '.join(missing)}"))


def _of_head(
    facts: Facts, head: HeadFacts, blobs: Mapping[str, Array], picture: tuple[int, int], threshold: float
) -> Boxes:
    blob = blobs[str(head.blob)]
    if blob.size != head.count:
        what = f"blob {head.blob} has {blob.size} values, and head {head.name} of heads.json {head.count}"
        raise ConversionError(Problem(what=what, hint="is it the heads.json of another net?"))
    boxes = _DECODERS[head.type](head, blob, threshold)
    if head.type == "detection" or facts.input.fit != "letterbox":
        return boxes
    inner = inner_size(*picture, *head.network)
    return Boxes(places=unboxed(boxes.places, inner, head.network), objectness=boxes.objectness, scores=boxes.scores)
