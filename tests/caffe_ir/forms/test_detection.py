from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.forms.detection import FORMS
from caffe_ir.layers import DetectionOutput, Input, PriorBox
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written


def grid() -> Net:
    net = net_of((1, 3, 4, 5))
    add(net, "boxes", PriorBox(min_size=(2.0,), aspect_ratio=(2.0,)), bottoms=["data", "data"])
    return net


def test_a_grid_is_numbers_that_no_checkpoint_changes() -> None:
    net = written(grid(), FORMS[PriorBox][0])
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Parameter"]
    assert net.nodes[-1].blobs[0].constant


def test_the_choice_of_boxes_is_left_to_the_host() -> None:
    net = net_of((1, 4))
    add(net, "scores", Input(shape=(1, 1)), bottoms=[])
    add(net, "boxes", Input(shape=(1, 2, 4)), bottoms=[])
    add(net, "y", DetectionOutput(num_classes=1), bottoms=["data", "scores", "boxes"])
    (form,) = FORMS[DetectionOutput]
    assert "take this layer out of the prototxt" in refusal(net, form)


def test_boxes_that_a_target_has_no_way_to_hold_are_left_to_the_host_too() -> None:
    """HiSilicon's NNIE has neither layer."""
    with pytest.raises(ConversionError) as caught:
        lower(grid(), TARGETS["nnie"], Options())
    (problem,) = caught.value.problems
    assert "its boxes as a Parameter: boxes_shaped (Reshape(shape=(0, 2, 240))) cannot be written for" in problem.why
    assert "outside of the net: its boxes are the same for every picture" in problem.why
