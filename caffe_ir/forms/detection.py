"""The boxes of an SSD grid as numbers: they follow from the shapes of the bottoms alone (prior_box_layer.cpp).

What chooses boxes or images by their values has no form: how many there are is seen when the net runs. Nor has what
takes its windows or images from another blob: they are what the values say.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    BatchReindex,
    DetectionOutput,
    Filter,
    Parameter,
    PriorBox,
    PSROIPooling,
    ROIPooling,
)
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


def _boxes_left_to_the_host(new: Replacement) -> str:
    return (
        "its boxes are the same for every picture: take this layer and what reads it out of the prototxt, and let the "
        "program behind the net compute them once"
    )


def _by_values(new: Replacement) -> str:
    return (
        f"what it reads is what the values of {new.old.bottoms[-1]} say, and no other layer of Caffe does that; end "
        "the net before it, and let the program behind it go on"
    )


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    BatchReindex: (Form(name="outside of the net", build=_by_values),),
    Filter: (Form(name="outside of the net", build=_by_values),),
    PSROIPooling: (Form(name="outside of the net", build=_by_values),),
    ROIPooling: (Form(name="outside of the net", build=_by_values),),
    DetectionOutput: (Form(name="outside of the net", build=_left_to_the_host),),
    PriorBox: (
        Form(name="its boxes as a Parameter", build=_as_numbers),
        Form(name="outside of the net", build=_boxes_left_to_the_host),
    ),
}
