from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.error_kinds.running import INPUT_VALUES
from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write
from caffe_ir.layers import BatchReindex, Concat, Embed, Input, Reshape, Slice
from caffe_ir.net import Net
from caffe_ir.targets import CAFFE
from converters.verify import caffe_files, caffe_source, verify
from tests.caffe_ir.build import add, net_of
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


def _table(rows: int) -> Net:
    """Rows of a table by numbers that are cut out of an input, and images by those of another input."""
    net = net_of((2, 40))
    add(net, "numbers", Slice(axis=1, slice_point=(10,)), tops=("first", "second"))
    add(net, "again", Concat(axis=1), bottoms=["second", "first"])
    add(net, "flat", Reshape(shape=(2, -1)))
    add(net, "words", Embed(num_output=3, input_dim=rows, bias_term=False), np.arange(3.0 * rows).reshape(rows, 3))
    add(net, "order", Input(shape=(2,)), bottoms=[])
    add(net, "images", BatchReindex(), bottoms=["words", "order"])
    return net


def test_inputs_that_are_numbers_of_rows_are_fed_with_such(tmp_path: Path) -> None:
    files = files_of(tmp_path, _table(rows=2))
    source = caffe_source(files)
    assert source.whole == {"data", "order"}
    assert verify(source, files).verdict == "agrees"


def test_an_input_that_layers_compute_with_is_fed_with_noise(tmp_path: Path) -> None:
    assert not caffe_source(files_of(tmp_path, ordinary())).whole


def test_a_row_that_is_not_there_is_an_error_with_its_layer(tmp_path: Path) -> None:
    files = files_of(tmp_path, _table(rows=2))
    feeds = {"data": np.full((2, 40), 2.0), "order": np.zeros(2)}
    with pytest.raises(ConversionError, match="words: an index lies outside 0 to 1") as found:
        verify(caffe_source(files), files, feeds=[feeds])
    (problem,) = found.value.problems
    assert (problem.kind, problem.origin and problem.origin.layer) == (INPUT_VALUES, "words")
    feeds = {"data": np.zeros((2, 40)), "order": np.full(2, 5.0)}
    with pytest.raises(ConversionError, match="images: BatchReindex asks for images"):
        verify(caffe_source(files), files, feeds=[feeds])
