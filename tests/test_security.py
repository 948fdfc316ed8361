"""SECURITY.md names every kind of file that is read, and what it promises of the command line holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from caffe_ir.files.file_names import BINARY, HDF5, PROTOTXT

ROOT = Path(__file__).resolve().parent.parent


def test_every_kind_of_file_is_named() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    for suffix in (PROTOTXT, BINARY, HDF5, ".cfg", ".weights", ".pth", ".safetensors", ".npz", ".npy", ".pt2", ".pt"):
        assert f"`{suffix}`" in text, suffix


def convert(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "converters", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=300)


@pytest.mark.slow
def test_no_command_runs_what_stands_in_a_program(tmp_path: Path) -> None:
    """By its place in the archive: a pickle, a size, and a name that becomes Python."""
    from tests.converters.pytorch import hostile

    attacks = (hostile.pickled_inputs, hostile.size, hostile.name_of_an_input)
    entries = hostile.entries_of(hostile.program())
    for attack in attacks:
        own = dict(entries)
        attack(own, tmp_path / "marker")
        hostile.write(own, tmp_path / f"{attack.__name__}.pt2")
    (tmp_path / "net.prototxt").write_text('name: "net"')
    (tmp_path / "net.caffemodel").write_bytes(b"")
    for attack in attacks:
        file = f"{attack.__name__}.pt2"
        sized = ("pytorch", file, "--input", "x=2x3x9x9", "-o", "made")
        for command, code in ((("pytorch", file, "-o", "made"), 1), (sized, 1), (("verify", file, "net"), 2)):
            done = convert(*command, folder=tmp_path)
            assert done.returncode == code, done.stderr
            assert f"{file} has " in done.stdout + done.stderr
    done = convert("batch", ".", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    for attack in attacks:
        assert re.search(rf"{attack.__name__} .* failed", done.stdout)
        assert f"{attack.__name__}.pt2 has " in done.stdout
    assert not (tmp_path / "marker").exists()
    convert("pytorch", "size.pt2", "--trust-pickle", folder=tmp_path)
    assert (tmp_path / "marker").exists()
