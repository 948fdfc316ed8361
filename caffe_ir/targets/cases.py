"""Cases that more than one reader of Caffe files gets wrong: questions of `Never`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import e, isclose, prod
from typing import Any

from caffe_ir.layer import Layer, Shapes, axis_index
from caffe_ir.layers import (
    LRN,
    Axpy,
    BatchNorm,
    Concat,
    Crop,
    Eltwise,
    Exp,
    Flatten,
    InnerProduct,
    Log,
    Power,
    Reshape,
    Reverse,
    Scale,
    Slice,
    Softmax,
    Swish,
)
from caffe_ir.targets.limits import Never

MAP_AXES, TWO, FIVE = 4, 2, 5


HALF = 65504.0
ALPHA_IN_HALVES = Never(
    text=f"an alpha above {HALF:g}, which halves do not hold",
    where=lambda layer, bottoms: layer.alpha > HALF,
    silent=True,
    source="the largest number of float16",
)


def always(layer: Layer, bottoms: Shapes) -> bool:
    """Whatever its fields are."""
    return True


def batch_statistics(layer: BatchNorm, bottoms: Shapes) -> bool:
    """It takes mean and variance of the batch (use_global_stats: false)."""
    return not layer.use_global_stats


OWN_STATISTICS = Never(
    text="use_global_stats: false is ignored",
    where=batch_statistics,
    silent=True,
    source="trial bn_use_global_stats_false",
)
EXCHANGED = Never(
    text="a x + y, which is computed as a y + x",
    where=lambda layer, bottoms: True,
    silent=True,
    unless=lambda net, node: node.bottoms[1] == node.bottoms[2],
    source="trial of a gate, a map and another map: y times the gate, and x",
)


def factors_without_map(layer: Axpy, bottoms: Shapes) -> bool:
    """Several factors (N, C), and no maps of one cell."""
    return len(bottoms[0]) == TWO and prod(bottoms[0]) > 1


def factors_along_the_map(layer: Axpy, bottoms: Shapes) -> bool:
    """Several factors (N, C), which fit rows and columns of the map, as ONNX spreads a shape."""
    return factors_without_map(layer, bottoms) and all(
        one in (1, size) for one, size in zip(bottoms[0], bottoms[1][2:], strict=True)
    )


STORED_STATISTICS = Never(
    text="use_global_stats: false",
    where=batch_statistics,
    source="nothing that is published says that statistics of the input are computed; most importers take stored ones",
)


def over_the_batch(layer: Concat | Slice | Softmax, bottoms: Shapes) -> bool:
    """Its axis is that of the images."""
    return layer.axis in (0, -len(bottoms[0]))


def negative_axis(layer: Concat | Slice | Softmax, bottoms: Shapes) -> bool:
    """Its axis is counted from the last."""
    return layer.axis < 0


def fifth_axis(layer: Concat | Slice, bottoms: Shapes) -> bool:
    """The fifth axis or one behind it."""
    return layer.axis % len(bottoms[0]) >= MAP_AXES


def alone(layer: Concat, bottoms: Shapes) -> bool:
    """It has one bottom."""
    return len(bottoms) == 1


def other_channels(layer: Crop, bottoms: Shapes) -> bool:
    """The blob that gives the size has other channels, and only rows and columns are cropped."""
    return layer.axis == 2 and bottoms[0][1] != bottoms[1][1]


def fractional_coefficients(layer: Eltwise, bottoms: Shapes) -> bool:
    """Whether `coeff` is other than all 1, or 1 and -1 for two bottoms."""
    return not (set(layer.coeff) <= {1.0} or layer.coeff == (1.0, -1.0))


def base_and_scale(layer: Exp | Log, bottoms: Shapes) -> bool:
    """Another function than e^x or the natural logarithm; e may be written as the base."""
    return (layer.scale, layer.shift) != (1.0, 0.0) or not (layer.base == -1 or isclose(layer.base, e, rel_tol=1e-6))


def one_channel(layer: Layer, bottoms: Shapes) -> bool:
    """Its weights are one number each."""
    return bottoms[0][1] == 1


def constant_in_lrn(layer: LRN, bottoms: Shapes) -> bool:
    """The k of (k + alpha / n sum)^beta is not 1. Within channels Caffe does not look at it."""
    return layer.k != 1 and layer.norm_region == "ACROSS_CHANNELS"


def constant_within_channels(layer: LRN, bottoms: Shapes) -> bool:
    """A k other than 1, where Caffe does not look at it."""
    return layer.k != 1 and layer.norm_region == "WITHIN_CHANNEL"


def linear(layer: Power, bottoms: Shapes) -> bool:
    """scale x + shift, with one factor and one shift for all channels of a map."""
    return layer.power == 1 and layer.scale != 0 and len(bottoms[0]) >= 2


def other_batch(layer: Reshape, bottoms: Shapes) -> bool:
    """The first axis does not stay as it is."""
    return layer.infer(bottoms)[0][:1] != bottoms[0][:1]


def is_flattened(layer: Reshape) -> bool:
    """Whether all values are left, in order, where a reader takes the first number off `shape`: a -1 stands behind it,
    or it is the only one."""
    return len(layer.shape) == 1 or -1 in layer.shape[1:]


def many_axes(layer: Reshape, bottoms: Shapes) -> bool:
    """Its top has more axes than a map of the target."""
    return len(layer.infer(bottoms)[0]) > MAP_AXES


def some_axes(layer: Reshape, bottoms: Shapes) -> bool:
    """`axis` or `num_axes` is written."""
    return (layer.axis, layer.num_axes) != (0, -1)


def two_bottoms(layer: Scale, bottoms: Shapes) -> bool:
    """The factors are its second bottom, and no weights."""
    return len(bottoms) == 2


def factors_without_channels(layer: Scale, bottoms: Shapes) -> bool:
    """Two bottoms, of which the second is not (N, C) from axis 0 on."""
    return len(bottoms) == 2 and not (layer.axis == 0 and len(bottoms[1]) == 2)


def factors_of_other_axes(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, whose weights are not one number for each channel."""
    return len(bottoms) == 1 and (layer.axis, layer.num_axes) != (1, 1)


