from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from converters.verify.engine import EngineFailed
from converters.verify.pycaffe_engine import PYCAFFE
from tests.converters.verify.engine_nets import INPUT, files_of, ordinary, sliced

# A stand-in with pycaffe's interface (python/caffe/pycaffe.py, _caffe.cpp): enough to run `sliced`, in place and all.
STAND_IN = """
import os, sys
import numpy as np
TEST = 1
class Blob:
    def __init__(self): self.data = np.zeros((1, 3, 9, 11), np.float32)
def set_mode_cpu(): pass
class Net:
    def __init__(self, prototxt, caffemodel, phase):
        if "Softmax" in open(prototxt).read():
            sys.stderr.write("F1121 softmax_layer.cpp:1] Check failed: not here\\n")
            sys.stderr.flush()
            os.abort()
        self.blobs = {name: Blob() for name in ("data", "first", "second")}
        self._layer_names = ["data", "parts", "relu"]
    def forward(self, start, end):
        assert start == end
        if start == "parts":
            self.blobs["first"].data = self.blobs["data"].data[:, :1].copy()
            self.blobs["second"].data = self.blobs["data"].data[:, 1:].copy()
        if start == "relu":
            np.maximum(self.blobs["second"].data, 0, out=self.blobs["second"].data)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "caffe.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "module"))


@pytest.mark.usefixtures("stand_in")
def test_a_blob_is_taken_before_it_is_overwritten_in_place(tmp_path) -> None:
    found = list(PYCAFFE.blobs(files_of(tmp_path, sliced()), ["first", "second", "relu"], {"data": INPUT}))
    assert np.array_equal(np.array(found[0]), INPUT[:, :1])
    assert np.array_equal(np.array(found[1]), INPUT[:, 1:])
    assert np.array_equal(np.array(found[2]), np.maximum(INPUT[:, 1:], 0))


@pytest.mark.usefixtures("stand_in")
def test_one_that_stays_open_makes_a_new_net_for_each_input(tmp_path) -> None:
    """What a run leaves in the memory of weights is not there for the next one."""
    assert PYCAFFE.opened is not None
    forward = PYCAFFE.opened(files_of(tmp_path, sliced()))
    for x in (INPUT, -INPUT):
        found = forward(["first", "second", "relu"], {"data": x})
        assert np.array_equal(np.array(found[0]), x[:, :1])
        assert np.array_equal(np.array(found[2]), np.maximum(x[:, 1:], 0))


@pytest.mark.usefixtures("stand_in")
def test_a_failed_check_ends_the_child_alone_and_names_the_layer(tmp_path) -> None:
    with pytest.raises(EngineFailed, match=r"(?s)Caffe cannot run .*Check failed: not here \(signal 6\)"):
        list(PYCAFFE.blobs(files_of(tmp_path, ordinary()), ["relu"], {"data": INPUT}))


@pytest.mark.skipif(importlib.util.find_spec("caffe") is not None, reason="pycaffe is there")
def test_it_says_what_to_do() -> None:
    assert "make pycaffe" in PYCAFFE.missing()
