"""The boxes of an SSD grid as numbers: they follow from the shapes of the bottoms alone (prior_box_layer.cpp).

What chooses boxes by their scores has no form: how many there are is seen when the net runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import DetectionOutput, Parameter, PriorBox
from caffe_ir.replacement import Replacement


def _as_numbers(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, PriorBox)
    values = layer.values(tuple(map(new.shape_of, new.old.bottoms)))
    new.add("boxes", Parameter(shape=values.shape), blobs=[Blob.of(values, constant=True)])
    return ""


def _left_to_the_host(new: Replacement) -> str:
    places, scores, boxes = new.old.bottoms
    return (
        "which boxes are left is chosen by the program behind it; take this layer out of the prototxt, and the net "
        f"gives places ({places}), scores ({scores}) and boxes ({boxes})"
    )


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    DetectionOutput: (Form(name="outside of the net", build=_left_to_the_host),),
    PriorBox: (Form(name="its boxes as a Parameter", build=_as_numbers),),
}
