"""What is printed cannot be: each command says so in one sentence, with one exit code, and its files are whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from converters.cli.main import OUTPUT_LOST
from tests.converters.cli.given import ROOT, converted, darknet_model

PROGRAM = "from converters.cli.main import main; main()"
NET = """\
input: "data" input_shape { dim: 1 dim: 3 dim: 4 dim: 4 }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 1 } }
"""
COMMANDS: list[tuple[str, ...]] = [
    ("--help",),
    ("--version",),
    ("darknet", "--help"),
    ("darknet", "tiny.cfg", "tiny.weights", "-o", "again"),
    ("darknet", "tiny.cfg", "tiny.weights", "-o", "again", "-q", "--dump-after", "source"),
    ("verify", "tiny.cfg", "tiny.weights", "tiny"),
    ("dump", "w.npz"),
    ("check", "tiny.prototxt"),
    ("targets",),
    ("init", "net.prototxt"),
    ("pytorch", "w.npz", "--prototxt", "net.prototxt", "-o", "filled"),
    ("batch", "--init", "."),
    ("batch", "--keys"),
    ("batch", "zoo.toml"),
]

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cfg, weights = darknet_model(tmp_path)
    converted("darknet", cfg, weights, "-o", tmp_path / "tiny", "-q")
    arrays: dict[str, Any] = {"conv.weight": np.ones((2, 3, 1, 1), np.float32), "conv.bias": np.ones(2)}
    np.savez(tmp_path / "w.npz", **arrays)
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "zoo.toml").write_text('[b]\ncfg = "tiny.cfg"\nweights = "tiny.weights"\nverify = false\n')
    return tmp_path


def ran(
    folder: Path, words: tuple[str, ...], out: IO[str] | int, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=before,
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_told_in_one_sentence(folder: Path, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = ran(folder, words, full)
    assert done.returncode == OUTPUT_LOST == 74
    assert done.stderr.endswith("cannot print the output: No space left on device\n")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_closed_output_is_told_in_one_sentence(folder: Path, words: tuple[str, ...]) -> None:
    done = ran(folder, words, subprocess.DEVNULL, lambda: os.close(1))
    assert done.returncode == OUTPUT_LOST
    assert done.stderr.endswith("cannot print the output: Bad file descriptor\n")
    assert "Traceback" not in done.stderr


def test_the_files_that_were_written_are_whole(folder: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        assert ran(folder, ("darknet", "tiny.cfg", "tiny.weights", "-o", "again"), full).returncode == OUTPUT_LOST
    for ending in (".caffemodel", ".heads.json"):
        assert (folder / f"again{ending}").read_bytes() == (folder / f"tiny{ending}").read_bytes()


def test_nothing_is_wrong_where_there_is_nothing_to_say(folder: Path) -> None:
    quiet = ("darknet", "tiny.cfg", "tiny.weights", "-o", "again", "-q")
    assert ran(folder, quiet, subprocess.DEVNULL, lambda: os.close(1)).returncode == 0
    done = ran(folder, quiet, subprocess.DEVNULL, lambda: os.closerange(0, 3))
    assert done.returncode == 0
    assert (folder / "again.caffemodel").read_bytes() == (folder / "tiny.caffemodel").read_bytes()


def test_a_reader_that_has_gone_is_told_nothing(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        done = ran(folder, ("dump", "w.npz"), pipe)
    assert (done.returncode, done.stderr) == (OUTPUT_LOST, "")


def test_errors_that_cannot_be_told_end_it_too(folder: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "darknet", "zoo.toml", "tiny.weights"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=full,
            check=False,
        )
    assert done.returncode == OUTPUT_LOST
