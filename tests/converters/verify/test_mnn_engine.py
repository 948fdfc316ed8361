from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from caffe_ir.layers import InnerProduct, Power, ReLU, Tile
from converters.verify.engine import EngineFailed
from converters.verify.mnn_engine import CHILD, MNN
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import INPUT, by_torch, files_of, ordinary

needs_mnn = pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")


@needs_mnn
def test_it_computes_what_torch_computes(tmp_path) -> None:
    pytest.importorskip("torch")
    net = ordinary()
    right = by_torch(net)
    found = MNN.blobs(files_of(tmp_path, net), list(right), {"data": INPUT})
    for ours, theirs in zip(found, right.values(), strict=True):
        np.testing.assert_allclose(np.array(ours), theirs, atol=1e-4)
    assert MNN.title().startswith("MNN 3")


@needs_mnn
def test_the_layer_that_stops_it_is_named(tmp_path) -> None:
    net = net_of((1, 3, 9, 11))
    add(net, "twice", Power(scale=2.0))
    add(net, "tiled", Tile(tiles=2))
    with pytest.raises(EngineFailed, match="MNN cannot run tiled"):
        list(MNN.blobs(files_of(tmp_path, net), ["twice", "tiled"], {"data": INPUT}))


def test_the_wheels_own_command_is_never_run() -> None:
    """mnnconvert installs a package by itself and reports each conversion to a server; MNN.tools holds all of that."""
    assert "MNN.tools" not in CHILD.read_text()


def test_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert MNN.missing() == "MNN is not installed; in your clone of tocaffe: pip install '.[mnn]'"


@needs_mnn
def test_a_layer_in_place_that_is_called_like_what_it_overwrites(tmp_path) -> None:
    """MNN has one tensor `y` then, the last; what was overwritten cannot be had."""
    net = net_of((1, 3, 9, 11))
    add(net, "x", Power(scale=2.0), bottoms=["data"], tops=["y"])
    add(net, "y", ReLU(), bottoms=["y"], tops=["y_2"], in_place=True)
    add(net, "z", Power(scale=-1.0), bottoms=["y_2"])
    before, after, last = MNN.blobs(files_of(tmp_path, net), ["y", "y_2", "z"], {"data": INPUT})
    assert before is None
    np.testing.assert_allclose(np.array(after), np.maximum(2 * INPUT, 0), atol=1e-4)
    np.testing.assert_allclose(np.array(last), -np.maximum(2 * INPUT, 0), atol=1e-4)


@needs_mnn
def test_a_function_whose_blob_is_called_otherwise(tmp_path) -> None:
    """MNN calls what a square gives like its layer; a blob that has this name too cannot be had."""
    net = net_of((1, 3, 9, 11))
    add(net, "square", Power(power=2.0), bottoms=["data"], tops=["squared"])
    add(net, "half", Power(power=2.0), bottoms=["squared"], tops=["fourth"])
    add(net, "other", Power(scale=0.5), bottoms=["data"], tops=["half"])
    squared, fourth, half = MNN.blobs(files_of(tmp_path, net), ["squared", "fourth", "half"], {"data": INPUT})
    np.testing.assert_allclose(np.array(squared), INPUT**2, atol=1e-4)
    assert fourth is None
    assert half is None


@needs_mnn
@pytest.mark.parametrize("in_place", [False, True])
def test_a_product_that_is_joined_with_its_relu_is_not_shown(tmp_path, in_place) -> None:
    """MNN gives what the ReLU made under the name of the InnerProduct."""
    net, weights = net_of((1, 4)), np.random.default_rng(2).normal(size=(8, 4))
    x = np.random.default_rng(3).normal(size=(1, 4))
    add(net, "fc", InnerProduct(num_output=8, bias_term=False), weights)
    add(net, "relu", ReLU(), in_place=in_place)
    add(net, "last", Power(scale=-1.0))
    files = files_of(tmp_path, net)
    product, rectified, last = MNN.blobs(files, ["fc", "relu", "last"], {"data": x})
    assert product is None
    np.testing.assert_allclose(np.array(rectified), np.maximum(x @ weights.T, 0), atol=1e-5)
    np.testing.assert_allclose(np.array(last), -np.maximum(x @ weights.T, 0), atol=1e-5)
    assert MNN.opened is not None
    assert MNN.opened(files)(["fc"], {"data": x}) == [None]
