"""Axes that readers take for others than Caffe does, or do not take: limits of several targets."""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from caffe_ir.layer import Layer, Shapes, axis_index
from caffe_ir.layers import Bias, Convolution, Crop, Deconvolution, Flatten, InnerProduct, Reduction, Reshape, Scale
from caffe_ir.targets.limits import Never, Only

ROWS, MAP_AXES = 2, 4


def behind_axes_of_one(layer: InnerProduct, bottoms: Shapes) -> bool:
    """An InnerProduct of an image's last axis, the only one with several numbers, behind others."""
    sizes = bottoms[0][1:]
    return len(sizes) > 1 and prod(sizes[:-1]) == 1 < sizes[-1]


def _from_behind(layer: Bias, bottoms: Shapes) -> bool:
    return -len(bottoms[0]) < layer.axis < 0


def _one_number(layer: Bias, bottoms: Shapes) -> bool:
    return len(bottoms) == 1 and layer.num_axes == 0


def _beside_factors(layer: Scale, bottoms: Shapes) -> bool:
    return len(bottoms) > 1 and layer.bias_term


def _beside_no_axis(layer: Reshape, bottoms: Shapes) -> bool:
    return layer.axis < 0 or layer.num_axes == 0


def _no_axes(layer: Reshape, bottoms: Shapes) -> bool:
    return not layer.infer(bottoms)[0]


def _of_other_rows(layer: Crop, bottoms: Shapes) -> bool:
    first, second = bottoms
    return layer.axis < 0 or first[ROWS : axis_index(layer.axis, len(first))] != second[ROWS : layer.axis]


def _behind_the_last(layer: Crop, bottoms: Shapes) -> bool:
    return layer.axis < 0


def _not_of_maps(layer: Convolution | Deconvolution, bottoms: Shapes) -> bool:
    return layer.axis != 1 or len(bottoms[0]) != MAP_AXES


def _of_other_axes(layer: Layer, bottoms: Shapes) -> bool:
    return len(bottoms[0]) != MAP_AXES


def _of_few_axes(layer: Bias, bottoms: Shapes) -> bool:
    return len(bottoms[0]) < MAP_AXES


def _of_many_axes(layer: Layer, bottoms: Shapes) -> bool:
    return len(bottoms[0]) > MAP_AXES


def _of_several_axes(layer: Bias, bottoms: Shapes) -> bool:
    return len(bottoms) == 1 and (layer.axis < 0 or layer.num_axes not in (0, 1))


def _of_no_rows(layer: Convolution, bottoms: Shapes) -> bool:
    return len(bottoms[0]) == ROWS or len(bottoms[0]) > MAP_AXES


def _of_three_or_five_axes(layer: Layer, bottoms: Shapes) -> bool:
    return len(bottoms[0]) not in (ROWS, MAP_AXES)


def _reduced_from_behind(layer: Reduction, bottoms: Shapes) -> bool:
    return layer.axis < 0


def _reduced_otherwise(layer: Reduction, bottoms: Shapes) -> bool:
    return len(bottoms[0]) > MAP_AXES or (len(bottoms[0]) < MAP_AXES and layer.axis < 0)


def _offsets_from_the_batch(layer: Crop, bottoms: Shapes) -> bool:
    return layer.axis == 0 and len(layer.offset) > 1


def _ends_before_it_begins(layer: Flatten, bottoms: Shapes) -> bool:
    axes = len(bottoms[0])
    return axis_index(layer.end_axis, axes) < axis_index(layer.axis, axes)


