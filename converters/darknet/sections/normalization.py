"""[batchnorm], [normalization], [l2norm], [activation] and [logistic]: the same size, other values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.layers import Sigmoid
from caffe_ir.layers.source import DarknetLRN, L2Norm
from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def batchnorm(section: Section, build: Build) -> Value:
    """In the file: scales, means, variances; AlexeyAB's has biases before them (parser.c, load_batchnorm_weights)."""
    source = build.previous
    c, _, _ = build.chw(source)
    beta = build.array((c,), "biases") if build.dialect == "alexeyab" else Blob.of(np.zeros(c))
    gamma, mean, variance = (build.array((c,), what) for what in ("scales", "means", "variances"))
    if build.dialect == "darknet" and build.batch_norm_form.form == "outside":
        text = "the original's CPU code crashes on [batchnorm]; it is computed as the normalisation of other sections"
        build.note("assumed", text)
    return build.result(build.batch_norm(source.blob, gamma, beta, mean, variance, suffix=""))


def normalization(section: Section, build: Build) -> Value:
    """Across channels, with a window of Darknet's own making (normalization_layer.c)."""
    x = build.image(build.previous)
    size = build.size("size", 5)
    channels = build.net.shapes[x][1]
    what = f"size={size} with {channels} channels"
    build.require(size // 2 < channels, what, why="Darknet reads beyond its last channel", key="size")
    alpha, beta, kappa = section.float("alpha", 1e-4), section.float("beta", 0.75), section.float("kappa", 1)
    return build.result(build.add(DarknetLRN(size=size, alpha=alpha, beta=beta, kappa=kappa), x))


def l2norm(section: Section, build: Build) -> Value:
    """Each place divided by its length (l2norm_layer.c). The original's only."""
    return build.result(build.add(L2Norm(), build.image(build.previous)))


def activation(section: Section, build: Build) -> Value:
    """An activation by itself (activation_layer.c)."""
    source = build.previous
    return _like(source, build.activated(source.blob, main=True))


def logistic(section: Section, build: Build) -> Value:
    """1 / (1 + e^-x) (logistic_layer.c). The original's only."""
    source = build.previous
    return _like(source, build.add(Sigmoid(), source.blob))


def _like(source: Value, blob: str) -> Value:
    return Value(blob=blob, count=source.count, chw=source.chw)


HANDLERS: Mapping[str, Handler] = {
    "batchnorm": batchnorm,
    "normalization": normalization,
    "l2norm": l2norm,
    "activation": activation,
    "logistic": logistic,
}
