"""Standardize: y = (x - mean) / sqrt(variance + eps), the variance biased, in one of two ways.

BatchNorm by the statistics of its own bottom (use_global_stats: false): Caffe then takes the mean and the biased
variance of each cell of axis 1 over all other axes, the variance of what the mean was taken off, and adds eps inside
the root (batch_norm_layer.cpp, Forward_cpu): the same function, where a view has the axes in question everywhere but
at axis 1. What it stores is updated at every run and not read. With P values of the axes before those in question, M
of them and Q behind, that view is
- the blob itself, where every other axis than axis 1 is meant or has one cell;
- (1, P, M, 1) where nothing is behind them;
- (M, Q) where nothing is before them: the channels of one image are its batch. LayerNorm over channels is that.
Many programs that read Caffe files take the stored statistics all the same, without a message.

Means and a product, of layers that all of them read, on a view of four axes:

    c = x - mean(x),   y = c * (mean(c^2) + eps)^-1/2

Where a reader has no Power but an LRN of one cell, t (1 + A t^2)^-b, that is the power 1 - 2 b of A t^2 >> 1:

    t = mean(c^2) + eps,   A^3/4 t (1 + A t^2)^-3/4 = t^-1/2 to within 3/4 / (A t^2), which is less than 1e-9

mean(x^2) - mean(x)^2 would save a subtraction, and loses all digits where the mean is large. The view has the axes in
question as its rows and columns, as its channels, or as its columns, whichever the shape allows, because the means and
the sums that follow are read rightly by most engines on those.

What else was weighed, in blobs of the size of x and what layers of Caffe 1.0 keep for themselves, of that size too:

| form | blobs | kept | exact | who computes it |
|---|---|---|---|---|
| BatchNorm by its own statistics | 1 | 2, 3 on (M, Q) | yes | Caffe |
| means and a product | 5 | 0 | yes | all |
| the same, Bias and Eltwise PROD in place | 3 | 0 | yes | Caffe: two bottoms in place load in no ncnn |
| (I - 11'/M) as a 1x1 Convolution, the rest as means | 4 | 0 | yes | all, at M multiply-adds a number: 16 % of ViT-B |
| the mean taken off, then LRN of 2 M - 1 channels, k = eps | 3 | 1 | yes | Caffe: k is 1 in most others |
| MVN u with eps = sqrt(e); q^2 = mean(u^2); y = u (q^2 + (1 - q)^2)^-1/2 | 2 | 2 | yes | Caffe: others add eps inside |
| MVN of the mean alone, two cells of sqrt(M e / 2) joined, MVN with eps 0 | 3 | 2 | yes | Caffe |
| squares by Reduction SUMSQ instead of a Power | 4 | 0 | yes | Caffe: X2Paddle and others read MEAN alone |
| mean(x^2) - mean(x)^2 | 3 | 0 | loses digits | all |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import ceil, log, prod

import numpy as np

from caffe_ir.blob import Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, MeanLRN, Power
from caffe_ir.layers.source import Mul, Reduce, Standardize, Sub
from caffe_ir.replacement import Replacement

LEAST = 1e9
"""What A t^2 is at least; a power of 16 not far above it is exact as A and as A^3/4."""
SMALLEST = 1e-8
"""Of eps: then A t^2 has room in float32 for variances of 1e6."""


def _by_means(new: Replacement, inverse: Callable[[Replacement, str, float], str]) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Standardize)
    view, axes = _view(shape, layer.axes)
    mean = Reduce(operation="MEAN", axes=axes, keepdim=True)
    x = new.view("view", new.old.bottom, view)
    centred = new.add("centred", Sub(), x, new.add("mean", mean, x))
    variance = new.add("variance", mean, new.add("squares", Power(power=2.0), centred))
    y = new.add("product", Mul(), centred, inverse(new, variance, layer.eps))
    new.view("shape", y, shape)
    return ""


def _power(new: Replacement, variance: str, eps: float) -> str:
    return new.add("inverse", Power(power=-0.5, shift=eps), variance)


def _lrn(new: Replacement, variance: str, eps: float) -> str:
    t = new.add("shifted", Power(shift=eps), variance)
    alpha = 16.0 ** ceil(log(LEAST / eps**2, 16.0))
    y = new.add("lrn", MeanLRN(local_size=1, alpha=alpha, beta=0.75), t)
    return new.add("inverse", Power(scale=alpha**0.75), y)


def _by_means_and_lrn(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Standardize)
    if layer.eps < SMALLEST:
        return f"eps is {layer.eps:g}, and its square leaves no room for variances in float32"
    return _by_means(new, _lrn)


def _by_batch_norm(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Standardize)
    view = _channels_apart(shape, layer.axes)
    if view is None:
        return "the axes have others on both sides, or between them"
    count = view[1]
    x = new.view("view", new.old.bottom, view)
    y = new.add("batch_norm", BatchNorm(use_global_stats=False, eps=layer.eps), x, blobs=_unread(count))
    new.view("shape", y, shape)
    return ""


def _channels_apart(shape: Shape, axes: tuple[int, ...]) -> Shape | None:
    """A view in which the axes in question are all but axis 1, but for axes of one cell; None where there is none."""
    others = {axis for axis, size in enumerate(shape) if size > 1 and axis not in axes}
    if others <= {1} and 1 not in axes and len(shape) > 1:
        return shape
    start, stop = axes[0], axes[-1] + 1
    before, meant, behind = prod(shape[:start]), prod(shape[start:stop]), prod(shape[stop:])
    if len(axes) != stop - start or 1 not in (before, behind):
        return None
    return (1, before, meant, 1) if behind == 1 else (meant, behind)


def _unread(count: int) -> tuple[Blob, ...]:
    """What a BatchNorm stores, where it is not read: mean 0 and variance 1."""
    zeros, ones = (Blob.computed((count,), partial(np.full, (count,), number), constant=True) for number in (0.0, 1.0))
    return zeros, ones, Blob.of(np.ones(1, np.float32), constant=True)


def _view(shape: Shape, axes: tuple[int, ...]) -> tuple[Shape, tuple[int, ...]]:
    """Four axes with the same numbers in the same order, and which of them are meant; axes that are apart stay."""
    start, stop = axes[0], axes[-1] + 1
    if start == 0 or len(axes) != stop - start or (len(shape) == 4 and axes != (1, 2, 3)):
        return shape, axes
    batch, before, meant, behind = shape[0], prod(shape[1:start]), shape[start:stop], prod(shape[stop:])
    if behind > 1:
        return ((batch, *meant, behind, 1), (1,)) if start + 1 == stop == 2 else _middle(batch, before, meant, behind)
    if start == 1 and len(meant) > 1:
        return (batch, 1, prod(meant[:-1]), meant[-1]), (2, 3)
    return (batch, 1, before, prod(meant)), (3,)


def _middle(batch: int, before: int, meant: Shape, behind: int) -> tuple[Shape, tuple[int, ...]]:
    return (batch, before, prod(meant), behind), (2,)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Standardize: (
        Form(name="BatchNorm by its own statistics", build=_by_batch_norm),
        Form(name="means and a product", build=partial(_by_means, inverse=_power)),
        Form(name="means, a product and an LRN of one cell", build=_by_means_and_lrn),
    ),
}
