"""NearestUpsample: Y[c, i, j] = x[c, i // s, j // t]."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Deconvolution
from caffe_ir.layers.source import NearestUpsample
from caffe_ir.replacement import Replacement


def _of_ones(new: Replacement) -> str:
    """The blocks that a transposed convolution scatters do not overlap where the kernel is the stride
    (deconv_layer.cpp, col2im), so each cell is written once, times 1.
    """
    layer, channels = new.old.layer, new.shape_of(new.old.bottom)[1]
    assert isinstance(layer, NearestUpsample)
    if layer.scale == (1, 1):
        return ""
    deconvolution = Deconvolution(
        num_output=channels, kernel_size=layer.scale, stride=layer.scale, group=channels, bias_term=False
    )
    shape = (channels, 1, *layer.scale)
    ones = Blob.computed(shape, partial(np.ones, shape, np.float32), constant=True)
    new.add("upsampled", deconvolution, new.old.bottom, blobs=[ones])
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    NearestUpsample: (Form(name="Deconvolution of ones", build=_of_ones),),
}
