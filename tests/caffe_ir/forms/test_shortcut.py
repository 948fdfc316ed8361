from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Input
from caffe_ir.layers.source import Shortcut
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.layers.source.test_arithmetic import shortcut_cpu


def with_shortcut(layer, first, *others, batch=2):
    net = net_of((batch, *first))
    names = [f"from_{number}" for number in range(len(others))]
    for name, shape in zip(names, others, strict=True):
        add(net, name, Input(shape=(batch, *shape)), bottoms=())
    add(net, "y", layer, bottoms=("data", *names))
    return net


def layers(net):
    return [str(node.layer) for node in net.nodes if node.bottoms]


SUM = "Eltwise(operation=SUM)"


@pytest.mark.parametrize(
    ("first", "added", "wanted"),
    [
        ((3, 4, 6), (3, 4, 6), [SUM]),
        ((4, 4, 6), (2, 8, 12), ["Convolution(num_output=4, bias_term=False, kernel_size=[1], stride=[2])", SUM]),
        ((4, 4, 6), (4, 8, 12), ["Convolution(num_output=4, bias_term=False, kernel_size=[1], stride=[2])", SUM]),
        ((4, 4, 6), (2, 4, 6), ["Convolution(num_output=4, bias_term=False, kernel_size=[1])", SUM]),
        ((3, 29, 29), (3, 57, 57), ["Crop(offset=(0, 0))", SUM]),
        ((2, 4, 6), (5, 4, 6), ["Crop(axis=1, offset=(0, 0, 0))", SUM]),
        (
            (2, 8, 12),
            (2, 4, 6),
            ["Deconvolution(num_output=2, group=2, bias_term=False, kernel_size=[2], stride=[2])", SUM],
        ),
        (
            (2, 5, 7),
            (2, 4, 6),
            ["Deconvolution(num_output=2, group=2, bias_term=False, kernel_size=[2], stride=[1])", SUM],
        ),
    ],
)
def test_the_layers_it_takes(first, added, wanted):
    assert layers(written(with_shortcut(Shortcut(), first, added))) == wanted


def test_the_net_of_a_resnet():
    assert written(with_shortcut(Shortcut(), (4, 4, 4), (2, 8, 8))).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 4, 4, 4)])  -> data  [2x4x4x4]\n"
        "  from_0: Input(shape=[(2, 2, 8, 8)])  -> from_0  [2x2x8x8]\n"
        "  y_matched: Convolution(num_output=4, bias_term=False, kernel_size=[1], stride=[2]) from_0 -> y_matched"
        " | [4, 2, 1, 1]  [2x4x4x4]\n"
        "  y: Eltwise(operation=SUM) data, y_matched -> y  [2x4x4x4]\n"
        "  outputs y\n"
    )


@st.composite
def pairs(draw):
    """Sizes that Darknet's asserts allow: both axes shrink, or grow, by one whole-numbered factor and a rest."""
    small = [draw(st.integers(2, 5)) for _ in range(2)]
    factor = draw(st.integers(1, 3))
    rests = [draw(st.integers(0 if factor > 1 else 1, size - 1)) for size in small]
    large = [factor * size + rest for size, rest in zip(small, rests, strict=True)]
    sizes = draw(st.sampled_from([(small, small), (small, large), (large, small)]))
    return tuple((draw(st.integers(1, 4)), *size) for size in sizes)


@settings(max_examples=200)
@given(shapes=pairs(), alpha=st.sampled_from([1.0, 0.5, -2.0, 0.0]), beta=st.sampled_from([1.0, 3.0, -0.25]))
def test_it_is_darknets_loop_for_all_shapes(shapes, alpha, beta):
    first, added = shapes
    after = written(with_shortcut(Shortcut(alpha=alpha, beta=beta), first, added))
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, *first)), random.normal(size=(2, *added))
    top = run(after, {"data": x, "from_0": y}, np.float64)["y"]
    np.testing.assert_allclose(top, shortcut_cpu(x, y, alpha, beta), rtol=1e-12, atol=1e-12)


def test_alpha_and_beta_are_products_with_a_number():
    net = written(with_shortcut(Shortcut(alpha=0.5, beta=2.0), (3, 4, 6), (4, 4, 6)))
    assert layers(net)[1:] == ["Power(scale=0.5)", "Power(scale=2.0)", SUM]


def test_alpha_is_a_factor_of_the_channels_that_it_reaches():
    net = written(with_shortcut(Shortcut(alpha=0.5), (3, 4, 6), (2, 4, 6)))
    assert net.node("y_alpha").blobs[0].load().tolist() == [0.5, 0.5, 1.0]
    assert layers(net)[-1] == SUM


def test_alexeyabs_several_blobs_are_one_sum():
    net = written(with_shortcut(Shortcut(prefix=True), (3, 4, 6), (3, 4, 6), (2, 4, 6), (5, 4, 6)))
    assert [name.split("(")[0] for name in layers(net)] == ["Convolution", "Crop", "Eltwise"]
    assert len(net.node("y").bottoms) == 4
