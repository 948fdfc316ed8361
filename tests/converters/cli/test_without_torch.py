"""Where PyTorch is not installed, each command that needs it says so in one sentence with the command to type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.converters.cli.given import ROOT, converted, darknet_model

HIDING = "import sys\nsys.modules['torch'] = None\n"
NET = """\
input: "data" input_shape { dim: 1 dim: 3 dim: 4 dim: 4 }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 1 } }
"""
TOLD = "needs PyTorch, which is not installed\n    -> in your clone of tocaffe: pip install '.[pytorch]'"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/sitecustomize.py").write_text(HIDING)
    (tmp_path / "mine.py").write_text("def net():\n    return 1\n")
    (tmp_path / "model.pt2").write_bytes(b"PK")
    (tmp_path / "zoo.toml").write_text('[net]\nmodel = "model.pt2"\n')
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "net.caffemodel").touch()
    arrays: dict[str, Any] = {"conv.weight": np.ones((2, 3, 1, 1), np.float32), "conv.bias": np.ones(2)}
    np.savez(tmp_path / "w.npz", **arrays)
    return tmp_path


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, which finds no torch; so do the processes that it starts."""
    path = os.pathsep.join([str(folder / "hidden"), str(ROOT)])
    program = [sys.executable, "-c", "from converters.cli.main import main; main()", *words]
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ("pytorch", "model.pt2"),
        ("pytorch", "mine.py:net", "--input", "1x3", "-o", "made"),
        ("verify", "model.pt2", "net.prototxt"),
        ("pytorch", "w.npz", "--prototxt", "net.prototxt", "--model", "mine.py:net", "-o", "made"),
    ],
    ids=" ".join,
)
def test_one_sentence_and_the_command_that_installs_it(folder: Path, words: tuple[str, ...]) -> None:
    done = ran(folder, *words)
    assert done.returncode == 2
    assert TOLD in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not list(folder.glob("made*"))


def test_a_batch_says_it_of_each_such_model_and_converts_the_others(folder: Path) -> None:
    darknet_model(folder)
    with open(folder / "zoo.toml", "a", encoding="utf-8") as manifest:
        manifest.write('[other]\ncfg = "tiny.cfg"\nweights = "tiny.weights"\n')
    done = ran(folder, "batch", "zoo.toml", "-j", "1")
    assert done.returncode == 1
    assert TOLD in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "other.caffemodel").exists()


def test_what_needs_no_torch_works_without_it(folder: Path) -> None:
    cfg, weights = darknet_model(folder)
    assert ran(folder, "darknet", cfg, weights, "--verify").returncode == 0
    filled = ran(folder, "pytorch", "w.npz", "--prototxt", "net.prototxt", "-o", "made")
    assert filled.returncode == 0, filled.stderr
    converted("darknet", cfg, weights, "-o", folder / "here")
    assert (folder / "tiny.caffemodel").read_bytes() == (folder / "here.caffemodel").read_bytes()


def test_a_torch_that_cannot_be_loaded_is_told_with_what_its_import_says(folder: Path) -> None:
    (folder / "hidden/sitecustomize.py").unlink()
    (folder / "hidden/torch.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')\n")
    done = ran(folder, "pytorch", "model.pt2")
    assert done.returncode == 2
    assert done.stderr == (
        "TC0003 a PyTorch model needs PyTorch, which is installed and cannot be loaded: libcudart.so.13: cannot open"
        " shared object file\n    -> python -c 'import torch' must work first: install what it names, or PyTorch anew\n"
    )
