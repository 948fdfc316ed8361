from __future__ import annotations

from pathlib import Path

from tests.converters.caffe.files import CONV, INPUT, pair
from tests.converters.cli.given import converted, tool


def test_two_nets_that_were_not_made_of_each_other_are_compared_blob_by_blob(tmp_path: Path) -> None:
    first, second = pair(tmp_path, INPUT + CONV, name="a"), pair(tmp_path, INPUT + CONV, name="b")
    result = tool("verify", *first, *second, "--engine", "embedded")
    assert result.exit_code == 0, result.output


def test_a_net_that_was_converted_is_held_against_its_source_lowered(tmp_path: Path) -> None:
    swish = 'layer { name: "swish" type: "Swish" bottom: "conv" top: "conv" }\n'
    files = pair(tmp_path, INPUT + CONV + swish)
    converted("caffe", *files, "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 0, result.output
    assert "the Caffe net that it was made of" in result.stdout
