from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.proto import caffe_pb2
from converters.verify import caffe_files, caffe_source
from converters.verify.unreadable import comparison_of_unreadable
from tests.converters.verify.engine_nets import files_of, ordinary


@pytest.fixture
def files(tmp_path):
    return files_of(tmp_path, ordinary())


def refusal(files):
    with pytest.raises(ConversionError) as caught:
        caffe_files(files.prototxt, files.caffemodel)
    return caught.value


def test_the_layer_that_has_other_parameters_is_at_fault(files) -> None:
    source = caffe_source(files)
    files.prototxt.write_text(files.prototxt.read_text().replace("num_output: 6", "num_output: 5"))
    found = comparison_of_unreadable(source, files.prototxt, refusal(files))
    assert found is not None
    assert found.verdict == "differs"
    assert found.faults[0].layer == "conv"
    assert found.faults[0].text == "num_output is 5 where 6 belongs"
    line = files.prototxt.read_text().splitlines().index('  name: "conv"')  # behind `layer {`
    assert found.faults[0].written == f"{files.prototxt}:{line}"


def test_layers_without_weights_are_at_fault(files) -> None:
    source = caffe_source(files)
    files.caffemodel.write_bytes(caffe_pb2.NetParameter(layer=[{"name": "other"}]).SerializeToString())
    found = comparison_of_unreadable(source, files.prototxt, refusal(files))
    assert found is not None
    assert [fault.layer for fault in found.faults] == ["conv", "bn", "scale"]
    assert found.faults[0].text == "the caffemodel has no weights for conv (Caffe would run it on its fillers)"
    line = files.prototxt.read_text().splitlines().index('  name: "conv"')
    assert found.faults[0].written == f"{files.prototxt}:{line}"


def test_a_file_that_is_none_names_no_layer(files) -> None:
    source = caffe_source(files)
    files.prototxt.write_text("no prototxt")
    assert comparison_of_unreadable(source, files.prototxt, refusal(files)) is None
