"""The exact ways to write each layer that a target may lack, by the layer's type; `legalize` chooses among them."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms import (
    activation,
    batch_norm,
    broadcast,
    clip,
    conv_transpose,
    crop,
    division,
    expand,
    gather,
    gelu,
    l2norm,
    linear,
    local,
    log_softmax,
    lrn,
    matmul,
    minimum,
    normalize_channels,
    pad,
    permute,
    reduce,
    reorg,
    resample,
    shortcut,
    softplus,
    standardize,
    upsample,
)
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer

FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    **activation.FORMS,
    **batch_norm.FORMS,
    **broadcast.FORMS,
    **clip.FORMS,
    **conv_transpose.FORMS,
    **crop.FORMS,
    **division.FORMS,
    **expand.FORMS,
    **gather.FORMS,
    **gelu.FORMS,
    **l2norm.FORMS,
    **linear.FORMS,
    **local.FORMS,
    **log_softmax.FORMS,
    **lrn.FORMS,
    **matmul.FORMS,
    **minimum.FORMS,
    **normalize_channels.FORMS,
    **pad.FORMS,
    **permute.FORMS,
    **reduce.FORMS,
    **reorg.FORMS,
    **resample.FORMS,
    **shortcut.FORMS,
    **softplus.FORMS,
    **standardize.FORMS,
    **upsample.FORMS,
}

__all__ = ["FORMS", "Form"]
