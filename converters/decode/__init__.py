"""Decoders: the outputs of a net as boxes and classes, by what its heads.json says."""

from __future__ import annotations

from converters.decode.boxes import Detection
from converters.decode.classifier import best_classes
from converters.decode.decode import check_decodable, detections
from converters.decode.facts import Facts, facts_of, read_facts
from converters.decode.segmentation import pixel_classes, shares

__all__ = [
    "Detection",
    "Facts",
    "best_classes",
    "check_decodable",
    "detections",
    "facts_of",
    "pixel_classes",
    "read_facts",
    "shares",
]
