from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.layers import Convolution, ReLU
from caffe_ir.layers.source import Pad, WindowPool
from caffe_ir.passes.pad_into_window import PAD_INTO_WINDOW
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def convolved(size, sides, kernel=3, stride=1, pad=0, dilation=1):
    """Rows padded by `sides`, then a convolution of the rows."""
    net = net_of((1, 2, size, 3))
    add(net, "pad", Pad(before=(0, 0, sides[0], 0), after=(0, 0, sides[1], 0)))
    layer = Convolution(
        num_output=2, kernel_size=(kernel, 1), stride=(stride, 1), pad=(pad, 0), dilation=(dilation, 1), group=2
    )
    add(net, "conv", layer, np.random.default_rng(1).normal(size=(2, 1, kernel, 1)), [0.5, -0.5])
    return net


def layers(net):
    return [str(node.layer) for node in net.nodes[1:]]


def fields(net):
    layer = net.node("conv").layer
    return layer.kernel_size[0], layer.pad[0]


@pytest.mark.parametrize(
    ("sides", "stride", "size", "kernel_and_pad"),
    [
        ((1, 1), 1, 8, (3, 1)),
        ((0, 1), 2, 8, (4, 1)),  # TensorFlow's "same": one zero in front of the filter
        ((0, 1), 2, 7, (3, 0)),  # the zero behind is never read
        ((1, 0), 2, 8, (3, 1)),
        ((1, 2), 1, 8, (4, 2)),
        ((2, 0), 1, 8, (5, 2)),
    ],
    ids=str,
)
def test_the_least_zeros_make_a_border_symmetric(sides, stride, size, kernel_and_pad):
    assert fields(rewritten(convolved(size, sides, stride=stride), PAD_INTO_WINDOW)) == kernel_and_pad


@settings(max_examples=200)
@given(
    st.integers(3, 12),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 2),
)
def test_every_geometry_is_exact(size, sides, kernel, stride, pad, dilation):
    if size + sum(sides) + 2 * pad >= dilation * (kernel - 1) + 1:
        net = rewritten(convolved(size, sides, kernel, stride, pad, dilation), PAD_INTO_WINDOW)
        assert len(net.nodes) == 2 or dilation == 2


def test_the_zeros_are_taps_of_the_filter():
    net = rewritten(convolved(8, (0, 1), stride=2), PAD_INTO_WINDOW)
    assert net.node("conv").blobs[0].load()[:, 0, :, 0].tolist()[0][0] == 0
    assert "pad" not in net.values


@pytest.mark.parametrize(
    ("filters", "group", "stays"),
    [(384, 2, True), (384, 1, True), (96, 96, False), (8, 2, False)],
)
def test_a_border_stays_where_its_zeros_in_the_filters_would_cost_more(filters, group, stays):
    net = net_of((1, 96, 8, 8))
    add(net, "pad", Pad(before=(0, 0, 1, 1), after=(0, 0, 0, 0)))
    layer = Convolution(num_output=filters, kernel_size=(2, 2), group=group, bias_term=False)
    add(net, "conv", layer, np.random.default_rng(1).normal(size=(filters, 96 // group, 2, 2)))
    after = rewritten(net, PAD_INTO_WINDOW)
    assert [type(node.layer) for node in after.nodes[1:]] == [*[Pad] * stays, Convolution]


def pooled(pool, value, *, relu=False, begin=(0, 0), divisor="valid"):
    net = net_of((1, 2, 6, 6))
    if relu:
        add(net, "relu", ReLU())
    add(net, "pad", Pad(before=(0, 0, 0, 1), after=(0, 0, 1, 1), value=value))
    output = ((7 + 2 * begin[0] - 3) // 2 + 1, (8 + 2 * begin[1] - 3) // 2 + 1)
    layer = WindowPool(
        pool=pool, kernel_size=(3, 3), stride=(2, 2), begin=begin, end=begin, output_size=output, divisor=divisor
    )
    add(net, "pool", layer)
    return rewritten(net, PAD_INTO_WINDOW)


@pytest.mark.parametrize(("pool", "value", "relu"), [("MAX", -inf, False), ("MAX", 0.0, True), ("AVE", 0.0, False)])
def test_poolings_take_a_border_that_changes_nothing_in_them(pool, value, relu):
    net = pooled(pool, value, relu=relu)
    assert not any(isinstance(node.layer, Pad) for node in net.nodes)
    assert net.node("pool").layer.begin == (0, 1)


@pytest.mark.parametrize("divisor", ["padded", 9])
def test_a_mean_with_padding_of_its_own(divisor):
    net = pooled("AVE", 0.0, begin=(1, 1), divisor=divisor)
    assert (net.node("pool").layer.begin, net.node("pool").layer.end) == ((1, 2), (2, 2))


def test_leaves_alone_what_the_border_changes():
    kept = [pooled("MAX", 0.0), pooled("AVE", 1.0), pooled("AVE", 0.0, begin=(1, 1))]
    assert all(isinstance(net.node("pad").layer, Pad) for net in kept)
    shared = convolved(8, (1, 1))
    add(shared, "relu", ReLU(), bottoms=("pad",))
    assert rewritten(shared, PAD_INTO_WINDOW).dump() == shared.dump()
    two = convolved(9, (1, 2), dilation=2)
    assert rewritten(two, PAD_INTO_WINDOW).dump() == two.dump()


def test_golden_dump():
    assert rewritten(convolved(8, (0, 1), stride=2), PAD_INTO_WINDOW).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 8, 3)])  -> data  [1x2x8x3]\n"
        "  conv: Convolution(num_output=2, group=2, kernel_h=4, kernel_w=1, stride_h=2, stride_w=1, pad_h=1, pad_w=0) "
        "data -> conv | [2, 1, 4, 1] [2]  [1x2x4x3]\n"
        "  outputs conv\n"
    )
