"""Outputs that no detector has."""

from __future__ import annotations

from typing import Any

import pytest

from caffe_ir.blob import Shape
from caffe_ir.errors import ConversionError
from converters.decode.output_shapes import Detector
from tests.converters.decode.described import P5, heads


@pytest.mark.parametrize(
    ("detector", "shapes", "known", "told"),
    [
        ("yolov8", [(84, 8401)], {}, "the outputs are out0 (N, 84, 8401)"),
        ("yolov8", [(4, 8400)], {}, "expected: the decoded boxes"),
        ("yolov8", [(84, 8400)], {"classes": 20}, "out0 has 80 classes, and the module has 20"),
        ("yolov8", [(64, 80, 80)], {}, "maps (N, 64 + classes, H, W)"),
        ("yolov8", [(144, 80, 40)], {}, "as many whole pixels high as wide"),
        ("yolov8", [(144, 79, 79)], {}, "as many whole pixels high as wide"),
        ("yolov8", [(64, 80, 80), (80, 80, 80), (80, 80, 80)], {}, "the outputs are"),
        ("yolov8", [], {}, "the outputs are"),
        ("yolov5", [(3, 85, 80, 80)], {"anchors": P5[:1]}, "the outputs are out0 (N, 3, 85, 80, 80)"),
        ("yolov5", [(254, 80, 80)], {"anchors": P5[:1]}, "the convolutions' maps"),
        ("yolov5", [(255, 80, 80)], {"anchors": P5}, "the anchors of 1 map are needed, and the module has those of 3"),
        ("ssd", [(9, 4), (9, 21)], {"priors": (0.5,) * 32}, "for 8 priors"),
        ("ssd", [(8, 4)], {"priors": (0.5,) * 32}, "the outputs are out0 (N, 8, 4)"),
        ("ssd", [(8, 4), (8, 1)], {"priors": (0.5,) * 32}, "there is no class but the background"),
    ],
)
def test_what_no_detector_has_is_refused(
    detector: Detector, shapes: list[Shape], known: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConversionError) as error:
        heads(detector, *shapes, **known)
    assert told in str(error.value)
