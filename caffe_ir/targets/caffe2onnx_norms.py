"""What caffe2onnx makes of a BatchNorm and the layer behind it: it pairs them by their order in the file.

Where the next layer of the file is a Scale, its caffe2onnx.py takes that for the BatchNorm's own factors and addends,
whatever it reads. Elsewhere the factors are 1 and the addends 0.001 (custom_params, 2.0.1).
"""

from __future__ import annotations

from itertools import zip_longest

from caffe_ir.layers import BatchNorm, Scale
from caffe_ir.net import Net
from caffe_ir.node import Node


def _behind_norms(net: Net) -> list[tuple[Node, Node | None]]:
    """Each BatchNorm with the layer that stands behind it in the file."""
    neighbours = zip_longest(net.nodes, net.nodes[1:])
    return [(node, behind) for node, behind in neighbours if isinstance(node.layer, BatchNorm)]


def norms_alone(net: Net) -> list[Node]:
    """BatchNorms that no Scale follows in the file, whatever reads them."""
    return [norm for norm, behind in _behind_norms(net) if behind is None or not isinstance(behind.layer, Scale)]


def scales_passed_over(net: Net) -> list[Node]:
    """Scales behind a BatchNorm in the file that are not its own factors and addends, or whose top has another name."""

    def is_own(norm: Node, scale: Node) -> bool:
        layer = scale.layer
        assert isinstance(layer, Scale)
        alone = scale.bottoms == norm.tops and net.is_read_once(norm.top)
        return alone and layer.bias_term and (scale.in_place or not net.reads(scale.top))

    pairs = [(norm, behind) for norm, behind in _behind_norms(net) if behind and isinstance(behind.layer, Scale)]
    return [scale for norm, scale in pairs if not is_own(norm, scale)]


def is_behind_a_norm(net: Net, node: Node) -> bool:
    """Whether the layer before it in the file is a BatchNorm."""
    return any(behind is node for _, behind in _behind_norms(net))
