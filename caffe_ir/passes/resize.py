"""NearestUpsample -> Deconvolution, one filter of ones a channel, kernel = stride = scale.

Y[c, i, j] = x[c, i // sh, j // sw]: the blocks that a transposed convolution scatters do not overlap when the kernel is
the stride (deconv_layer.cpp, col2im), so each cell is written once, times 1.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers import Deconvolution
from caffe_ir.net import Net, Node
from caffe_ir.passes.base import Context, Pass
from caffe_ir.source_layers import NearestUpsample


def _rewrite(net: Net, node: Node, context: Context) -> None:
    layer, channels = node.layer, net.shapes[node.bottom][1]
    assert isinstance(layer, NearestUpsample)
    if layer.scale == (1, 1):
        net.replace(node, [])
        return
    deconvolution = Deconvolution(
        num_output=channels, kernel_size=layer.scale, stride=layer.scale, group=channels, bias_term=False
    )
    shape = (channels, 1, *layer.scale)
    ones = Blob.computed(shape, lambda: np.ones(shape, np.float32))
    net.replace(node, [replace(node, layer=deconvolution, blobs=(ones,))])
    net.note("lowered", "nearest upsampling -> Deconvolution of ones", node.origin)


RESIZE = Pass(name="resize", visits=(NearestUpsample,), rewrite=_rewrite)