def factors_like_channels(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, and as many weights for other axes as it has channels."""
    weights = layer.blob_shapes(bottoms)[0] if len(bottoms) == 1 else ()
    first = axis_index(layer.axis, len(bottoms[0]))
    of_channels = all(count == 1 or place == 1 for place, count in enumerate(weights, first))
    return not of_channels and (prod(weights),) == bottoms[0][1:2]


def factors_of_rows(layer: Scale, bottoms: Shapes) -> bool:
    """One bottom, and another number of weights for images, rows or columns than it has channels."""
    of_others = len(bottoms) == 1 and axis_index(layer.axis, len(bottoms[0])) != 1
    return of_others and prod(layer.blob_shapes(bottoms)[0]) not in (1, *bottoms[0][1:2])


def factors_from_behind(layer: Scale, bottoms: Shapes) -> bool:
    """Several factors from an axis on that is counted from the last, with no bias of their own in a second blob."""
    of_two = len(bottoms) > 1
    factors = bottoms[1] if of_two else layer.blob_shapes(bottoms)[0]
    return layer.axis < 0 and prod(factors) > 1 and not (of_two and layer.bias_term)


def factors_of_several_axes(layer: Scale, bottoms: Shapes) -> bool:
    """As many weights as several axes have cells, and not as many as there are channels."""
    weights = layer.blob_shapes(bottoms)[0]
    return len(weights) > 1 and prod(weights) != bottoms[0][1]


def takes_more_axes(layer: Flatten, bottoms: Shapes) -> bool:
    """More than one axis is left behind the batch."""
    return len(layer.infer(bottoms)[0]) > TWO


def beta(layer: Swish, bottoms: Shapes) -> bool:
    """x sigmoid(beta x) with another beta than 1."""
    return layer.beta != 1


def coefficients(layer: Eltwise, bottoms: Shapes) -> bool:
    """Any that is not 1."""
    return not set(layer.coeff) <= {1.0}


def other_coefficients(layer: Eltwise, bottoms: Shapes) -> bool:
    """Any that is neither 1 nor -1."""
    return not set(layer.coeff) <= {1.0, -1.0}


def coefficients_of_several(layer: Eltwise, bottoms: Shapes) -> bool:
    """It has more than two bottoms, and coefficients."""
    return len(bottoms) > TWO and coefficients(layer, bottoms)


def larger_multiple(first: Power, second: Eltwise, bottoms: Shapes) -> bool:
    """A maximum with a multiple, by a factor above 1."""
    return second.operation == "MAX" and linear(first, bottoms) and first.scale > 1 and not first.shift


def several(layer: Eltwise, bottoms: Shapes) -> bool:
    """More than two bottoms."""
    return len(bottoms) > TWO


def several_but_maxima(layer: Eltwise, bottoms: Shapes) -> bool:
    """It adds or multiplies more than two bottoms."""
    return len(bottoms) > TWO and layer.operation != "MAX"


def within_channels(layer: LRN, bottoms: Shapes) -> bool:
    """It sums over neighbours in the plane, not over channels; of a window of one cell that is the same."""
    return layer.norm_region == "WITHIN_CHANNEL" and layer.local_size > 1


def other_end(layer: Flatten, bottoms: Shapes) -> bool:
    """Other axes than all from the first on become one."""
    return layer.end_axis not in (-1, len(bottoms[0]) - 1)


def loses_axes(layer: Flatten, bottoms: Shapes) -> bool:
    """Not two axes are left, as ONNX's Flatten leaves them; an axis of one cell is not a difference."""
    before, behind = bottoms[0][: layer.axis], bottoms[0][layer.axis :]
    left = [size for size in (prod(before), prod(behind)) if size != 1]
    return [size for size in layer.infer(bottoms)[0] if size != 1] != left


def of_one_number(layer: InnerProduct, bottoms: Shapes) -> bool:
    """Each of its outputs is a multiple of the same number, and a bias."""
    return prod(bottoms[0][layer.axis :]) == 1


def changes_the_first(layer: Reshape, bottoms: Shapes) -> bool:
    """Whether the first number of `shape` is not 0, which stands for the batch as it is."""
    return layer.axis != 0 or layer.shape[:1] != (0,)


def turns_several_axes(layer: Reverse, bottoms: Shapes) -> bool:
    """Several axes, or one that is counted from the last."""
    return len(layer.axis) > 1 or min(layer.axis, default=0) < 0


def no_map(layer: Layer, bottoms: Shapes) -> bool:
    """The first bottom has not four axes."""
    return len(bottoms[0]) != MAP_AXES


# ---- How a file is written: questions of `Spelling`, about the fields that it sets --------------------------------


def repeated_sizes(fields: Mapping[str, Any]) -> bool:
    """Rows and columns of a window are given as `kernel_size: 3 kernel_size: 5`, not as `kernel_h` and `kernel_w`."""
    return any(len(set(fields.get(name, ()))) > 1 for name in ("kernel_size", "stride", "pad"))


def fraction_in_scale(fields: Mapping[str, Any]) -> bool:
    """An Upsample whose scale is written with a point, as 2.0, which is no integer to a proto."""
    return re.search(r"\bscale\s*:\s*\d*\.", fields.get("text", "")) is not None


def no_points(fields: Mapping[str, Any]) -> bool:
    """Equal parts of a Slice, as many as there are tops."""
    return not fields.get("slice_point")


def several_tops(fields: Mapping[str, Any]) -> bool:
    """It has more than one top."""
    return len(fields.get("top", ())) > 1


def several_tops_of_one_shape(fields: Mapping[str, Any]) -> bool:
    """An Input whose only shape is that of each of its tops."""
    return several_tops(fields) and len(fields.get("shape", ())) == 1


def no_stride(fields: Mapping[str, Any]) -> bool:
    """Its file says no stride, where Caffe takes 1."""
    return not {"stride", "stride_h", "stride_w"} & fields.keys()


def more_than_five_axes(layer: Layer, bottoms: Shapes) -> bool:
    """A first bottom of six axes or more."""
    return len(bottoms[0]) > FIVE
