from __future__ import annotations

from pathlib import Path

from converters.cli.verify_opened import Pair
from converters.cli.verify_target import target_remarks
from tests.converters.caffe.files import CONV, INPUT, pair
from tests.converters.cli.given import converted, tool

SWISH = 'layer { name: "swish" type: "Swish" bottom: "conv" top: "swish" }\n'


def test_a_layer_that_the_target_of_the_file_does_not_have_is_remarked_with_its_line(tmp_path: Path) -> None:
    source = pair(tmp_path, INPUT + CONV + SWISH)
    converted("caffe", *source, "--target", "opencv", "-o", tmp_path / "out")
    written = Pair(prototxt=tmp_path / "out.prototxt", caffemodel=tmp_path / "out.caffemodel")
    assert target_remarks(written) == ()
    text = written.prototxt.read_text().replace('target = "opencv"', 'target = "mnn"')
    written.prototxt.write_text(text)
    (remark,) = target_remarks(written)
    assert "MNN has no layer Swish" in remark
    assert remark.endswith("the file says that it is for mnn")
    assert "MNN has no layer Swish" in tool("verify", *source, tmp_path / "out", "--engine", "embedded").stdout


def test_a_file_of_nobody_says_for_whom_it_is_not(tmp_path: Path) -> None:
    prototxt, caffemodel = pair(tmp_path, INPUT + CONV + SWISH)
    assert target_remarks(Pair(prototxt=prototxt, caffemodel=caffemodel)) == ()
