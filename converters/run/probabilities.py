"""Whether the numbers of a net's output are probabilities already."""

from __future__ import annotations

from caffe_ir.layers import Concat, Permute, Sigmoid, Softmax
from caffe_ir.net import Net


def probabilities(net: Net, blob: str) -> set[bool]:
    """Whether the numbers come out of a logistic or a softmax, for all parts of a blob that is joined of several."""
    node = net.producer(blob)
    if isinstance(node.layer, Concat):
        return {one for bottom in node.bottoms for one in probabilities(net, bottom)}
    if node.bottoms and (node.layer.is_view or isinstance(node.layer, Permute)):
        return probabilities(net, node.bottoms[0])
    return {isinstance(node.layer, Sigmoid | Softmax)}
