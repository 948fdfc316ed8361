"""DarknetLRN -> x * Power(1x1 Convolution(x^2)).

y = x (kappa + alpha M x^2)^-beta, with M the band matrix of the window over channels (normalization_layer.c): x^2 by
Power, alpha M as the filter of a 1x1 Convolution whose bias is kappa, Power(-beta), Eltwise PROD. Caffe's own LRN
divides alpha by the size and has the complete window, which Darknet's lacks.
"""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Eltwise, Power
from caffe_ir.layers.source import DarknetLRN
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, channels = node.layer, net.shapes[node.bottom][1]
    assert isinstance(layer, DarknetLRN)
    shape = (channels, channels, 1, 1)
    band = Blob.computed(shape, lambda: (layer.alpha * layer.window(channels)).reshape(shape), constant=True)
    kappa = Blob.of(np.full(channels, layer.kappa, np.float64), constant=True)
    new = Replacement(net=net, old=node)
    squares = new.add("squares", Power(power=2.0), node.bottom)
    norms = new.add("norms", Convolution(num_output=channels, kernel_size=(1, 1)), squares, blobs=[band, kappa])
    factors = new.add("factors", Power(power=-layer.beta), norms)
    new.add("product", Eltwise(operation="PROD"), node.bottom, factors)
    new.finish()


LRN = Pass(name="lrn", visits=(DarknetLRN,), rewrite=_rewrite)
