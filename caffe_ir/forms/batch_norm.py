"""Batch normalisation of a source as Caffe's BatchNorm and Scale.

    source   y = gamma (x - mean) / d + beta,   d = sqrt(var + a) or sqrt(var) + a
    Caffe    y = gamma (x - mean) / sqrt(v + e) + beta,   hence   v = d^2 - e

- With the source's epsilon. inside: e = a and v = var. outside (Darknet's CPU code, blas.c normalize_cpu, a = 1e-6):
  e = a^2 and v = d^2 - a^2 = sqrt(var) (sqrt(var) + 2 a), which has no difference to cancel and is never negative:
  v + e is d^2 to a rounding from var = 0 on, in float32 too.
- With Caffe's default of 1e-5, for a target that reads no eps: v = (d - sqrt(e)) (d + sqrt(e)), and where that is
  negative v = 0 and gamma' = gamma sqrt(e) / d.

BatchNorm: batch_norm_layer.cpp of BVLC Caffe; eps is in the prototxt and kept as float32. There is no Scale for a
source that has no gamma and beta, unless gamma' is not 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.replacement import Replacement

CAFFE_EPS = 1e-5
"""The default of batch_norm_param.eps, which a reader that reads no eps computes with."""


def _with_its_own_epsilon(new: Replacement) -> str:
    source, factors, mean, var = _asked(new)
    eps = _squared(source.eps) if source.form == "outside" else source.eps
    if source.form == "outside":
        var = _variance_outside(source, var)
    _normalised(new, eps, mean, var, factors)
    return ""


def _with_caffes_epsilon(new: Replacement) -> str:
    source, factors, mean, var = _asked(new)
    if source.form == "inside" and source.eps == CAFFE_EPS:
        return "it is the source's own"
    var, ratio = _variance_and_ratio(source, var.load().astype(np.float64))
    if not np.all(ratio == 1):
        gamma, beta = factors or [Blob.of(each, constant=True) for each in (np.ones_like(ratio), np.zeros_like(ratio))]
        factors = [Blob.of(gamma.load().astype(np.float64) * ratio), beta]
    _normalised(new, CAFFE_EPS, mean, var, factors)
    return ""


def _asked(new: Replacement) -> tuple[SourceBatchNorm, Sequence[Blob], Blob, Blob]:
    """The layer, gamma and beta if it has them, the mean and the variance."""
    layer, (*factors, mean, var) = new.old.layer, new.old.blobs
    assert isinstance(layer, SourceBatchNorm)
    return layer, factors, mean, var


def _squared(eps: float) -> float:
    """As people square 1e-06: a product of binary numbers would be 9.999999999999999e-13."""
    return float(Decimal(repr(eps)) ** 2)


def _variance_outside(source: SourceBatchNorm, var: Blob) -> Blob:
    with np.errstate(invalid="ignore"):  # what is NaN or infinite in the source remains so
        root = np.sqrt(var.load().astype(np.float64))
        return Blob.of(root * (root + 2 * source.eps))


def _variance_and_ratio(source: SourceBatchNorm, var: Array) -> tuple[Blob, Array]:
    """Caffe's variance for its epsilon, and what gamma is multiplied with; 1 where the variance can say it all."""
    with np.errstate(invalid="ignore", divide="ignore"):
        d = np.sqrt(var) + source.eps if source.form == "outside" else np.sqrt(var + source.eps)
        v = (d - np.sqrt(CAFFE_EPS)) * (d + np.sqrt(CAFFE_EPS))
        return Blob.of(np.where(v < 0, 0.0, v)), np.where(v < 0, np.sqrt(CAFFE_EPS) / d, 1.0)


def _normalised(new: Replacement, eps: float, mean: Blob, var: Blob, factors: Sequence[Blob]) -> None:
    """BatchNorm, which has the source's name, as everybody expects, unless that is the name of an output of the net."""
    old, one = new.old, Blob.of(np.ones(1, np.float32), constant=True)
    _say(new, "BatchNorm, Scale" if factors else "BatchNorm")
    new.add("norm", BatchNorm(use_global_stats=True, eps=eps), old.bottom, blobs=(mean, var, one))
    if not factors:
        return
    if not new.net.is_output(old.top):
        new.nodes[-1] = replace(new.nodes[-1], name=old.name, tops=old.tops)
    scaled = new.add("scale", Scale(bias_term=True), new.nodes[-1].top, blobs=factors)
    if not new.net.is_output(old.top):
        new.held[old.top] = scaled


def _say(new: Replacement, written: str) -> None:
    source, var = new.old.layer, new.old.blobs[-1].load()
    assert isinstance(source, SourceBatchNorm)
    broken = int(np.count_nonzero(var < (-source.eps if source.form == "inside" else 0.0)))
    if broken:
        text = f"{broken} of {var.size} stored variances are negative: their channels are NaN, in the source as well"
        new.note(text, "warning")
    divisor = "sqrt(v) + {:g}" if source.form == "outside" else "sqrt(v + {:g})"
    new.note(f"batch normalisation by {divisor.format(source.eps)} -> {written}")


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    SourceBatchNorm: (
        Form(name="BatchNorm with the source's epsilon", build=_with_its_own_epsilon),
        Form(name="BatchNorm with an epsilon of 1e-5", build=_with_caffes_epsilon),
    ),
}
