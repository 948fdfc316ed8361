"""Batch normalisation of a source as Caffe's BatchNorm and Scale.

    source   y = gamma (x - mean) / d + beta,   d = sqrt(var + a) or sqrt(var) + a
    Caffe    y = gamma (x - mean) / sqrt(v + e) + beta,   hence   v = d^2 - e

inside: e = a and v = var. outside (Darknet's CPU code, blas.c normalize_cpu, a = 1e-6): e = a^2 and
v = d^2 - a^2 = sqrt(var) (sqrt(var) + 2 a), which has no difference to cancel and is never negative: v + e is d^2 to a
rounding from var = 0 on, in float32 too.
Where the target fixes e, v = (d - sqrt(e)) (d + sqrt(e)), and where that is negative v = 0 and
gamma' = gamma sqrt(e) / d.  BatchNorm: batch_norm_layer.cpp of BVLC Caffe; eps is in the prototxt and kept as float32.
There is no Scale for a source that has no gamma and beta, unless gamma' is not 1.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob
from caffe_ir.layer import Shapes
from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.targets.target import Target

CAFFE_EPS = 1e-5
"""The default of batch_norm_param.eps, which a target that reads no eps computes with."""


def _rewrite(net: Net, node: Node, context: Context) -> None:
    source = node.layer
    assert isinstance(source, SourceBatchNorm)
    *factors, mean, var = node.blobs
    loaded = var.load().astype(np.float64)
    _warn_of_nan(net, node, source, loaded)
    eps = _epsilon(context.target, _exact_epsilon(source), net.shapes_of(node.bottoms))
    if not (source.form == "inside" and eps == source.eps):
        var, ratio = _statistics(source, loaded, eps)
        if not np.all(ratio == 1):
            gamma, beta = factors or (
                Blob.of(np.ones_like(ratio), constant=True),
                Blob.of(np.zeros_like(ratio), constant=True),
            )
            factors = [Blob.of(gamma.load().astype(np.float64) * ratio), beta]
    norm = replace(
        node,
        layer=BatchNorm(use_global_stats=True, eps=eps),
        blobs=(mean, var, Blob.of(np.ones(1, np.float32), constant=True)),
    )
    written = "BatchNorm, Scale" if factors else "BatchNorm"
    divisor = "sqrt(v) + {:g}" if source.form == "outside" else "sqrt(v + {:g})"
    net.note("lowered", f"batch normalisation by {divisor.format(source.eps)} -> {written}", node.origin)
    if not factors:
        net.replace(node, [norm])
        return
    normalised, scaled = _names(net, node)
    net.redirect(node.top, scaled)
    scale = replace(
        node, name=scaled, bottoms=(normalised,), tops=(scaled,), layer=Scale(bias_term=True), blobs=tuple(factors)
    )
    net.replace(node, [replace(norm, name=normalised, tops=(normalised,)), scale])


def _names(net: Net, node: Node) -> tuple[str, str]:
    """The BatchNorm has the source's name, as everybody expects, unless that is the name of an output of the net."""
    if net.is_output(node.top):
        return net.fresh_name(f"{node.origin.layer}_norm"), node.top
    return node.name, net.fresh_name(f"{node.origin.layer}_scale")


def _exact_epsilon(source: SourceBatchNorm) -> float:
    """e = a or a^2, the latter as people square 1e-06 (a product of binary numbers would be 9.999999999999999e-13)."""
    return source.eps if source.form == "inside" else float(Decimal(repr(source.eps)) ** 2)


def _epsilon(target: Target, wanted: float, bottoms: Shapes) -> float:
    layer = BatchNorm(use_global_stats=True, eps=wanted)
    return wanted if target.holds(layer, bottoms) else CAFFE_EPS


def _statistics(source: SourceBatchNorm, var: Array, eps: float) -> tuple[Blob, Array]:
    """Caffe's variance for `eps`, and what gamma is to be multiplied with; 1 wherever the variance can say it all."""
    with np.errstate(invalid="ignore", divide="ignore"):  # what is NaN or infinite in the source remains so
        if source.form == "outside" and eps == _exact_epsilon(source):
            v = np.sqrt(var) * (np.sqrt(var) + 2 * source.eps)
            return Blob.of(v), np.ones_like(v)
        d = np.sqrt(var) + source.eps if source.form == "outside" else np.sqrt(var + source.eps)
        v = (d - np.sqrt(eps)) * (d + np.sqrt(eps))
        return Blob.of(np.where(v < 0, 0.0, v)), np.where(v < 0, np.sqrt(eps) / d, 1.0)


def _warn_of_nan(net: Net, node: Node, source: SourceBatchNorm, var: Array) -> None:
    least = -source.eps if source.form == "inside" else 0.0
    broken = int(np.count_nonzero(var < least))
    if broken:
        text = f"{broken} of {var.size} stored variances are negative: their channels are NaN, in the source as well"
        net.note("warning", text, node.origin)


BATCH_NORM = Pass(name="batch_norm", visits=(SourceBatchNorm,), rewrite=_rewrite)
