"""Parameter -> the biases of a 1x1 Convolution over the means of an input, for readers that have no Parameter.

    y = 0 * mean(x) + constant

Equal for every finite input; one with an infinity or NaN makes NaN of it. The constant is that of each sample, so it
is the same for all of a batch, and the input has the batch for its first axis; or the input is of one image, and all
numbers of the constant are biases.
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
    image = _image(new.net, layer.shape[0])
    if image is None:
        image, count = _image(new.net, 1), prod(layer.shape)
    if image is None:
        return "no input is an image with that batch, or alone"
    if count < prod(layer.shape):
        rows = values.load().reshape(layer.shape[0], count)
        if not np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)):
            return "the samples of its batch differ"
        values = Blob.of(rows[0], constant=values.constant)
    means = new.add("means", Pooling(pool="AVE", global_pooling=True), image)
    shape = (count, new.shape_of(image)[1], 1, 1)
    zeros = Blob.computed(shape, lambda: np.zeros(shape, np.float32), constant=True)
    blobs = (zeros, values.reshaped((count,)))
    made = new.add("bias", Convolution(num_output=count, kernel_size=(1, 1)), means, blobs=blobs)
    new.view("shaped", made, layer.shape)
    new.note(f"{new.old.layer} -> the biases of a Convolution over an input")
    return ""


def _image(net: Net, batch: int) -> str | None:
    tops = (top for node in net.nodes if isinstance(node.layer, Input) for top in node.tops)
    return next((top for top in tops if len(net.shapes[top]) == IMAGE and net.shapes[top][0] == batch), None)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Parameter: (Form(name="the biases of a Convolution over an input", build=_by_biases),),
}
