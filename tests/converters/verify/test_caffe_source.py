from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write
from caffe_ir.targets import CAFFE
from converters.verify import caffe_files, caffe_source, verify
from tests.converters.verify.engine_nets import files_of, ordinary
from tests.converters.verify.planting import parameter


def test_one_pair_can_be_held_against_another(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    source = caffe_source(files)
    assert verify(source, files).verdict == "agrees"
    other = ordinary()
    parameter("relu", negative_slope=0.2)(other)
    write(other, tmp_path / "other", CAFFE)
    found = verify(source, caffe_files(tmp_path / "other.prototxt", tmp_path / "other.caffemodel"))
    assert [fault.layer for fault in found.faults] == ["relu"]


def test_files_that_do_not_belong_together_are_refused(tmp_path) -> None:
    files = files_of(tmp_path, ordinary())
    files.prototxt.write_text(files.prototxt.read_text().replace("num_output: 6", "num_output: 7"))
    with pytest.raises(ConversionError, match="conv takes weights"):
        caffe_files(files.prototxt, files.caffemodel)
