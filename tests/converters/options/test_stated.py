from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffe_ir.files.header import Origins, header_of, with_header
from converters.options import CaffeOptions, DarknetOptions, ModelKeys, OutputOptions, PyTorchOptions, VerifyOptions
from converters.options.declared import declared
from converters.options.stated import filled, recovered, stated, without_folders
from tests.converters.options.test_declared import Some


def test_what_a_manifest_says_fills_a_struct() -> None:
    told = {
        "many": 3,
        "shape": "1x3",
        "file": "a",
        "files": ["b", "c"],
        "input_size": "2x4",
        "given": {"a": 1},
        "not ours": 1,
    }
    made = filled(Some, told)
    wanted = Some(
        many=3, shape=("1x3",), file=Path("a"), files=(Path("b"), Path("c")), input_size=(2, 4), given={"a": 1}
    )
    assert made == wanted
    assert filled(Some, {"shape": ["1", "2"], "files": "b"}) == Some(shape=("1", "2"), files=(Path("b"),))
    assert filled(Some, {}) == Some()


FULL = Some(
    way="right", fast=True, many=2, name="x # \n\t\"'\\", shape=("1x3", "y=2x2"), file=Path("a/b.pth"),
    files=(Path("c/d.py"), Path("e é.py")), input_size=(2, 4),
    given={"a": "b", "c": 1, "d": None, "e": (1, 2.5), "f": "1", "g": {"h": [True]}},
)  # fmt: skip


def test_what_is_stated_comes_back_through_the_comment_of_a_prototxt() -> None:
    for options in (FULL, Some(), Some(given={"a": "x=y"}), Some(shape=("#",), name=" ")):
        bare = without_folders(options)
        text = with_header("name: 'x'\n", Origins(options=stated(options)), "caffe", {})
        header = header_of(text.encode())
        assert header is not None
        assert recovered(Some, {**header.options, "target": "other", "unknown": 1}) == bare
    assert without_folders(FULL).files == (Path("d.py"), Path("e é.py"))


@pytest.mark.parametrize(
    "told",
    [{"way": "up"}, {"fast": "yes"}, {"fast": 1}, {"many": True}, {"many": 0}, {"file": 3}, {"input_size": "0x1"},
     {"shape": [1]}, {"given": {"a": 1}}, {"given": ["a"]}, {"files": []}],
)  # fmt: skip
def test_what_cannot_be_an_option_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(told)) if told != {"given": ["a"]} else "KEY=VALUE"):
        recovered(Some, told)


def test_no_option_has_the_name_of_another_line_of_the_comment() -> None:
    kinds = (CaffeOptions, DarknetOptions, ModelKeys, OutputOptions, PyTorchOptions, VerifyOptions)
    names = {one.name for kind in (*kinds, ModelKeys) for one in declared(kind)}
    assert not names & {"source_bytes", "file_bytes", "crc32"}
