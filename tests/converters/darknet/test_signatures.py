"""What users give for a weights file: each made by the program that makes it, where there is one here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.darknet.cfg import parse_cfg
from converters.darknet.signatures import looks_like, what_to_do
from tests.converters.darknet.weights_files import header, weights_file


def refusal(folder, data: bytes) -> str:
    with pytest.raises(ConversionError) as caught:
        weights_file(folder, data)
    return str(caught.value)


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(100))
    return buffer.getvalue()


def an_npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(100, np.float32))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\0\0\0\0\2", "is shorter than the header"),
        (a_zip(), "a zip archive"),
        (an_npy(), "a NumPy array"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(100), "an ONNX model"),
        (b"\x1c\0\0\0TFL3" + bytes(100), "a TensorFlow Lite model"),
        (struct.pack("<Q", 88) + b'{"w":{"dtype":"F32"' + bytes(100), "a safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"),
        (b"[net]\nwidth=416\nheight=416\n", "a text file, maybe a cfg"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "a web page"),
        (b"person\nbicycle\n", 'a text file that begins with "person"'),
        (b"404: Not Found", 'a text file that begins with "404: Not Found"'),
        (gzip.compress(bytes(100), mtime=0), "a gzip archive"),
        (bz2.compress(bytes(100)), "a bzip2 archive"),
        (lzma.compress(bytes(100)), "an xz archive"),
        *[(pickle.dumps({"a": [1] * 99}, protocol), "a Python pickle") for protocol in (2, 3, 4, 5)],
    ],
)
def test_other_files_are_refused_by_name(tmp_path, data, told):
    assert told in refusal(tmp_path, data)


@pytest.mark.parametrize("data", [b"\xff" * 100, struct.pack("<3i", 0, -2, 0) + bytes(100)])
def test_numbers_that_no_version_has_written_are_a_doubt(tmp_path, data):
    file = weights_file(tmp_path, data)
    assert file.doubt is not None
    assert "numbers that no Darknet version has written" in file.doubt.what


def test_a_weights_file_looks_like_nothing_else():
    assert looks_like(header() + np.random.default_rng(0).standard_normal(99).astype("<f4").tobytes()) == ""
    assert looks_like(b"") == ""


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "download the file itself"),
        (a_zip(), "convert pytorch"),
        (pickle.dumps({}), "convert pytorch"),
        (gzip.compress(b"", mtime=0), "unpack it"),
        (b"[net]\n", "the cfg comes first"),
        (b"person\nbicycle\n", "a .cfg and its .weights"),
    ],
)
def test_each_says_what_to_do(data, hint):
    assert hint in what_to_do(looks_like(data))


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        (b"<!DOCTYPE html>\n<html><head>", "is a web page", "download the file itself"),
        (b"nc: 80\nbackbone:\n  - [-1, 1, Conv, [64]]\n", "is a YAML file", "convert pytorch"),
        (b'name: "tiny"\nlayer {\n  name: "data"\n}\n', "is a Caffe prototxt", ".cfg and its .weights"),
        (b"classes= 80\nnames = coco.names\n", "is a .data file", ".cfg and its .weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "is a Git LFS pointer", "git lfs pull"),
        (b"person\nbicycle\n", "has no sections", "begins with [net]"),
    ],
)
def test_what_is_given_for_a_cfg(text, told, hint):
    with pytest.raises(ConversionError) as caught:
        parse_cfg(text, "my.cfg")
    (problem,) = caught.value.problems
    assert problem.what.startswith(told)
    assert hint in problem.hint
