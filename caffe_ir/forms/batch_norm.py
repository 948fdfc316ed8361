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
from functools import lru_cache

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.float32 import Float32
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.replacement import Replacement

CAFFE_EPS = BatchNorm.parsed({}).eps
"""The default of batch_norm_param.eps, which a reader that reads no eps computes with."""


def _with_its_own_epsilon(new: Replacement) -> str:
    source, var = _asked(new)
    if source.form == "inside":
        _normalised(new, source.eps, var, new.old.blobs[-1], new.old.blobs[:-2])
        return ""
    with np.errstate(invalid="ignore"):  # what is NaN or infinite in the source remains so
        v = np.sqrt(var) * (np.sqrt(var) + 2 * source.eps)
    _normalised(new, _squared(source.eps), var, Blob.of(v), new.old.blobs[:-2])
    return ""


def _with_caffes_epsilon(new: Replacement) -> str:
    source, var = _asked(new)
    if source.form == "inside" and Float32(source.eps) == CAFFE_EPS:
        return "it is the source's own"
    with np.errstate(invalid="ignore", divide="ignore"):
        d = np.sqrt(var) + source.eps if source.form == "outside" else np.sqrt(var + source.eps)
        v = (d - np.sqrt(CAFFE_EPS)) * (d + np.sqrt(CAFFE_EPS))
        ratio = np.where(v < 0, np.sqrt(CAFFE_EPS) / d, 1.0)
    factors: Sequence[Blob] = new.old.blobs[:-2]
    if np.any(ratio != 1):
        gamma, beta = factors or [Blob.of(each, constant=True) for each in (np.ones_like(v), np.zeros_like(v))]
        factors = [Blob.of(gamma.load().astype(np.float64) * ratio), beta]
    _normalised(new, CAFFE_EPS, var, Blob.of(np.where(v < 0, 0.0, v)), factors)
    return ""


def _asked(new: Replacement) -> tuple[SourceBatchNorm, Array]:
    """The layer and its variances, in float64."""
    layer = new.old.layer
    assert isinstance(layer, SourceBatchNorm)
    return layer, _read(new.old.blobs[-1])


@lru_cache(maxsize=1)  # two forms ask for the same one after the other
def _read(var: Blob) -> Array:
    return var.load().astype(np.float64)


def _squared(eps: float) -> float:
    """As people square 1e-06: a product of binary numbers would be 9.999999999999999e-13."""
    return float(Decimal(repr(eps)) ** 2)


def _normalised(new: Replacement, eps: float, given: Array, var: Blob, factors: Sequence[Blob]) -> None:
    """BatchNorm, which has the source's name, as everybody expects, unless that is the name of an output of the net.

    `given` are the source's variances, `var` those that Caffe gets.
    """
    old, one = new.old, Blob.of(np.ones(1, np.float32), constant=True)
    _say(new, given, "BatchNorm, Scale" if factors else "BatchNorm")
    new.add("norm", BatchNorm(use_global_stats=True, eps=eps), old.bottom, blobs=(old.blobs[-2], var, one))
    if not factors:
        return
    if not new.net.is_output(old.top):
        new.nodes[-1] = replace(new.nodes[-1], name=old.name, tops=old.tops)
    scaled = new.add("scale", Scale(bias_term=True), new.nodes[-1].top, blobs=factors)
    if not new.net.is_output(old.top):
        new.held[old.top] = scaled


def _say(new: Replacement, var: Array, written: str) -> None:
    source = new.old.layer
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
