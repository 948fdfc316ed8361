"""The exact ways to write each layer that a target may lack, by the layer's type; `legalize` chooses among them."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms import activation, clip, crop, gather, reorg, upsample
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer

FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    **activation.FORMS,
    **clip.FORMS,
    **crop.FORMS,
    **gather.FORMS,
    **reorg.FORMS,
    **upsample.FORMS,
}

__all__ = ["FORMS", "Form"]
