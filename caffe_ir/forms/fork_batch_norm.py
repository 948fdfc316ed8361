"""BN of two forks: SegNet's is a Scale, PSPNet's a BatchNorm with the Scale behind it.

SegNet   x scale + shift
PSPNet   (x - mean) / sqrt(variance + eps) slope + bias
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import BN, BatchNorm, RunningBN, Scale
from caffe_ir.replacement import Replacement

SHARED = "its weights are shared"


def _scaled(new: Replacement) -> str:
    if new.old.param_names:
        return SHARED
    new.add("scaled", Scale(bias_term=True), new.old.bottom, blobs=_vectors(new.old.blobs))
    return ""


def _normalised(new: Replacement) -> str:
    old, layer = new.old, new.old.layer
    assert isinstance(layer, RunningBN)
    if old.param_names:
        return SHARED
    slope, bias, mean, variance = _vectors(old.blobs)
    statistics = (mean, variance, Blob.of(np.ones(1, np.float32), constant=True))
    norm = BatchNorm(use_global_stats=True, eps=layer.eps)
    normalised = new.add("normalised", norm, old.bottom, blobs=statistics)
    new.add("scaled", Scale(bias_term=True), normalised, blobs=(slope, bias))
    return ""


def _vectors(blobs: Sequence[Blob]) -> list[Blob]:
    return [blob.reshaped((blob.count,)) for blob in blobs]


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    BN: (Form(name="Scale", build=_scaled),),
    RunningBN: (Form(name="BatchNorm and Scale", build=_normalised),),
}
