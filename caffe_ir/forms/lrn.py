"""DarknetLRN -> x * Power(1x1 Convolution(x^2)).

y = x (kappa + alpha M x^2)^-beta, with M the band matrix of the window over channels (normalization_layer.c): x^2 by
Power, alpha M as the filter of a 1x1 Convolution whose bias is kappa, Power(-beta), Eltwise PROD. Caffe's own LRN
divides alpha by the size and has the complete window, which Darknet's lacks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Eltwise, Power
from caffe_ir.layers.source import DarknetLRN
from caffe_ir.replacement import Replacement


def _by_a_band(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, DarknetLRN)
    channels = new.shape_of(x)[1]
    shape = (channels, channels, 1, 1)
    band = Blob.computed(shape, lambda: (layer.alpha * layer.window(channels)).reshape(shape), constant=True)
    kappa = Blob.of(np.full(channels, layer.kappa, np.float64), constant=True)
    squares = new.add("squares", Power(power=2.0), x)
    norms = new.add("norms", Convolution(num_output=channels, kernel_size=(1, 1)), squares, blobs=[band, kappa])
    new.add("product", Eltwise(operation="PROD"), x, new.add("factors", Power(power=-layer.beta), norms))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    DarknetLRN: (Form(name="a 1x1 Convolution of the squares", build=_by_a_band),),
}
