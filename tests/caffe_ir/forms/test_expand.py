from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.forms.expand import FORMS
from caffe_ir.layers.source import Expand
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, rewritten


def expanded(small, shape):
    net = net_of(small)
    add(net, "expand", Expand(shape=shape))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_golden_dump_of_tiles():
    assert rewritten(expanded((3, 1, 4), (2, 3, 5, 4)), LEGALIZE, context=ALONE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(3, 1, 4)])  -> data  [3x1x4]\n"
        "  expand_view: Reshape(shape=(1, 3, 1, 4)) data -> expand_view  [1x3x1x4]\n"
        "  expand_tiled: Tile(tiles=2, axis=0) expand_view -> expand_tiled  [2x3x1x4]\n"
        "  expand: Tile(tiles=5, axis=2) expand_tiled -> expand  [2x3x5x4]\n"
        "  outputs expand\n"
    )


@pytest.mark.parametrize(
    ("small", "shape", "kinds"),
    [
        ((2, 3, 1, 1), (2, 3, 4, 5), ["Deconvolution"]),
        ((2, 1, 4, 5), (2, 3, 4, 5), ["Convolution"]),
        ((2, 1, 4, 1), (2, 3, 4, 5), ["Deconvolution"]),
        ((1, 1), (1, 7), ["InnerProduct"]),
        ((2, 1, 4), (2, 3, 4), ["Tile"]),
        ((1, 3, 4, 5), (2, 3, 4, 5), ["Tile"]),
        ((2, 3), (2, 3), []),
    ],
)
def test_the_layers_it_takes(small, shape, kinds):
    assert types(rewritten(expanded(small, shape), LEGALIZE, context=ALONE)) == kinds


@settings(max_examples=80)
@given(st.data())
def test_every_form_is_numpys(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5)))
    small = tuple(data.draw(st.sampled_from([1, size])) for size in shape)[data.draw(st.integers(0, len(shape) - 1)) :]
    x = np.random.default_rng(0).normal(size=small)
    for form in FORMS[Expand]:
        net = expanded(small, shape)
        new = Replacement(net=net, old=net.node("expand"))
        if form.build(new) == "":
            new.commit()
            np.testing.assert_array_equal(run(net, {"data": x}, np.float64)[net.outputs[0]], np.broadcast_to(x, shape))
