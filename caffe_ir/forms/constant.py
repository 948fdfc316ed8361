"""Parameter -> the biases of a 1x1 Convolution over the means of an input, for readers that have no Parameter.

    y = 0 * mean(x) + constant

Equal for every finite input; one with an infinity or NaN makes NaN of it. A constant that is the same for all samples
of a batch has an input of that batch; else all samples of an input are viewed as one, and all numbers of the constant
are biases. An input of other axes than a map is viewed as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Input, Parameter, Pooling
from caffe_ir.net import Net
from caffe_ir.replacement import Replacement

IMAGE = 4


def _by_biases(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, Parameter)
    if new.old.param_names or not new.old.blobs:
        return "its memory is written by other layers"
    if not layer.shape:
        return "a number without axes"
    values, count = new.old.blobs[0], prod(layer.shape[1:])
    inputs = _inputs(new.net)
    if not inputs:
        return "the net has no input of two axes or more"
    source = next((top for top in inputs if new.shape_of(top)[0] == layer.shape[0]), None)
    if source is not None and count < prod(layer.shape):
        rows = values.load().reshape(layer.shape[0], count)
        if np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)):
            values = Blob.of(rows[0], constant=values.constant)
        else:
            source = None
    batch, channels, *sizes = new.shape_of(source or inputs[0])
    if source is None:
        source, count, channels, batch = inputs[0], prod(layer.shape), batch * channels, 1
    shape = (batch, channels, *(sizes if len(sizes) == 2 else (prod(sizes), 1)))
    image = source if shape == new.shape_of(source) else new.view("image", source, shape)
    means = new.add("means", Pooling(pool="AVE", global_pooling=True), image)
    shape = (count, channels, 1, 1)
    zeros = Blob.computed(shape, lambda: np.zeros(shape, np.float32), constant=True)
    blobs = (zeros, values.reshaped((count,)))
    made = new.add("bias", Convolution(num_output=count, kernel_size=(1, 1)), means, blobs=blobs)
    new.view("shaped", made, layer.shape)
    new.note(f"{new.old.layer} -> the biases of a Convolution over an input")
    return ""


def _inputs(net: Net) -> list[str]:
    """The inputs of several axes, those of one image first, then other maps."""
    tops = [top for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    return sorted(
        (top for top in tops if len(net.shapes[top]) > 1),
        key=lambda top: (len(net.shapes[top]) != IMAGE, net.shapes[top][0] > 1),
    )


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Parameter: (Form(name="the biases of a Convolution over an input", build=_by_biases),),
}
