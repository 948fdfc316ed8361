"""Files that are none of PyTorch's."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from caffe_ir.errors import ConversionError
from converters.pytorch.open.files import open_model
from converters.weights import open_weights
from converters.weights.strangers import stranger


def halved(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "something else")


def write_cut_pickle(path):
    torch.save({"w": torch.zeros(999)}, path)
    halved(path)


def write_cut_safetensors(path):
    save_file({f"tensor{number}": torch.zeros(1) for number in range(99)}, path)
    path.write_bytes(path.read_bytes()[:99])


WRITERS = {
    "it is empty": lambda path: path.write_bytes(b""),
    "it is a Git LFS pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid 1\n"),
    "it is a web page": lambda path: path.write_text("<!DOCTYPE html><html>404</html>"),
    "it is a NumPy array": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00" + bytes(99)),
    "it is a plain pickle": lambda path: path.write_bytes(pickle.dumps({"a": np.zeros(3)})),
    "it is an archive of something else: readme.txt": write_zip,
    "it is a gzip archive": lambda path: path.write_bytes(gzip.compress(b"weights")),
    "it is an xz archive": lambda path: path.write_bytes(lzma.compress(b"weights")),
    "it is a bzip2 archive": lambda path: path.write_bytes(bz2.compress(b"weights")),
    "it is an HDF5 file": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)),
    "it is damaged or cut short": write_cut_pickle,
    "it is a .safetensors file cut short": write_cut_safetensors,
    "it is neither a .pt2, nor TorchScript": lambda path: path.write_text("layer { name: 1 }"),
}


WEIGHTS = {"it is a NumPy array", "it is a plain pickle"}
"""What holds weights, but no model."""
CUT = {"it is damaged or cut short", "it is a .safetensors file cut short"}
"""What the reader of its kind tells."""


@pytest.mark.parametrize("why", WRITERS)
@pytest.mark.parametrize("opened", [open_model, open_weights])
def test_what_a_file_seems_to_be(why, opened, tmp_path):
    path = tmp_path / "net.pth"
    WRITERS[why](path)
    if opened is open_weights and why in WEIGHTS:
        return
    with pytest.raises(ConversionError) as refused:
        opened(path)
    (problem,) = refused.value.problems
    assert problem.hint
    if opened is open_weights and why in CUT:
        assert problem.what.startswith(f"{path} is ")
    else:
        assert problem.what == f"{path} is not a file of {'weights' if opened is open_weights else 'PyTorch'}"
        assert problem.why.startswith(why)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("net.py", "a Python file"),
        ("net.onnx", "a model of ONNX"),
        ("net.h5", "a model of Keras"),
        ("net.tflite", "a model of TensorFlow Lite"),
        ("net.ipynb", "a notebook"),
        ("yolov5s.yaml", "YAML"),
        ("yolov3.weights", "Darknet's weights"),
    ],
)
def test_what_only_the_name_tells(name, why, tmp_path):
    (tmp_path / name).write_bytes(b"import torch, and more")
    assert why in stranger(tmp_path / name).why


def test_the_functions_of_a_python_file_are_named_without_running_it(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("1 / 0\nclass Net: pass\ndef _in(): pass\ndef net(): pass\ndef small(): pass\ndef large(): pass\n")
    assert stranger(path).hint.endswith(f"the model: {path}:Net, {path}:net, {path}:small ...")
    path.write_text("def net(: pass")
    assert stranger(path).hint.endswith(f"the model: {path}:function")
