from __future__ import annotations

import os
import sys

import cv2
import numpy as np
import pytest

from caffe_ir.layers import ELU, Concat, Convolution, ReLU, Threshold
from converters.verify.engine import EngineFailed
from converters.verify.opencv_engine import OPENCV
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import INPUT, by_torch, files_of, ordinary, sliced


def run(folder, net, *wanted):
    return list(OPENCV.blobs(files_of(folder, net), wanted, {"data": INPUT}))


def test_it_computes_what_torch_computes(tmp_path) -> None:
    pytest.importorskip("torch")
    net = ordinary()
    right = by_torch(net)
    for ours, theirs in zip(run(tmp_path, net, *right), right.values(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert OPENCV.missing() == ""
    assert cv2.__version__ in OPENCV.title()


def test_of_several_tops_it_shows_the_first(tmp_path) -> None:
    first, second, relu = run(tmp_path, sliced(), "first", "second", "relu")
    assert np.array_equal(first, INPUT[:, :1])
    assert second is None
    assert np.array_equal(relu, np.maximum(INPUT[:, 1:], 0))


def test_what_a_concat_reads_is_not_unwritten_memory(tmp_path) -> None:
    net = net_of((1, 3, 9, 11))
    pick = np.eye(3).reshape(3, 3, 1, 1)
    for name in ("left", "right"):
        add(net, name, Convolution(num_output=3, kernel_size=(1, 1), bias_term=False), pick, bottoms=["data"])
        add(net, f"{name}_relu", ReLU(), in_place=True)
    add(net, "both", Concat(), bottoms=["left_relu", "right_relu"])
    for found in run(tmp_path, net, "left_relu", "right_relu"):
        np.testing.assert_allclose(found, np.maximum(INPUT, 0), atol=1e-6)


def test_the_layer_that_stops_it_is_named(tmp_path) -> None:
    net = net_of((1, 3, 9, 11))
    add(net, "elu", ELU())
    add(net, "step", Threshold())
    add(net, "last", ReLU())
    with pytest.raises(EngineFailed, match=r"OpenCV cannot run step \(Threshold"):
        run(tmp_path, net, "elu", "last")


def test_a_name_that_would_end_the_process_is_refused(tmp_path) -> None:
    folder = tmp_path / os.fsdecode(b"net" + bytes([255]))
    folder.mkdir()
    with pytest.raises(EngineFailed, match="no file whose name is not UTF-8"):
        run(folder, ordinary(), "conv")


def test_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert "pip install '.[verify]'" in OPENCV.missing()


def test_a_version_that_reads_no_caffe_is_refused(monkeypatch) -> None:
    monkeypatch.delattr(cv2.dnn, "readNetFromCaffe")
    assert "--no-deps 'opencv-python-headless>=4.11,<5'" in OPENCV.missing()
