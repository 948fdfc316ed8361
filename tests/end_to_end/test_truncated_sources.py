"""Somebody truncates a source in the middle of a command: a message, exit code 1, and the old files are whole.

Each command runs in a process of its own, as a mapping of the file would end it by a signal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.oracles.seeded_weights import write_weights

CFG = """[net]
width=8
height=8
channels=3
[convolutional]
batch_normalize=1
filters=64
size=3
stride=1
pad=1
activation=leaky
[convolutional]
filters=64
size=3
stride=1
pad=1
activation=linear
"""
PROTOTXT = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 64 dim: 4 dim: 4 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 64 kernel_size: 3 pad: 1 } }
"""
FACTORY = "from torch import nn\ndef conv(): return nn.Sequential(nn.Conv2d(64, 64, 3))\n"
PROGRAM = """
import os, sys
from pathlib import Path
from converters.cli.main import main

def run():
    sys.argv = ["convert", *{arguments!r}]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0

def files():
    return {{path.name: path.read_bytes() for path in Path().iterdir() if path.name != {source!r}}}

assert run() == 0
before = files()
opened = __import__({module!r}, fromlist=["x"])
own = opened.{function}

def truncating(*given, **named):
    made = own(*given, **named)
    os.truncate({source!r}, 1000)
    return made

opened.{function} = truncating
code = run()
assert files() == before
sys.exit(code)
"""


def weights() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return {"0.weight": torch.randn(64, 64, 3, 3, generator=draw), "0.bias": torch.randn(64, generator=draw)}


SOURCES = {
    "w.pth": lambda path: torch.save(weights(), path),
    "old.pth": lambda path: torch.save(weights(), path, _use_new_zipfile_serialization=False),
    "w.safetensors": lambda path: save_file(weights(), path),
    "w.npz": lambda path: np.savez(path, **{name: each.numpy() for name, each in weights().items()}),  # type: ignore[arg-type]
    "z.npz": lambda path: np.savez_compressed(path, **{name: each.numpy() for name, each in weights().items()}),  # type: ignore[arg-type]
}


def truncated(folder: Path, source: str, opened: str, *arguments: str) -> str:
    """What the command says when its source is truncated as soon as the function `opened` is done.

    It has run before, and the files that it wrote then must be there as they were.
    """
    module, _, function = opened.rpartition(".")
    program = PROGRAM.format(module=module, function=function, source=source, arguments=arguments)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, cwd=folder, check=False
    )
    assert run.returncode == 1, run.stderr
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.parametrize("options", [(), ("--fold-bn",), ("--hdf5",)])
def test_weights_of_darknet(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "net.cfg").write_text(CFG)
    write_weights(tmp_path / "net.cfg", tmp_path / "net.weights", seed=0)
    command = ["darknet", "net.cfg", "net.weights", "-o", "out", *options]
    told = truncated(tmp_path, "net.weights", "converters.cli.darknet.darknet_model", *command)
    assert "net.weights became shorter while it was read" in told


@pytest.mark.parametrize("source", SOURCES)
def test_weights_for_a_prototxt(tmp_path: Path, source: str) -> None:
    SOURCES[source](tmp_path / source)
    (tmp_path / "net.prototxt").write_text(PROTOTXT)
    command = ["pytorch", source, "--prototxt", "net.prototxt", "-o", "out", "--force"]
    told = truncated(tmp_path, source, "converters.weights.open_weights", *command)
    assert f"{source} became shorter" in told or f"{source} is damaged or cut short" in told


@pytest.mark.parametrize("source", ["w.pth", pytest.param("w.safetensors", marks=pytest.mark.slow), "z.npz"])
def test_weights_for_a_module(tmp_path: Path, source: str) -> None:
    SOURCES[source](tmp_path / source)
    (tmp_path / "made.py").write_text(FACTORY)
    command = ["pytorch", "made.py:conv", "--weights", source, "--input", "1x64x4x4", "-o", "out"]
    told = truncated(tmp_path, source, "converters.pytorch.open.loading.open_weights", *command)
    assert f"{source} became shorter" in told or f"{source} is damaged or cut short" in told


@pytest.mark.parametrize("source", ["net.caffemodel", "w.pth"])
def test_weights_that_are_listed(tmp_path: Path, source: str) -> None:
    if source == "w.pth":
        SOURCES[source](tmp_path / source)
    else:
        (tmp_path / "net.prototxt").write_text(PROTOTXT)
        make = [sys.executable, "-m", "converters", "init", "net.prototxt", "-o", "net.caffemodel"]
        subprocess.run(make, check=True, cwd=tmp_path, capture_output=True, timeout=100)
    opened = "converters.weights.open_weights" if source == "w.pth" else "caffe_ir.files.caffemodel_file.read_layers"
    assert f"{source} became shorter while it was read" in truncated(tmp_path, source, opened, "dump", source)
