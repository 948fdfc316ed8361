"""Which shapes mean what; that the boxes are right is shown in tests/converters/cli/test_output_meaning.py."""

from __future__ import annotations

import pytest

from caffe_ir.blob import Shape
from caffe_ir.errors import ConversionError
from converters.decode.describing import Known, described_heads
from converters.decode.heads import BoxesHead, DflHead, SsdHead, YoloHead
from converters.decode.output_shapes import Detector, Output
from tests.converters.decode.described import heads


@pytest.mark.parametrize(
    ("detector", "shape", "network", "facts"),
    [
        ("yolov8", (84, 8400), (640, 640), (80, 8400, False, False)),
        ("yolov8", (84, 3549), (416, 416), (80, 3549, False, False)),
        ("yolov8", (5, 2100), (320, 320), (1, 2100, False, False)),
        ("yolov8", (8400, 84), (640, 640), (80, 8400, False, True)),
        ("yolov8", (84, 34000), (1280, 1280), (80, 34000, False, False)),  # with a map of stride 64
        ("yolov8", (84, 2000), (640, 640), (80, 2000, False, False)),  # strides 16 and 32, as yolov3-tiny has
        ("yolov5", (25200, 85), (640, 640), (80, 25200, True, True)),
        ("yolov5", (15120, 85), (384, 640), (80, 15120, True, True)),
    ],
)
def test_decoded_boxes_are_as_many_as_the_grids_have(
    detector: Detector, shape: Shape, network: tuple[int, int], facts: tuple[int, int, bool, bool]
) -> None:
    (head,) = heads(detector, shape, network=network)
    assert isinstance(head, BoxesHead)
    assert (head.classes, head.count, head.objectness, head.transposed) == facts


def test_boxes_that_are_as_many_as_their_numbers_are_refused() -> None:
    """80 classes at 64 x 64: 4 + 80 numbers, and 64 + 16 + 4 boxes."""
    with pytest.raises(ConversionError, match=r"out0 \(N, 84, 84\) can be read in two ways"):
        heads("yolov8", (84, 84), network=(64, 64))


def test_maps_have_the_stride_of_their_grid() -> None:
    found = heads("yolov8", (144, 80, 80), (144, 40, 40), (144, 20, 20))
    assert [(one.classes, one.stride, one.reg_max) for one in found if isinstance(one, DflHead)] == [
        (80, 8, 16), (80, 16, 16), (80, 32, 16),
    ]  # fmt: skip


def test_sides_and_classes_may_lie_apart_in_any_order() -> None:
    found = heads("yolov8", (80, 40, 40), (64, 40, 40), (64, 20, 20), (80, 20, 20))
    assert [(one.blob, one.scores_blob) for one in found if isinstance(one, DflHead)] == [
        ("out1", "out0"), ("out2", "out3"),
    ]  # fmt: skip


def test_where_both_may_be_either_the_first_are_the_sides() -> None:
    (head,) = heads("yolov8", (64, 40, 40), (64, 40, 40))
    assert isinstance(head, DflHead)
    assert (head.blob, head.scores_blob, head.classes) == ("out0", "out1", 64)


def test_joined_maps_are_cut_by_the_grids() -> None:
    found = heads("yolov8", (80, 8400), (64, 8400))
    assert [(one.first, one.grid, one.blob) for one in found if isinstance(one, DflHead)] == [
        (0, (80, 80), "out1"), (6400, (40, 40), "out1"), (8000, (20, 20), "out1"),
    ]  # fmt: skip


def test_anchors_belong_to_maps_from_the_finest_on() -> None:
    anchors = ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))
    found = heads("yolov5", (85, 20, 20), (85, 80, 80), (85, 40, 40), anchors=anchors)
    assert [(one.blob, one.anchors) for one in found if isinstance(one, YoloHead)] == [
        ("out1", anchors[0]), ("out2", anchors[1]), ("out0", anchors[2]),
    ]  # fmt: skip


def test_retinanet_has_logistics_and_no_background() -> None:
    (head,) = heads("retinanet", (8, 91), (8, 4), priors=(0.5,) * 32, levels=(6, 2), level_candidates=1000)
    assert isinstance(head, SsdHead)
    assert (head.blob, head.scores_blob, head.classes, head.background) == ("out1", "out0", 91, False)
    assert (head.to_do.logistic, head.to_do.softmax, head.variances) == (("classes",), (), (1, 1, 1, 1))
    assert (head.levels, head.level_candidates, head.nms.candidates) == ((6, 2), 1000, None)


@pytest.mark.parametrize(
    ("detector", "sides", "scores"),
    [("retinanet", (8, 4), (8, 91)), ("ssd", (8, 4), (8, 21)), ("yolov8", (64, 8400), (80, 8400))],
)
def test_scores_of_which_a_part_is_probabilities_are_refused(detector: Detector, sides: Shape, scores: Shape) -> None:
    outputs = [Output(name="sides", shape=sides), Output(name="scores", shape=scores, probabilities=None)]
    with pytest.raises(ConversionError, match="a part of scores has gone through a logistic already"):
        described_heads(detector, outputs, (640, 640), Known(priors=(0.5,) * 32, levels=(8,), level_candidates=9))


def test_ssd_may_be_flat() -> None:
    for shapes in (((8, 4), (8, 21)), ((32,), (168,)), ((168,), (32,))):
        (head,) = heads("ssd", *shapes, priors=(0.5,) * 32)
        assert isinstance(head, SsdHead)
        assert (head.classes, head.count, head.nms.candidates) == (21, 8, 400)
