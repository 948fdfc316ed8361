"""From a net to its files in one call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import caffe_ir
from caffe_ir.errors import ConversionError
from caffe_ir.files.reader import read
from caffe_ir.layers import Mish
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of


@pytest.fixture
def net() -> Net:
    made = net_of((1, 4))
    add(made, "mish", Mish())
    return made


def test_a_net_of_a_front_end_is_lowered_and_written(net: Net, tmp_path: Path) -> None:
    before = [node.layer for node in net.nodes]
    for target in ("caffe", CAFFE):
        written = caffe_ir.write(net, tmp_path / "mish", target=target, options=Options())
        assert [node.layer for node in net.nodes] == before
        assert any(note.kind == "lowered" for note in net.notes)
        x = np.array([[-3.0, -0.5, 0.5, 3.0]])
        wanted = x * np.tanh(np.log1p(np.exp(x)))
        again = read(written.prototxt, written.caffemodel)
        np.testing.assert_allclose(run(again, {"data": x}, np.float64)[again.outputs[0]], wanted, rtol=1e-12)


def test_hdf5_and_what_cannot_be(net: Net, tmp_path: Path) -> None:
    assert caffe_ir.write(net, tmp_path / "mish", hdf5=True).caffemodel.name == "mish.caffemodel.h5"
    with pytest.raises(KeyError):
        caffe_ir.write(net, tmp_path / "mish", target="coffee")
    (tmp_path / "file").touch()
    with pytest.raises(ConversionError, match="cannot write"):
        caffe_ir.write(net, tmp_path / "file" / "mish")


def test_a_prototxt_of_somebody_else_stays(net: Net, tmp_path: Path) -> None:
    (tmp_path / "mish.prototxt").write_text("name: 'mine'\n")
    with pytest.raises(ConversionError, match=r"mish.prototxt already exists .*\n.*force=True"):
        caffe_ir.write(net, tmp_path / "mish")
    caffe_ir.write(net, tmp_path / "mish", force=True, durable=True)
    caffe_ir.write(net, tmp_path / "mish")
