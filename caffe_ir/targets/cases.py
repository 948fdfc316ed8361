"""Cases that more than one reader of Caffe files gets wrong: questions of `Never`."""

from __future__ import annotations

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    LRN,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    Exp,
    Log,
    Pooling,
    Power,
    Reshape,
    Scale,
    Slice,
    Softmax,
    Swish,
)

MAP_AXES = 4


def batch_statistics(layer: BatchNorm, bottoms: Shapes) -> bool:
    return not layer.use_global_stats


def over_the_batch(layer: Concat | Slice | Softmax, bottoms: Shapes) -> bool:
    return layer.axis in (0, -len(bottoms[0]))


def negative_axis(layer: Concat | Slice | Softmax, bottoms: Shapes) -> bool:
    return layer.axis < 0


def alone(layer: Concat, bottoms: Shapes) -> bool:
    return len(bottoms) == 1


def uneven_dilation(layer: Convolution | Deconvolution, bottoms: Shapes) -> bool:
    return len(set(layer.dilation)) > 1


def dilated(layer: Deconvolution, bottoms: Shapes) -> bool:
    return set(layer.dilation) != {1}


def other_channels(layer: Crop, bottoms: Shapes) -> bool:
    """The blob that gives the size has other channels, and only rows and columns are cropped."""
    return layer.axis == 2 and bottoms[0][1] != bottoms[1][1]


def fractional_coefficients(layer: Eltwise, bottoms: Shapes) -> bool:
    """Other than all 1, or 1 and -1 for two bottoms."""
    return not (set(layer.coeff) <= {1.0} or layer.coeff == (1.0, -1.0))


def base_and_scale(layer: Exp | Log, bottoms: Shapes) -> bool:
    """Another function than e^x or the natural logarithm."""
    return (layer.base, layer.scale, layer.shift) != (-1.0, 1.0, 0.0)


def constant_in_lrn(layer: LRN, bottoms: Shapes) -> bool:
    return layer.k != 1


def padded_mean(layer: Pooling, bottoms: Shapes) -> bool:
    return layer.pool == "AVE" and any(layer.pad)


def linear(layer: Power, bottoms: Shapes) -> bool:
    """scale x + shift, with one factor and one shift for all channels of a map."""
    return layer.power == 1 and layer.scale != 0 and len(bottoms[0]) >= 2


def other_batch(layer: Reshape, bottoms: Shapes) -> bool:
    """The first axis does not stay as it is."""
    return layer.infer(bottoms)[0][:1] != bottoms[0][:1]


def many_axes(layer: Reshape, bottoms: Shapes) -> bool:
    return len(layer.infer(bottoms)[0]) > MAP_AXES


def some_axes(layer: Reshape, bottoms: Shapes) -> bool:
    """`axis` or `num_axes` is written."""
    return (layer.axis, layer.num_axes) != (0, -1)


def two_bottoms(layer: Scale, bottoms: Shapes) -> bool:
    return len(bottoms) == 2


def factors_without_channels(layer: Scale, bottoms: Shapes) -> bool:
    """Two bottoms, of which the second is not (N, C) from axis 0 on."""
    return len(bottoms) == 2 and not (layer.axis == 0 and len(bottoms[1]) == 2)


def factors_of_other_axes(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, whose weights are not one number for each channel."""
    return len(bottoms) == 1 and (layer.axis, layer.num_axes) != (1, 1)


def factors_like_channels(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, and as many weights for its rows or columns as it has channels."""
    return len(bottoms) == 1 and layer.axis > 1 and bottoms[0][layer.axis] == bottoms[0][1]


def factors_of_rows(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, and another number of weights for its rows or columns than it has channels."""
    return len(bottoms) == 1 and layer.axis > 1 and not factors_like_channels(layer, bottoms)


def beta(layer: Swish, bottoms: Shapes) -> bool:
    return layer.beta != 1
