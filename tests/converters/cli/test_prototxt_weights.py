from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from caffe_ir.files.reader import read
from converters.cli.pytorch import pytorch
from tests.converters.transplant.nets import bn, conv, data, seeded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    module = seeded(nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 5, 1)))
    torch.save({"state_dict": module.state_dict(), "epoch": 1}, tmp_path / "w.pth")
    text = data(1, 3, 2, 2) + conv("a", "data", 4, 1, bias=False) + bn("a_bn", "a") + conv("b", "a", 5, 1)
    (tmp_path / "net.prototxt").write_text(text)
    return tmp_path


def run(folder: Path, *options: str, prototxt: str = "net.prototxt"):
    arguments = [str(folder / "w.pth"), "--prototxt", str(folder / prototxt), "-o", str(folder / "out"), *options]
    return CliRunner().invoke(pytorch, arguments)


def test_the_weights_are_written_and_every_pair_is_explained(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[0] == "a <- 0 the only one of its shape"
    assert lines[1] == "a_bn + a_bn_scale <- 1 the only one of its shape; the factor of the sums is 1"
    assert "left out 1: counts the batches of the training; no output depends on it (1.num_batches_tracked)" in lines
    assert "assumed weights taken from state_dict" in lines
    held = torch.load(folder / "w.pth")["state_dict"]
    net = read(folder / "net.prototxt", folder / "out.caffemodel")
    np.testing.assert_array_equal(net.node("a").blobs[0].load(), held["0.weight"].numpy())
    np.testing.assert_array_equal(net.node("a_bn").blobs[0].load(), held["1.running_mean"].numpy())
    assert net.node("a_bn").blobs[2].load().tolist() == [1]


def test_the_weights_are_written_in_hdf5_too(folder: Path) -> None:
    assert run(folder).exit_code == run(folder, "--hdf5").exit_code == 0
    ours, theirs = (read(folder / "net.prototxt", folder / f"out.caffemodel{end}") for end in ("", ".h5"))
    for node in ours.nodes:
        for blob, other in zip(node.blobs, theirs.node(node.name).blobs, strict=True):
            np.testing.assert_array_equal(blob.load(), other.load())


def test_nothing_is_written_where_something_is_left(folder: Path) -> None:
    (folder / "more.prototxt").write_text((folder / "net.prototxt").read_text() + conv("c", "b", 7, 1))
    result = run(folder, prototxt="more.prototxt")
    assert result.exit_code == 1
    assert "no module fills c (Convolution, [7, 5, 1, 1])" in result.output
    assert not (folder / "out.caffemodel").exists()


def test_partial_fills_the_rest_from_the_fillers(folder: Path) -> None:
    more = conv("c", "b", 7, 1, more='weight_filler { type: "constant" value: 0.5 }')
    (folder / "more.prototxt").write_text((folder / "net.prototxt").read_text() + more)
    result = run(folder, "--partial", prototxt="more.prototxt")
    assert result.exit_code == 0, result.output
    assert "<- its filler" in result.output
    net = read(folder / "more.prototxt", folder / "out.caffemodel")
    assert set(net.node("c").blobs[0].load().ravel()) == {0.5}
    assert net.node("b").blobs[0].load().std() > 0.1


def test_a_map_that_was_written_gives_the_same_file(folder: Path) -> None:
    assert run(folder, "--write-map", str(folder / "m.toml")).exit_code == 0
    first = (folder / "out.caffemodel").read_bytes()
    assert '"a_bn" = "1"  # the only one of its shape' in (folder / "m.toml").read_text()
    result = run(folder, "--map", str(folder / "m.toml"), "--force")
    assert result.exit_code == 0, result.output
    assert "the map" in result.output
    assert (folder / "out.caffemodel").read_bytes() == first


def test_options_of_the_other_kind_are_wrong_usage(folder: Path) -> None:
    assert "--input has no meaning with --prototxt" in run(folder, "--input", "1x3x2x2").output
    result = CliRunner().invoke(pytorch, [str(folder / "w.pth"), "--map", str(folder / "net.prototxt")])
    assert result.exit_code == 2
    assert "--map has no meaning without --prototxt" in result.output
    for option in (("--verify",), ("--verbose",), ("--target", "caffe"), ("--fold-bn",)):
        assert f"{option[0]} has no meaning with --prototxt" in run(folder, *option).output
    for option in (("--partial",), ("--eps", "1e-3"), ("--seed", "1")):
        result = CliRunner().invoke(pytorch, ["net.py:net", *option])
        assert result.exit_code == 2
        assert "has no meaning without --prototxt" in result.output
    assert run(folder, "--eps", "small").exit_code == 2


FACTORY = """
from torch import nn

def right():
    return nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 5, 1))

def other():
    model = right()
    model[1].eps = 0.5
    return model
"""


def test_the_model_confirms_or_refutes(folder: Path) -> None:
    (folder / "made.py").write_text(FACTORY)
    result = run(folder, "--model", f"{folder / 'made.py'}:right")
    assert result.exit_code == 0, result.output
    assert "verified  3 values agree" in result.output
    result = run(folder, "--model", f"{folder / 'made.py'}:other", "--force")
    assert result.exit_code == 1
    assert "2 of 3 values differ" in result.output
    assert "first a_bn_scale <- 1" in result.output


def test_nothing_that_is_read_or_somebody_else_s_is_replaced(folder: Path) -> None:
    assert run(folder).exit_code == 0
    before = (folder / "out.caffemodel").read_bytes()
    told = run(folder)
    assert told.exit_code == 1
    assert "out.caffemodel already exists (no prototxt of tocaffe lists it)\n    -> --force" in told.output
    (folder / "other.caffemodel").symlink_to("w.pth")
    for options in (("-o", str(folder / "other"), "--force"), ("--write-map", str(folder / "net.prototxt"), "--force")):
        told = run(folder, *options)
        assert told.exit_code == 1
        assert "read, and cannot be written too" in told.output
    assert run(folder, "--write-map", str(folder / "made.toml"), "--force").exit_code == 0
    told = run(folder, "--map", str(folder / "made.toml"), "--write-map", str(folder / "made.toml"), "--force")
    assert "made.toml is read, and cannot be written too" in told.output
    (folder / "made.toml").write_text("unused = []\n")
    assert "made.toml already exists" in run(folder, "--write-map", str(folder / "made.toml"), "--force").output
    assert (folder / "out.caffemodel").read_bytes() == before
