from __future__ import annotations

import os

import numpy as np
import pytest

from caffe_ir.layers import Convolution
from converters.darknet import convert
from converters.verify import ReferenceFailed
from converters.verify.darknet_source import DarknetFiles, darknet_reference, library, prepared, why_not
from tests.converters.verify.planting import CFG
from tests.oracles.darknet import layer_outputs, needs_darknet
from tests.oracles.seeded_weights import write_weights

# Darknet's [deconvolutional] and 1x1 convolutions with a stride are beyond its own CPU code.
SHAPE = (2, 3, 24, 32)
ONE = {"data": np.zeros((1, 1, 4, 4), np.float32)}


@pytest.fixture
def model(tmp_path):
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text(CFG)
    write_weights(cfg, weights, seed=3)
    return DarknetFiles(cfg=cfg, weights=weights, input_shape=SHAPE), convert(cfg, weights, batch=2).net


@needs_darknet
def test_its_values_are_those_that_the_tests_own_darknet_gives(model) -> None:
    files, net = model
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    seen = dict(darknet_reference(files, net).values({"data": x}))
    right = layer_outputs(files.cfg, files.weights, x)
    assert len(seen) >= 16
    for value, array in seen.items():
        theirs = right[int(value.rpartition("_")[2])].values
        assert np.array_equal(np.array(array).ravel(), theirs.ravel()), value


@needs_darknet
def test_what_ends_darknet_ends_only_the_reference(model, tmp_path) -> None:
    files, net = model
    (tmp_path / "net.cfg").write_text("no cfg at all")
    with pytest.raises(ReferenceFailed, match="Darknet does not run this net"):
        list(darknet_reference(files, net).values({"data": np.zeros(SHAPE, np.float32)}))
    (tmp_path / "net.cfg").unlink()
    os.mkfifo(tmp_path / "net.cfg")
    with pytest.raises(ReferenceFailed, match="cannot be read a second time: it is a pipe"):
        list(darknet_reference(files, net).values({"data": np.zeros(SHAPE, np.float32)}))


def test_our_keys_come_first_for_darknet_takes_the_first_of_two() -> None:
    text = prepared(b"# a net\r\n[net]\r\nwidth=608\r\nbatch=64\r\n[avgpool]\r\n", (2, 3, 10, 20))
    assert text.split(b"\n")[1:7] == [b"[net]", b"batch=2", b"subdivisions=1", b"channels=3", b"height=10", b"width=20"]
    assert b"\r" not in text
    assert b"width=608" in text


def test_lines_are_those_that_the_front_end_reads() -> None:
    lines = prepared(
        b"\xef\xbb\xbf[net]\rwidth=608\r[avgpool]\r [maxpool]\rsize=2\r[dropout]\r", (1, 3, 8, 8), sections=2
    )
    assert lines.split(b"\n")[-4:] == [b"width=608", b"[avgpool]", b" [maxpool]", b"size=2"]


@needs_darknet
def test_nets_that_its_cpu_code_gets_wrong_are_not_given_to_it(model) -> None:
    from msgspec.structs import replace

    _, net = model
    assert why_not(net) == ""
    place = next(i for i, node in enumerate(net.nodes) if node.layer == Convolution(num_output=8, kernel_size=(1, 1)))
    node = net.nodes[place]
    net.nodes[place] = replace(node, layer=replace(node.layer, stride=(2, 2)))
    assert "1x1 convolution with a stride" in why_not(net)


@needs_darknet
def test_a_section_that_darknet_cannot_load_is_not_given_to_it(tmp_path) -> None:
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text("[net]\nwidth=4\nheight=4\nchannels=1\n[deconvolutional]\nfilters=1\nsize=2\nstride=2\n")
    write_weights(cfg, weights, seed=0)
    net = convert(cfg, weights).net
    assert "divides by zero" in why_not(net)
    with pytest.raises(ReferenceFailed):  # and so it does
        dict(darknet_reference(DarknetFiles(cfg=cfg, weights=weights, input_shape=(1, 1, 4, 4)), net).values(ONE))


@needs_darknet
def test_large_nets_are_not_given_to_it(model) -> None:
    _, net = model
    net.shapes["data"] = (1, 3, 10000, 10000)
    assert "MB for this net" in why_not(net)


def test_without_the_library_it_says_what_to_install(monkeypatch, model) -> None:
    monkeypatch.setattr("converters.verify.darknet_source.LIBRARIES", ())
    assert library() is None
    assert "apt install darknet" in why_not(model[1])
