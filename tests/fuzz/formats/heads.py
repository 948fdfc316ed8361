"""STEM.heads.json, as `convert verify` compares it with what the source means: any text gives faults or none."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from caffe_ir.errors import ConversionError, Problem
from converters.verify.beside import facts_beside
from tests.fuzz.format import Files, Format
from tests.fuzz.json_values import changed, spelled
from tests.fuzz.mutation import maybe_damaged

FACTS: dict[str, Any] = {
    "dialect": "darknet",
    "input": {"order": "RGB", "scale": "1/255", "mean": 0, "letterbox": True},
    "heads": [
        {"name": "yolo_3", "classes": 80, "anchors": [10.0, 14.0, 23.0, 27.0], "mask": [0, 1], "stride": 32.0},
        {"name": "yolo_5", "classes": 80, "anchors": [10.0, 14.0], "mask": [0], "to_do": {"softmax": []}},
    ],
}


def make(rng: Random) -> Files:
    return {"x.heads.json": maybe_damaged(spelled(changed(FACTS, rng), rng), rng, 0.3)}


def read(folder: Path) -> None:
    """What cannot be read is a fault of the comparison; it counts as refused here."""
    found = list(facts_beside(folder / "x.prototxt", {".heads.json": json.dumps(FACTS)}))
    for fault, _ in found:
        if "cannot be read" in str(fault):
            raise ConversionError(Problem(what=str(fault)))


FORMATS = (Format(name="heads", make=make, read=read),)
