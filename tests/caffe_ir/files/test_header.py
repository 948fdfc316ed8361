from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import pytest
from google.protobuf import text_format

import caffe_ir
from caffe_ir.files.header import Header, Origins, header_of, read_header, with_header
from caffe_ir.layers import ReLU
from caffe_ir.proto import caffe_pb2
from caffe_ir.version import VERSION
from tests.caffe_ir.build import add, net_of

TEXT = 'name: "net"\nlayer {\n  name: "data"\n}\n'
ORIGINS = Origins(
    command="convert darknet a.cfg 'b c.weights' --batch 2",
    options={"source": "darknet", "cfg": "a.cfg", "batch": 2, "lenient": True, "input": ["1x3", "2"]},
    source_bytes={"a.cfg": 12, "b c.weights": 3},
)
FILES = {".caffemodel": 5, ".heads.json": 2}


def test_it_is_a_comment_that_says_all_and_comes_back() -> None:
    text = with_header(TEXT, ORIGINS, "opencv", FILES)
    *comment, body = text.split("\n", 10)
    assert comment == [
        f"# Written by tocaffe {VERSION}: convert darknet a.cfg 'b c.weights' --batch 2",
        '# source = "darknet"',
        '# cfg = "a.cfg"',
        "# batch = 2",
        "# lenient = true",
        '# input = ["1x3", "2"]',
        '# target = "opencv"',
        '# source_bytes = {"a.cfg" = 12, "b c.weights" = 3}',
        '# file_bytes = {".caffemodel" = 5, ".heads.json" = 2}',
        f'# crc32 = "{zlib.crc32(TEXT.encode()):08x}"',
    ]
    assert body == TEXT
    assert header_of(text.encode()) == Header(
        version=VERSION,
        command=ORIGINS.command,
        options={**ORIGINS.options, "target": "opencv"},
        source_bytes=ORIGINS.source_bytes,
        file_bytes=FILES,
    )


@pytest.mark.parametrize(
    "name", ['a\nlayer { name: "evil" }\n#', "\r\x1b[2J\u2028\x85\0", "网.cfg", "\udcff", '"', "# = '", "\\n"]
)
def test_no_name_breaks_out_of_the_comment(name: str) -> None:
    origins = Origins(command=f"convert {name}", options={"cfg": name}, source_bytes={name: 1})
    text = with_header(TEXT, origins, "caffe", {})
    assert text.isascii()
    assert all(line.startswith("# ") and line.isprintable() for line in text.removesuffix(TEXT).splitlines())
    assert text_format.Parse(text, caffe_pb2.NetParameter()) == text_format.Parse(TEXT, caffe_pb2.NetParameter())
    found = header_of(text.encode())
    assert found is not None
    wanted = name.encode(errors="backslashreplace").decode()
    assert (found.options["cfg"], found.source_bytes, found.edited) == (wanted, {wanted: 1}, False)


def test_an_edit_is_seen_and_an_end_of_line_is_none() -> None:
    text = with_header(TEXT, ORIGINS, "caffe", FILES).encode()
    edits = {
        "layer": text.replace(b'"data"', b'"date"'),
        "added": text + b"layer {}\n",
        "comment behind": text.replace(b"name: ", b"# mine\nname: ", 1),
        "no checksum": text.replace(b"# crc32", b"# crc31"),
        "no table": text.replace(b"source_bytes = {", b"source_bytes = [{"),
        "wrong type": text.replace(b'{".caffemodel" = 5', b'{".caffemodel" = "5"'),
    }
    for name, edited in edits.items():
        found = header_of(edited)
        assert found is not None, name
        assert found.edited, name
    found = header_of(text.replace(b"\n", b"\r\n"))
    assert found is not None
    assert not found.edited


@pytest.mark.parametrize("data", [b"", b"# Written by me\n", b"\xff\xfe", TEXT.encode(), b" # Written by tocaffe 1\n"])
def test_what_others_wrote_has_none(data: bytes) -> None:
    assert header_of(data) is None


def test_python_writes_one_too_and_opencv_skips_it(tmp_path: Path) -> None:
    net = net_of((1, 2, 3, 3))
    add(net, "relu", ReLU())
    written = caffe_ir.write(net, tmp_path / "net", target="opencv")
    found = read_header(written.prototxt)
    assert found is not None
    assert found.version == VERSION
    assert found.options == {"head": "raw", "fold_bn": False, "target": "opencv"}
    assert found.file_bytes == {".caffemodel": written.caffemodel.stat().st_size}
    assert not found.edited
    assert cv2.dnn.readNetFromCaffe(str(written.prototxt), str(written.caffemodel)).getLayerNames() == ("relu",)
