"""A Pooling that says where its maxima are, with as many windows as Caffe 1.0 makes, of which the wanted ones are cut.

Rounded up there may be one window more along an axis (pooling_layer.cpp, Reshape); the others hold the same cells, so
their maxima and places are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import PlacedPooling
from caffe_ir.layers.source import CropTo
from caffe_ir.replacement import Replacement


def _rounded_up(new: Replacement) -> str:
    layer, bottom = new.old.layer, new.old.bottom
    assert isinstance(layer, PlacedPooling)
    if layer.round_mode == "CEIL":
        return "its windows are Caffe's"
    (_, _, height, width), _ = layer.infer((new.shape_of(bottom),))
    both = new.split("ceil", replace(layer, round_mode="CEIL"), bottom, tops=2)
    if new.shape_of(both[0])[2:] != (height, width):
        both = [new.add("cut", CropTo(top=0, left=0, height=height, width=width), one) for one in both]
    new.held = dict(zip(new.old.tops, both, strict=True))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    PlacedPooling: (Form(name="the same of more windows, cut", build=_rounded_up),),
}
