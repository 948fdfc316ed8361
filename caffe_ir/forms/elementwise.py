"""Sums, products and maxima of several blobs by pairs, without coefficients; and what rectifies, by ReLU.

- coeff: SUM of c_i x_i is the SUM of the blobs multiplied before.
- several blobs: ((a + b) + c) + d.
- many axes: number by number, so that the first axes may be seen as one. OpenCV takes no more than five.
- |x| = max(x, 0) + max(-x, 0); a leaky ReLU of a slope from 0 to 1 is max(x, slope x).
- PReLU = max(x, 0) - a max(-x, 0); with one slope for all channels it is one with a slope for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import AbsVal, Eltwise, Power, PReLU, ReLU, Scale
from caffe_ir.replacement import Replacement

PAIR = 2
FEW_AXES = 4
"""Axes of a blob that every engine takes."""


def _multiplied_before(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Eltwise)
    if not layer.coeff:
        return "it has no coefficients"
    if layer.operation != "SUM":
        return "only a sum has coefficients"
    pairs = zip(new.old.bottoms, layer.coeff, strict=True)
    scaled = [x if factor == 1 else new.add("scaled", Power(scale=factor), x) for x, factor in pairs]
    new.add("sum", Eltwise(operation="SUM"), *scaled)
    return ""


def _by_pairs(new: Replacement) -> str:
    layer, (x, *others) = new.old.layer, new.old.bottoms
    assert isinstance(layer, Eltwise)
    if len(others) < PAIR or not set(layer.coeff) <= {1.0}:
        return "it is one of two blobs, or has coefficients"
    for other in others:
        x = new.add("pair", Eltwise(operation=layer.operation), x, other)
    return ""


def _first_axes_as_one(new: Replacement) -> str:
    shape = new.shape_of(new.old.bottoms[0])
    if len(shape) <= FEW_AXES:
        return f"it has no more than {FEW_AXES} axes"
    joined = (prod(shape[: 1 - FEW_AXES]), *shape[1 - FEW_AXES :])
    views = [new.view("joined", x, joined) for x in new.old.bottoms]
    new.view("apart", new.add("few_axes", new.old.layer, *views), shape)
    return ""


def _two_halves(new: Replacement) -> str:
    x = new.old.bottom
    negative = new.add("negative", Power(scale=-1.0), x)
    new.add("sum", Eltwise(operation="SUM"), new.add("above", ReLU(), x), new.add("below", ReLU(), negative))
    return ""


def _larger_of_two(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, ReLU)
    if not 0 < layer.negative_slope < 1:
        return "its slope is not between 0 and 1"
    sloped = new.add("sloped", Power(scale=layer.negative_slope), new.old.bottom)
    new.add("largest", Eltwise(operation="MAX"), new.old.bottom, sloped)
    return ""


def _slope_for_each(new: Replacement) -> str:
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, PReLU)
    if not layer.channel_shared or new.old.param_names:
        return "it has a slope for each channel, or shares its weights"
    (slope,) = new.old.blobs
    blob = Blob.computed((channels,), lambda: np.full(channels, slope.load().reshape(-1)[0]))
    new.add("slopes", PReLU(), new.old.bottom, blobs=(blob,))
    return ""


def _halves_with_slopes(new: Replacement) -> str:
    x, channels = new.old.bottom, new.shape_of(new.old.bottom)[1]
    if new.old.param_names:
        return "it shares its weights"
    (slope,) = new.old.blobs
    below = new.add("below", ReLU(), new.add("negative", Power(scale=-1.0), x))
    sloped = new.add("sloped", Scale(), below, blobs=(Blob.computed((channels,), partial(_negative, slope, channels)),))
    new.add("sum", Eltwise(operation="SUM"), new.add("above", ReLU(), x), sloped)
    return ""


def _negative(slope: Blob, channels: int) -> np.ndarray:
    """A number for each channel; of one slope, the same for all."""
    return np.broadcast_to(-slope.load().reshape(-1), (channels,))


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    AbsVal: (Form(name="two ReLU", build=_two_halves),),
    Eltwise: (
        Form(name="factors before the sum", build=_multiplied_before),
        Form(name="pairs", build=_by_pairs),
        Form(name="the first axes as one", build=_first_axes_as_one),
    ),
    PReLU: (
        Form(name="a slope for each channel", build=_slope_for_each),
        Form(name="two ReLU and a Scale", build=_halves_with_slopes),
    ),
    ReLU: (Form(name="the larger of x and slope x", build=_larger_of_two),),
}
