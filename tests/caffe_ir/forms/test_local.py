from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.forms import FORMS
from caffe_ir.layers.source import Local
from caffe_ir.node import Node
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import rewritten

AT_ONE_PLACE, BY_PLACES = FORMS[Local]


def with_local(shape, layer):
    net, random = net_of(shape), np.random.default_rng(4)
    add(net, "local", layer, *(random.standard_normal(blob) for blob in layer.blob_shapes((shape,))))
    return net


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("shape", "k", "s", "p"),
    [((2, 3, 4, 5), 3, 1, 1), ((3, 2, 7, 6), 3, 2, 1), ((1, 3, 4, 3), 2, 1, 0), ((2, 3, 1, 4), 1, 1, 0)],
)
def test_keeps_the_function_for_every_batch(shape, k, s, p):
    net = with_local(shape, Local(num_output=4, kernel_size=k, stride=s, pad=p))
    written(net, BY_PLACES)
    assert types(rewritten(net, LEGALIZE))[:2] == ["Convolution", "Reshape"]


def test_one_place_is_a_plain_convolution():
    net = with_local((2, 3, 3, 3), Local(num_output=4, kernel_size=3, stride=1, pad=0))
    written(net, BY_PLACES)
    assert written(net, AT_ONE_PLACE).dump() == rewritten(net, LEGALIZE).dump()
    assert [str(node.layer) for node in rewritten(net, LEGALIZE).nodes[1:]] == [
        "Convolution(num_output=4, kernel_size=[3])"
    ]
    more = with_local((2, 3, 3, 4), Local(num_output=4, kernel_size=3, stride=1, pad=0))
    assert refusal(more, AT_ONE_PLACE) == "it has more than one place"


def test_golden_dump():
    net = with_local((1, 2, 1, 3), Local(num_output=4, kernel_size=1, stride=2, pad=0))
    assert written(net, BY_PLACES).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 1, 3)])  -> data  [1x2x1x3]\n"
        "  local_patches: Convolution(num_output=2, group=2, bias_term=False, kernel_size=[1], stride=[2])"
        " data -> local_patches | [2, 1, 1, 1]  [1x2x1x2]\n"
        "  local_columns: Reshape(shape=(0, 2, 2, 1)) local_patches -> local_columns  [1x2x2x1]\n"
        "  local_turned: Exchange() local_columns -> local_turned  [1x2x2x1]\n"
        "  local_in_front: Reshape(shape=(0, 4, 1, 1)) local_turned -> local_in_front  [1x4x1x1]\n"
        "  local_sums: Convolution(num_output=8, group=2, kernel_size=[1]) local_in_front -> local_sums"
        " | [8, 2, 1, 1] [8]  [1x8x1x1]\n"
        "  local_rows: Reshape(shape=(0, 2, 4, 1)) local_sums -> local_rows  [1x2x4x1]\n"
        "  local_turned_back: Exchange() local_rows -> local_turned_back  [1x4x2x1]\n"
        "  local: Reshape(shape=(0, 4, 1, 2)) local_turned_back -> local  [1x4x1x2]\n"
        "  outputs local\n"
    )


def test_the_weights_stay_where_they_lie(tmp_path):
    (tmp_path / "weights").write_bytes(np.arange(4 * 2, dtype="<f4").tobytes())
    blobs = Blob.in_file(tmp_path / "weights", 0, (4, 1, 2, 1, 1)), Blob.of(np.zeros((1, 2, 2)))
    net, layer = net_of((1, 2, 2, 2)), Local(num_output=1, kernel_size=1, stride=1, pad=0)
    net.append(Node(name="l", layer=layer, bottoms=("data",), tops=("l",), blobs=blobs, origin=Origin(layer="local")))
    assert written(net, BY_PLACES).node("local_sums").blobs[0].span == blobs[0].span


def test_a_map_of_many_places_is_no_slice_of_as_many_parts():
    net = net_of((1, 1, 101, 100))
    blobs = Blob.of_zeros((10_100, 1, 1, 1, 1)), Blob.of_zeros((1, 101, 100))
    layer = Local(num_output=1, kernel_size=1, stride=1, pad=0)
    net.append(Node(name="l", layer=layer, bottoms=("data",), tops=("l",), blobs=blobs, origin=Origin(layer="local")))
    assert max(len(node.tops) for node in rewritten(net, LEGALIZE).nodes) < 200
