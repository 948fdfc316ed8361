"""SPP as what spp_layer.cpp makes of it inside: a Pooling for each level, flattened, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import SPP, Concat, Flatten
from caffe_ir.replacement import Replacement


def _levels(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, SPP)
    pooled = [new.add(f"level{place}", level, x) for place, level in enumerate(layer.levels(new.shape_of(x)))]
    if len(pooled) > 1:
        flat = [new.add(f"flat{place}", Flatten(), blob) for place, blob in enumerate(pooled)]
        new.add("pyramid", Concat(axis=1), *flat)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {SPP: (Form(name="a Pooling for each level", build=_levels),)}
