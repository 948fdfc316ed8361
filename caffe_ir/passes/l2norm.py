"""L2Norm -> x * (sum over channels of x^2)^-1/2, in five layers that every engine has.

Power(2), a 1x1 Convolution of ones from C channels to 1, Power(-1/2) on that one channel, a 1x1 Convolution of ones
from 1 channel to C, Eltwise PROD (l2norm_layer.c; no epsilon). Two thin convolutions cost 2 C a place where one of
ones from C to C costs C^2, and are read by more engines than Reduction and Tile.
"""

from __future__ import annotations

import numpy as np

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Eltwise, Power
from caffe_ir.layers.source import L2Norm
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.replacement import Replacement


def _rewrite(net: Net, node: Node, context: Context) -> None:
    channels = net.shapes[node.bottom][1]
    gather, spread = (Convolution(num_output=count, kernel_size=(1, 1), bias_term=False) for count in (1, channels))
    ones = Blob.of(np.ones((1, channels, 1, 1), np.float32), constant=True)
    new = Replacement(net=net, old=node)
    squares = new.add("squares", Power(power=2.0), node.bottom)
    total = new.add("sum", gather, squares, blobs=[ones])
    inverse = new.add("inverse", Power(power=-0.5), total)
    factors = new.add("factors", spread, inverse, blobs=[ones.reshaped((channels, 1, 1, 1))])
    new.add("product", Eltwise(operation="PROD"), node.bottom, factors)
    new.finish()


L2NORM = Pass(name="l2norm", visits=(L2Norm,), rewrite=_rewrite)
