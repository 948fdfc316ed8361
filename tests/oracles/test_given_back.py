"""That the engines say what they take for outputs, on files written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.proto import caffe_pb2
from tests.oracles.given_back import Pair, by_mnn, by_opencv, needs_mnn

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 dim: 3 dim: 3 } } }\n'
HALVES = 'layer { name: "halves" type: "Slice" bottom: "x" top: "a" top: "b" slice_param { slice_point: 2 } }\n'
BEHIND = 'layer { name: "twice" type: "Power" bottom: "b" top: "twice" power_param { scale: 2 } }\n'
SILENCE = 'layer { name: "hush" type: "Silence" bottom: "a" }\n'
CRASHES = 'layer { name: "tiles" type: "Tile" bottom: "x" top: "tiles" tile_param { tiles: 2 } }\n'


@pytest.fixture
def pair(tmp_path):
    def written(text: str) -> Pair:
        place = len(list(tmp_path.iterdir()))
        prototxt, caffemodel = tmp_path / f"{place}.prototxt", tmp_path / f"{place}.caffemodel"
        prototxt.write_text(INPUT + text)
        caffemodel.write_bytes(caffe_pb2.NetParameter(name="empty").SerializeToString())
        x = np.arange(36, dtype=np.float32).reshape(1, 4, 3, 3)
        return Pair(prototxt=prototxt, caffemodel=caffemodel, feeds={"x": x})

    return written


def test_opencv_gives_back_the_layers_that_nobody_reads(pair):
    whole = pair(HALVES + BEHIND)
    found = by_opencv(whole)
    assert list(found) == ["twice"]
    np.testing.assert_array_equal(found["twice"], 2 * whole.feeds["x"][:, 2:])
    assert "hush" in by_opencv(pair(HALVES + BEHIND + SILENCE))


@needs_mnn
def test_mnn_gives_back_the_blobs_that_nobody_reads(pair):
    whole = pair(HALVES + BEHIND)
    found, crashed, again = by_mnn([whole, pair(CRASHES), whole])
    assert found is not None
    assert sorted(found) == ["a", "twice"]
    np.testing.assert_array_equal(found["twice"], 2 * whole.feeds["x"][:, 2:])
    assert crashed is None
    assert again is not None
    assert sorted(again) == ["a", "twice"]
