"""Minimum -> min(x, y) = -max(-x, -y): Caffe's Eltwise knows MAX only. A sign changes no digit."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Power
from caffe_ir.layers.source import Maximum, Minimum
from caffe_ir.replacement import Replacement

NEGATIVE = Power(scale=-1.0)


def _by_maximum(new: Replacement) -> str:
    negatives = [new.add("negative", NEGATIVE, bottom) for bottom in new.old.bottoms]
    new.add("minimum", NEGATIVE, new.add("max", Maximum(), *negatives))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Minimum: (Form(name="the negative of the largest negative", build=_by_maximum),),
}
