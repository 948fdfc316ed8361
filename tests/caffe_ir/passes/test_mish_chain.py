from __future__ import annotations

from math import log

import pytest

from caffe_ir.layers import BNLL, LRN, Eltwise, Mish, Power, Sigmoid, TanH
from caffe_ir.layers.source import Softplus
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.mish_chain import MISH_CHAIN
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

NNIE = Context(target=TARGETS["nnie"], options=Options())
MACE = Context(target=TARGETS["mace"], options=Options())
"""NNIE has no BNLL; MACE has no LRN either."""
PRODUCT = Eltwise(operation="PROD")


def by_logarithm(layer: BNLL | Softplus, *bottoms: str, other: str = "x") -> Net:
    net = source()
    add(net, "log", layer)
    add(net, "tanh", TanH())
    add(net, "y", PRODUCT, bottoms=bottoms or ("tanh", other))
    return net


def by_fraction(shift: float = 1.0) -> Net:
    net = source()
    add(net, "s", Sigmoid())
    add(net, "q", Power(scale=-1.0, shift=shift))
    add(net, "square", PRODUCT, bottoms=("q", "q"))
    add(net, "fraction", Power(power=-1.0, scale=0.5, shift=0.5))
    add(net, "tanh", Power(shift=-1.0))
    add(net, "y", PRODUCT, bottoms=("tanh", "x"))
    return net


def by_lrn(shift: float = -0.6931472) -> Net:
    """As a file has it, which has seven digits."""
    net = source()
    add(net, "moved", Power(shift=shift))
    add(net, "s", Sigmoid())
    add(net, "half", LRN(local_size=1, alpha=1.0, beta=1.0, norm_region="WITHIN_CHANNEL"))
    add(net, "product", PRODUCT, bottoms=("x", "half"))
    add(net, "y", Power(scale=2.0))
    return net


def source() -> Net:
    net = net_of((2, 3, 4, 5))
    add(net, "x", Power(scale=3.0))
    return net


def kinds(net: Net) -> list[str]:
    return [node.layer.type_name() for node in net.nodes[2:]]


@pytest.mark.parametrize(
    ("net", "context"),
    [
        (by_logarithm(BNLL()), NNIE),
        (by_logarithm(BNLL(), "x", "tanh"), NNIE),
        (by_logarithm(Softplus()), NNIE),
        (by_fraction(), MACE),
        (by_lrn(-log(2)), MACE),
    ],
    ids=["BNLL", "x first", "Softplus", "a fraction", "LRN"],
)
def test_is_one_mish_where_the_target_lacks_a_layer_of_it(net: Net, context: Context) -> None:
    assert kinds(rewritten(net, MISH_CHAIN, context=context)) == ["Mish"]


def test_the_digits_of_a_file_are_enough() -> None:
    after = by_lrn()
    MISH_CHAIN.rewrite(after, after.node("y"), MACE)
    assert kinds(after) == ["Mish"]


def test_a_target_that_has_all_layers_keeps_them() -> None:
    for net in (by_logarithm(BNLL()), by_fraction(), by_lrn()):
        assert rewritten(net, MISH_CHAIN).dump() == net.dump()


def test_what_is_read_elsewhere_stays() -> None:
    net = by_logarithm(BNLL())
    net.outputs.append("tanh")
    assert kinds(rewritten(net, MISH_CHAIN, context=NNIE)) == ["BNLL", "TanH", "Mish"]


@pytest.mark.parametrize(
    "net",
    [
        by_logarithm(BNLL(), other="data"),
        by_logarithm(BNLL(), "tanh", "tanh"),
        by_logarithm(BNLL(), "tanh", "x", "x"),
        by_logarithm(Softplus(beta=2.0)),
        by_logarithm(Softplus(threshold=10.0)),
        by_fraction(shift=1.5),
        by_lrn(shift=-0.6931),
    ],
    ids=["another x", "a square", "three factors", "beta", "an early threshold", "another fraction", "another shift"],
)
def test_leaves_anything_else_alone(net: Net) -> None:
    assert rewritten(net, MISH_CHAIN, context=MACE).dump() == net.dump()


def test_mish_means_what_it_did() -> None:
    """The chain of the file is gone, and the layer is the one that forms are chosen for."""
    after = rewritten(by_fraction(), MISH_CHAIN, context=MACE)
    assert after.node("y").layer == Mish()
    assert after.node("y").bottoms == ("x",)
