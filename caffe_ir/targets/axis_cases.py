"""Axes that readers take for others than Caffe does, or do not take: limits of several targets."""

from __future__ import annotations

from caffe_ir.layer import Shapes
from caffe_ir.layers import Bias, Reshape, Scale
from caffe_ir.targets.limits import Never, Only


def _from_behind(layer: Scale | Bias, bottoms: Shapes) -> bool:
    return -len(bottoms[0]) < layer.axis < 0


def _one_number(layer: Bias, bottoms: Shapes) -> bool:
    return len(bottoms) == 1 and layer.num_axes == 0


def _beside_factors(layer: Scale, bottoms: Shapes) -> bool:
    return len(bottoms) > 1 and layer.bias_term


def _beside_no_axis(layer: Reshape, bottoms: Shapes) -> bool:
    return layer.axis < 0 or layer.num_axes == 0


FROM_BEHIND = Never(
    text="an axis counted from behind",
    where=_from_behind,
    source="trials of a Scale in OpenCV 4.14, right behind a Convolution with -3 alone, and of a Bias in MNN 3.6.1",
)
ONE_NUMBER = Never(text="one number for all", where=_one_number, source="trial of a Bias with num_axes: 0, MNN 3.6.1")
OWN_BIAS = Never(
    text="a bias of its own beside factors in a second blob is taken for these",
    where=_beside_factors,
    silent=True,
    source="trials of a Scale of two blobs with bias_term: true, 4.14; refused where the blobs are alike",
)
NEW_AXES = Never(
    text="axes counted from behind, or put between two others",
    where=_beside_no_axis,
    source="trials of a Reshape with axis: -2, and with num_axes: 0, 4.14",
)
CHANNELS = Only(field="axis", values=(1,), source="trials of a Convolution from axis 2 on in OpenCV 4.14 and MNN 3.6.1")