TRIED = "trials of a {} with 2 to 5 axes"
MAPS_ALONE = Never(text="blobs of other than four axes", where=_of_other_axes, source=TRIED.format("Convolution"))
MAPS_AND_ROWS = Never(text="blobs of two or five axes", where=_of_no_rows, source=TRIED.format("Convolution"))
END_BEFORE_AXIS = Never(
    text="an end_axis before the axis, which adds an axis of one cell",
    where=_ends_before_it_begins,
    source="trial flatten_end_before_axis",
)
FIVE_AXES = Never(text="blobs of five axes", where=_of_many_axes, source=TRIED.format("window and a Bias"))
NORMS_OF_MAPS = Never(
    text="blobs of three or five axes", where=_of_three_or_five_axes, source=TRIED.format("BatchNorm")
)
CROP_OF_FIVE = replace(FIVE_AXES, silent=True, source="trial crop_of_five_axes")
SLICES_OF_MAPS = replace(NORMS_OF_MAPS, source=TRIED.format("Slice"))
BIAS_OF_AXES = Never(
    text="numbers of several axes, or from an axis on that is counted from behind",
    where=_of_several_axes,
    silent=True,
    source="trials of a Bias with num_axes of 2 and -1 and axis: -3: some are refused, some have another shape",
)
BIAS_OF_MAPS = Never(
    text="blobs of fewer than four axes get a fourth", where=_of_few_axes, silent=True, source=TRIED.format("Bias")
)
REDUCED_FROM_BEHIND = Never(
    text="an axis counted from behind", where=_reduced_from_behind, silent=True, source=TRIED.format("Reduction")
)
REDUCED_OTHERWISE = Never(
    text="five axes, or a negative axis of fewer than four",
    where=_reduced_otherwise,
    silent=True,
    source=TRIED.format("Reduction"),
)
BATCH_OFFSETS = Never(
    text="offsets from the batch on are taken for those of the channels, rows and columns",
    where=_offsets_from_the_batch,
    silent=True,
    source="trial crop_batch_offsets; caffe2ncnn.cpp, Crop",
)
FROM_BEHIND = Never(
    text="an axis counted from behind",
    where=_from_behind,
    source="trials of a Bias in MNN 3.6.1",
)
ONE_NUMBER = Never(text="one number for all", where=_one_number, source="trial of a Bias with num_axes: 0, MNN 3.6.1")
OWN_BIAS = Never(
    text="a bias of its own beside factors in a second blob is taken for these",
    where=_beside_factors,
    silent=True,
    source="trials of a Scale of two blobs with bias_term: true, 4.14; refused where the blobs are alike",
)
NO_OWN_BIAS = Never(
    text="a bias of its own beside factors in a second blob",
    where=_beside_factors,
    source="trial scale2_bias: ncnn, RKNN-Toolkit2",
)
BIAS_LEFT_OUT = Never(
    text="a bias of its own beside factors in a second blob is ignored",
    where=_beside_factors,
    silent=True,
    source="trial scale2_bias: caffe2onnx, OpenVINO",
)
NEW_AXES = Never(
    text="axes counted from behind, or put between two others",
    where=_beside_no_axis,
    source="trials of a Reshape with axis: -2, and with num_axes: 0, 4.14",
)
NO_AXES = Never(
    text="a number without an axis",
    where=_no_axes,
    source="trials of a Reduction of axis 0, which ends in a Reshape to no axis: OpenCV 4.14, MNN 3.6.1",
)
COLUMNS_ALONE = Never(
    text="rows are cropped to those of the other blob as well, and an axis is not counted from behind",
    where=_of_other_rows,
    silent=True,
    source="trials of a Crop with axis: 3 and axis: -1; caffe2ncnn.cpp, Crop",
)
OF_MAPS = Never(
    text="rows and columns are the only axes, and are taken for those",
    where=_not_of_maps,
    silent=True,
    source="trials of a Convolution over one axis: ncnn, MNN 3.6.1; and from axis 2 on: ncnn",
)
CROP_FROM_BEHIND = Never(
    text="an axis counted from behind",
    where=_behind_the_last,
    silent=True,
    source="trial of a Crop with axis: -1, 3.6.1",
)
CHANNELS = Only(field="axis", values=(1,), source="trials of a Convolution from axis 2 on in OpenCV 4.14 and MNN 3.6.1")
