"""The exact ways to write each layer that a target may lack, by the layer's type; `legalize` chooses among them."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms import activation, broadcast, clip, crop, expand, gather, permute, reorg, resample, upsample
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer

FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    **activation.FORMS,
    **broadcast.FORMS,
    **clip.FORMS,
    **crop.FORMS,
    **expand.FORMS,
    **gather.FORMS,
    **permute.FORMS,
    **reorg.FORMS,
    **resample.FORMS,
    **upsample.FORMS,
}

__all__ = ["FORMS", "Form"]
