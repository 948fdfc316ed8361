from __future__ import annotations

from caffe_ir.layer import Shapes
from caffe_ir.layers import Concat, Eltwise, ReLU, Slice
from caffe_ir.replacement import Replacement
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of


def test_names_come_from_the_source_and_are_free():
    net = net_of((1, 4))
    add(net, "y_relu", ReLU())
    old = add(net, "y", ReLU())
    new = Replacement(net=net, old=old)
    assert new.add("relu", ReLU(), "y_relu") == "y_relu_2"
    assert new.add("relu", ReLU(), "y_relu_2") == "y_relu_3"


def test_the_last_node_gives_what_the_old_one_gave():
    net = net_of((1, 4))
    old = add(net, "y", ReLU())
    add(net, "z", ReLU())
    new = Replacement(net=net, old=old)
    parts = new.split("parts", Slice(slice_point=(1,)), "data", tops=2)
    assert parts == ["y_parts_0", "y_parts_1"]
    new.add("whole", Concat(), *parts)
    new.finish()
    assert [node.name for node in net.nodes] == ["data", "y_parts", "y", "z"]
    assert net.nodes[2].tops == ("y",)
    assert net.values == {"y": "y", "z": "z"}
    assert all(node.origin == old.origin for node in net.nodes[1:3])
    net.check()
    assert (
        net.infer()
        == net.shapes
        == {"data": (1, 4), "y_parts_0": (1, 1), "y_parts_1": (1, 3), "y": (1, 4), "z": (1, 4)}
    )


def test_the_shapes_of_what_is_built_are_not_asked_of_the_net():
    net = net_of((1, 4))
    new = Replacement(net=net, old=add(net, "y", ReLU()))
    new.add("twice", Eltwise(operation="SUM"), "data", "data")
    assert "y_twice" not in net.shapes


def test_several_tops_are_given_by_name():
    net = net_of((1, 4))
    old = add(net, "y", Slice(slice_point=(1, 2)), tops=("left", "middle", "right"))
    net.values = Values({"y": "left", "lost": "right"})
    net.outputs = ["left", "middle"]
    new = Replacement(net=net, old=old)
    part, _ = new.split("parts", Slice(slice_point=(1,)), "data", tops=2)
    held = new.add("positive", ReLU(), part)
    new.finish_tops({"left": held, "middle": held})
    assert [(node.name, node.bottoms, node.tops) for node in net.nodes[1:]] == [
        ("y_parts", ("data",), ("y_parts_0", "y_parts_1")),
        ("left", ("y_parts_0",), ("left",)),
    ]
    assert net.outputs == ["left", "left"]
    assert net.values == {"y": "left"}
    net.check()


def test_each_node_is_inferred_once(monkeypatch):
    net = net_of((1, 4))
    new = Replacement(net=net, old=add(net, "y", ReLU()))
    seen = list[Shapes]()

    def infer(layer: ReLU, bottoms: Shapes) -> Shapes:
        seen.append(bottoms)
        return bottoms

    monkeypatch.setattr(ReLU, "infer", infer)
    for _ in range(3):
        new.shape_of(new.add("relu", ReLU(), "data"))
        new.shapes_of(["data"])
    assert seen == [((1, 4),)] * 3
