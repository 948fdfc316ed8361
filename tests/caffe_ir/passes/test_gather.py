from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Slice
from caffe_ir.passes.gather import GATHER
from caffe_ir.source_layers import Gather
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(axis, indices, shape=(2, 3, 12, 9)):
    net = net_of(shape)
    add(net, "y", Gather(axis=axis, indices=tuple(indices)))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("axis", "indices", "kinds"),
    [
        (2, range(12), []),
        (2, range(3, 10), ["CropTo"]),
        (3, range(1, 9), ["CropTo"]),
        (2, range(0, 12, 2), ["Convolution"]),
        (3, range(1, 9, 3), ["Convolution"]),
        (3, range(2, 5, 2), ["Convolution"]),
        (2, (0, 0, 1, 2), ["Slice", "Concat", "Silence"]),
        (1, (2, 0, 1), ["Slice", "Concat"]),
        (1, (2, 0), ["Slice", "Concat", "Silence"]),
        (1, (1,), ["Slice", "Silence"]),
        (1, (0, 1), ["Slice", "Silence"]),
        (0, (1, 0), ["Slice", "Concat"]),
        (2, (*range(8, 12), *range(8)), ["Slice", "Concat"]),
        (3, range(8, -1, -1), ["Slice", "Concat"]),
        (2, [0, 0, *range(1, 11), *[11] * 9], ["Slice", "Concat"]),
        (2, [place // 2 for place in range(24)], ["Resample"]),
    ],
    ids=str,
)
def test_the_layers_it_takes(axis, indices, kinds):
    assert types(rewritten(of(axis, indices), GATHER)) == kinds


def test_no_blob_is_left_unread():
    """It would become an output of the Caffe net."""
    net = rewritten(of(1, (5, 2, 5), (2, 9, 4)), GATHER)
    unread = {top for node in net.nodes for top in node.tops if not net.consumers(top)}
    assert unread == {"y"}


def test_many_channels_in_another_order_are_a_matrix_of_ones_and_zeros():
    order = np.random.default_rng(1).permutation(40)
    net = rewritten(of(1, (int(place) for place in order), (1, 40, 2, 2)), GATHER)
    (blob,) = net.node("y").blobs
    np.testing.assert_array_equal(blob.load() @ np.arange(40.0), order)


def test_golden_dump():
    assert rewritten(of(1, (2, 0, 1), (1, 3, 4, 5)), GATHER).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 4, 5)])  -> data  [1x3x4x5]\n"
        "  y_part: Slice(slice_point=(2,)) data -> y_part_0, y_part_1  [1x2x4x5 1x1x4x5]\n"
        "  y: Concat() y_part_1, y_part_0 -> y  [1x3x4x5]\n"
        "  outputs y\n"
    )


def test_leaves_slice_alone():
    net = net_of((2, 6))
    add(net, "parts", Slice(slice_point=(2,)), tops=("a", "b"))
    assert types(rewritten(net, GATHER)) == ["Slice"]
