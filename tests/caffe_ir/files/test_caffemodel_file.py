from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files import writer
from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.layers import InnerProduct
from tests.caffe_ir.build import add, net_of


@pytest.mark.parametrize("ending", [".caffemodel", ".caffemodel.h5"])
@pytest.mark.parametrize("renamed", [False, True])
def test_both_forms_are_told_apart_by_what_is_inside(ending: str, renamed: bool, tmp_path: Path) -> None:
    net = net_of((1, 3))
    add(net, "fc", InnerProduct(num_output=2), np.arange(6).reshape(2, 3), np.ones(2))
    path = tmp_path / f"net{ending}"
    writer.write_weights(net, path)
    if renamed:
        path = path.rename(tmp_path / "weights")
    (fc,) = (layer for layer in read_layers(path) if layer.name == "fc")
    assert [blob.load().tolist() for blob in fc.blobs] == [[[0, 1, 2], [3, 4, 5]], [1, 1]]


def test_no_file_and_a_file_of_neither_form(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="cannot read"):
        read_layers(tmp_path / "none")
    with pytest.raises(ConversionError, match="a pipe or a device"):
        read_layers("/dev/zero")
    (tmp_path / "text").write_text("layer {")
    with pytest.raises(ConversionError, match="this is not a caffemodel"):
        read_layers(tmp_path / "text")
