from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from caffe_ir.proto import caffe_pb2
from tests.oracles.caffe_by_hand import CaffeByHand

INPUTS = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 3 dim: 1 } } }
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 2 dim: 1 dim: 1 } } }
"""
PARAMETER = """
layer { name: "w" type: "Parameter" top: "w" param { name: "w" }
        parameter_param { shape { dim: 4 dim: 2 dim: 1 dim: 1 } } }
"""
WRITER = """
layer { name: "write" type: "Eltwise" bottom: "w" bottom: "x" top: "w" eltwise_param { coeff: 0 coeff: 1 } }
"""
READER = """
layer { name: "y" type: "Convolution" bottom: "data" top: "y" param { name: "w" }
        convolution_param { num_output: 4 kernel_size: 1 bias_term: false } }
"""


def net(tmp_path, text, weights=""):
    (tmp_path / "net.prototxt").write_text(text)
    message = text_format.Parse(weights, caffe_pb2.NetParameter())
    (tmp_path / "net.caffemodel").write_bytes(message.SerializeToString())
    return CaffeByHand(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")


def feeds(seed):
    rng = np.random.default_rng(seed)
    return {"data": rng.normal(size=(1, 2, 3, 1)), "x": rng.normal(size=(4, 2, 1, 1))}


def product(given):
    return np.einsum("oc,ncx->nox", given["x"][:, :, 0, 0], given["data"][..., 0])[..., None]


def test_a_reader_behind_the_writer_sees_what_it_wrote(tmp_path):
    caffe = net(tmp_path, INPUTS + PARAMETER + WRITER + READER)
    for seed in range(3):
        given = feeds(seed)
        np.testing.assert_allclose(caffe.forward(**given)["y"], product(given), rtol=1e-12)


def test_a_reader_before_the_writer_sees_the_run_before(tmp_path):
    caffe = net(tmp_path, INPUTS + PARAMETER + READER + WRITER)
    first, second = feeds(0), feeds(1)
    assert not caffe.forward(**first)["y"].any()
    np.testing.assert_allclose(caffe.forward(**second)["y"], product({**second, "x": first["x"]}), rtol=1e-12)


def test_a_layer_without_its_blobs_in_the_caffemodel_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="Cannot copy"):
        net(tmp_path, INPUTS + PARAMETER + WRITER + READER, 'layer { name: "y" }').forward(**feeds(0))
