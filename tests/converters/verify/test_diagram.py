"""The picture of a net: which nodes are one box, where boxes stand, and that names are text."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET

import numpy as np
from msgspec.structs import replace

from caffe_ir.layers import Convolution, Eltwise, ReLU
from caffe_ir.net import Net
from converters.verify.diagram import MOST, diagram, folded, placed, places
from tests.caffe_ir.build import add, net_of


def residual(blocks: int) -> Net:
    """Blocks of two layers beside the identity, as modules layer.N.a, layer.N.b and layer.N.sum."""
    net = net_of((1, 2, 4, 4))
    last = "data"
    for block in range(blocks):
        names = [f"layer.{block}.{part}" for part in ("a", "b", "sum")]
        add(net, names[0], ReLU(), bottoms=[last])
        add(net, names[1], ReLU())
        add(net, names[2], Eltwise(operation="SUM"), bottoms=[names[1], last])
        last = names[2]
    for node in list(net.nodes):
        net.update(node, replace(node, origin=replace(node.origin, layer=node.name)))
    return net


def test_a_small_net_has_a_box_for_each_layer() -> None:
    boxes = placed(residual(2))
    assert [box.name for box in boxes][:4] == ["data", "layer.0.a", "layer.0.b", "layer.0.sum"]
    assert [box.row for box in boxes] == list(range(7))
    assert boxes[3].above == (2, 0)


def test_a_large_net_is_folded_by_module() -> None:
    boxes = folded(residual(40))
    assert [name for name, _ in boxes][:3] == ["data", "layer.0", "layer.1"]
    assert len(boxes) == 41 <= MOST


def test_chains_are_folded_where_names_say_nothing() -> None:
    net = net_of((1, 2, 4, 4))
    for place in range(200):
        add(net, f"conv_{place}", ReLU())
    branch = add(net, "branch", ReLU(), bottoms=["conv_99"])
    add(net, "end", Eltwise(operation="SUM"), bottoms=["conv_199", branch.top])
    names = [name for name, _ in folded(net)]
    assert names[:3] == ["data ... conv_99", "conv_100 ... conv_199", "branch"]


def test_a_box_of_several_layers_has_the_type_of_its_weights() -> None:
    net = net_of((1, 2, 4, 4))
    for place in range(MOST):
        add(net, f"relu_{place}", ReLU())
    add(net, "conv", Convolution(num_output=3, kernel_size=(1, 1), bias_term=False), np.zeros((3, 2, 1, 1)))
    assert f">Convolution +{MOST + 1} 1x3x4x4<" in diagram(net)


def test_each_layer_has_the_id_of_its_box() -> None:
    for net in (residual(2), residual(40)):
        assert set(places(net)) == {node.name for node in net.nodes}
        drawn = ET.fromstring(diagram(net)).iter("{http://www.w3.org/2000/svg}g")
        shown = {group.get("id"): "".join(group.itertext()) for group in drawn}
        assert all(f"{name}: " in shown[box] for name, box in places(net).items())


def test_no_two_boxes_stand_in_one_place_and_none_above_what_it_reads() -> None:
    boxes = placed(residual(30))
    assert len({(box.row, box.column) for box in boxes}) == len(boxes)
    assert all(boxes[above].row < box.row for box in boxes for above in box.above)


def test_it_is_svg_and_marks_what_is_wrong() -> None:
    net = net_of((1, 2, 4, 4))
    add(net, "<b>&\x1b[2J", ReLU())
    drawing = diagram(net, {"<b>&\x1b[2J"})
    root = ET.fromstring(drawing)
    space = "{http://www.w3.org/2000/svg}"
    assert [group.get("class") for group in root.iter(f"{space}g")] == ["box", "box wrong"]
    assert "\x1b" not in drawing
    assert "<b>" not in drawing
    assert not re.search(r"(href|src)=", drawing)


def test_a_long_net_is_drawn_in_no_time() -> None:
    net = net_of((1, 2, 4, 4))
    for place in range(5_000):
        add(net, f"conv_{place}", ReLU())
    begin = time.process_time()
    assert len(diagram(net)) < 100_000_000
    assert time.process_time() - begin < 5
