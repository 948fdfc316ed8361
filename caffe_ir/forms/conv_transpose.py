"""A transposed convolution with output_padding is a Deconvolution whose kernel has zeros behind it.

With t further taps of zero the Deconvolution is larger by t * dilation at its end, and those cells hold what the
scattered sum has there: out(k + t) = (in - 1) s - 2 p + d (k + t - 1) + 1 (deconv_layer.cpp:8-22).
t = ceil(output_padding / d) taps are enough; what is too much is cut off at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers.source import ConvTranspose, CropTo, Gather
from caffe_ir.replacement import Replacement


def _with_zeros_behind(new: Replacement) -> str:
    layer, old = new.old.layer, new.old
    assert isinstance(layer, ConvTranspose)
    taps = tuple(-(-extra // step) for extra, step in zip(layer.output_padding, layer.dilation, strict=True))
    kernel = tuple(size + more for size, more in zip(layer.kernel_size, taps, strict=True))
    blobs = (_extended(old.blobs[0], taps), *old.blobs[1:])
    x = new.add("whole", layer.plain(kernel, layer.pad), *old.bottoms, blobs=blobs)
    grown, (wanted,) = new.shape_of(x), layer.infer(new.shapes_of(old.bottoms))
    if len(wanted) == 4 and grown != wanted:
        new.add("cut", CropTo(top=0, left=0, height=wanted[2], width=wanted[3]), x)
        return ""
    for axis, (size, made) in enumerate(zip(wanted, grown, strict=True)):
        if size < made:
            x = new.add("cut", Gather(axis=axis, indices=tuple(range(size))), x)
    return ""


def _extended(weights: Blob, taps: Shape) -> Blob:
    """The kernel with zeros behind its last taps."""
    margins = ((0, 0), (0, 0), *((0, more) for more in taps))
    sizes = tuple(size + more for size, more in zip(weights.shape[2:], taps, strict=True))

    def extended() -> Array:
        return np.pad(weights.load(), margins)

    return Blob.computed((*weights.shape[:2], *sizes), extended, constant=weights.constant)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    ConvTranspose: (Form(name="Deconvolution with zeros behind its kernel", build=_with_zeros_behind),),
}
