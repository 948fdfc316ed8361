from __future__ import annotations

import shutil
from pathlib import Path

from caffe_ir.files.header import Header, read_header
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions, recovered
from tests.converters.cli.given import converted, darknet_model

NETS = """\
import torch
def relu(slope):
    return torch.nn.LeakyReLU(slope)
"""


def header(path: Path) -> Header:
    found = read_header(path)
    assert found is not None
    assert not found.edited
    return found


def test_the_comment_says_how_a_darknet_net_was_converted(tmp_path: Path) -> None:
    cfg, weights = darknet_model(tmp_path)
    converted("darknet", cfg, weights, "--fold-bn", "--input-size", "64x32", "--bn", "alexeyab", "-o", tmp_path / "x")
    found = header(tmp_path / "x.prototxt")
    command = "convert darknet tiny.cfg tiny.weights --bn alexeyab --input-size 64x32 --fold-bn"
    assert found.command == command
    assert found.options["source"] == "darknet"
    assert recovered(DarknetOptions, found.options) == DarknetOptions(bn="alexeyab", input_size=(64, 32))
    assert recovered(CaffeOptions, found.options) == CaffeOptions(fold_bn=True)
    assert found.source_bytes == {Path(one).name: Path(one).stat().st_size for one in (cfg, weights)}
    assert found.file_bytes == {
        one: (tmp_path / f"x{one}").stat().st_size for one in (".caffemodel", ".heads.json", ".input.json")
    }


def test_the_same_input_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    darknet_model(tmp_path)
    for place in ("a", "deep/er"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        for name in ("tiny.cfg", "tiny.weights"):
            shutil.copy(tmp_path / name, folder)
        converted("darknet", folder / "tiny.cfg", folder / "tiny.weights", "-q", "-o", folder / "out")
    assert (tmp_path / "a/out.prototxt").read_bytes() == (tmp_path / "deep/er/out.prototxt").read_bytes()


def test_a_batch_writes_what_the_command_writes(tmp_path: Path) -> None:
    cfg, weights = darknet_model(tmp_path)
    (tmp_path / "zoo.toml").write_text(
        f'[tiny]\ncfg = "{cfg}"\nweights = "{weights}"\nbatch = 2\nhead = "activated"\noutput = "out/{{name}}"\n'
    )
    converted("batch", tmp_path / "zoo.toml", "-q")
    converted("darknet", cfg, weights, "--batch", 2, "--head", "activated", "-q", "-o", tmp_path / "tiny")
    assert (tmp_path / "out/tiny.prototxt").read_bytes() == (tmp_path / "tiny.prototxt").read_bytes()


def test_the_comment_says_how_a_function_s_model_was_converted(tmp_path: Path) -> None:
    path = tmp_path / "nets with blanks.py"
    path.write_text(NETS)
    converted("pytorch", f"{path}:relu", "--arg", "slope=0.5", "--input", "1x2x3x3", "-q", "-o", tmp_path / "x")
    found = header(tmp_path / "x.prototxt")
    assert found.command == "convert pytorch 'nets with blanks.py:relu' --input 1x2x3x3 --arg slope=0.5"
    assert found.options["factory"] == "nets with blanks.py:relu"
    assert recovered(PyTorchOptions, found.options) == PyTorchOptions(input=("1x2x3x3",), arguments={"slope": 0.5})
    assert found.source_bytes == {path.name: path.stat().st_size}
    assert "head" not in found.options
