from __future__ import annotations

from caffe_ir.layers import (
    Concat,
    Convolution,
    InnerProduct,
    Input,
    Pooling,
    Power,
    ReLU,
    ReLU6,
    Reshape,
    Silence,
    Slice,
)
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets.nnie import NNIE, SVP
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (ReLU6(), (MAP,), "refused"),
        (Silence(), (MAP,), "refused"),
        (Pooling(pool="MAX", kernel_size=(2, 2), round_mode="FLOOR"), (MAP,), "refused"),
        (Power(power=-3.0), (MAP,), "ok"),
        (Power(power=-0.5), (MAP,), "ok"),
        (Power(power=0.0), (MAP,), "refused"),
        (Power(power=4.0), (MAP,), "refused"),
        (Reshape(shape=(0, 4, 64, 1)), (MAP,), "ok"),
        (Reshape(shape=(1, 4, 64, 1)), (MAP,), "refused"),
        (Reshape(shape=(0, 4, 64)), (MAP,), "refused"),
        (Concat(axis=0), (MAP, MAP), "refused"),
        (Slice(axis=0, slice_point=(1,)), ((2, 4, 8, 8),), "refused"),
        (Convolution(num_output=4, kernel_size=(256, 1)), ((1, 4, 300, 8),), "refused"),
        (Convolution(num_output=4, kernel_size=(1, 1), stride=(256, 1)), ((1, 4, 300, 8),), "refused"),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(256, 1)), ((1, 4, 300, 8),), "refused"),
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 181, 181),), "ok"),
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 234, 310),), "refused"),  # the user's own
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 18, 10),), "ok"),
        (Input(shape=(1, 3, 4097, 8)), (), "refused"),
        (Convolution(num_output=4097, kernel_size=(1, 1)), (MAP,), "refused"),
        (Convolution(num_output=4096, kernel_size=(1, 1)), (MAP,), "ok"),
        (InnerProduct(num_output=5000), (MAP,), "ok"),
    ]
    assert broken(NNIE, rules) == []


def test_sixteen_outputs_and_no_more() -> None:
    net = net_of(MAP)
    names = [add(net, f"out{place}", ReLU(), bottoms=["data"]).top for place in range(18)]
    net.outputs = names[:16]
    assert list(NNIE.verdicts(net)) == []
    net.outputs = names
    assert [node.name for node, _ in NNIE.verdicts(net)] == ["out16", "out17"]


def test_the_names_of_inputs_and_outputs_have_31_characters_at_most() -> None:
    net = net_of(MAP)
    add(net, "a" * 40, ReLU())
    add(net, "b" * 32, ReLU())
    add(net, "c", ReLU(), bottoms=["b" * 32], tops=["d" * 32])
    net.outputs = ["b" * 32, "d" * 32]
    long = "names of inputs and outputs of more than 31 characters"
    assert [(node.name, verdict.why) for node, verdict in NNIE.verdicts(net)] == [
        ("b" * 32, long),  # a layer has no need of its own name twice
        ("c", f"{long}: {'d' * 32}"),
    ]


def test_names_are_shortened_for_it() -> None:
    net = net_of(MAP)
    for place in range(3):
        add(net, f"features.denseblock3.denselayer{place}.a_very_long_name.relu", ReLU())
    lower(net, NNIE, Options())
    assert [verdict.why for _, verdict in NNIE.verdicts(net)] == []
    assert all(len(node.name) <= 31 for node in net.nodes)
    assert len({node.name for node in net.nodes}) == 4


def test_svp_is_another_chip_of_the_same_vendor() -> None:
    assert SVP.layers.keys() == NNIE.layers.keys()
    assert SVP.evidence == NNIE.evidence == "document"
