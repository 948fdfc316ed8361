"""The comparison finds what a wrong transplant leaves: two alike branches exchanged by a map."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from converters.cli.pytorch import pytorch
from tests.converters.transplant.nets import conv, data, layer, relu, seeded

FACTORY = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 1)
        self.one, self.two = nn.Conv2d(width, 4, 1), nn.Conv2d(width, 4, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.stem(x))
        return self.relu(self.one(x)) + self.two(x)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "made.py").write_text(FACTORY)
    parts = {"stem": nn.Conv2d(3, 4, 1), "one": nn.Conv2d(4, 4, 1), "two": nn.Conv2d(4, 4, 1)}
    torch.save(seeded(nn.ModuleDict(parts)).state_dict(), tmp_path / "w.pth")
    text = data(1, 3, 2, 2) + conv("c", "data", 4, 1) + relu("r", "c") + conv("left", "c", 4, 1) + relu("rl", "left")
    text += conv("right", "c", 4, 1) + layer("Eltwise", "sum", "left right")
    (tmp_path / "net.prototxt").write_text(text)
    return tmp_path


def run(folder: Path, left: str, right: str, *options: str):
    (folder / "m.toml").write_text(f'[layers]\nleft = "{left}"\nright = "{right}"\n')
    files = [str(folder / "w.pth"), "--prototxt", str(folder / "net.prototxt"), "-o", str(folder / "out")]
    return CliRunner().invoke(pytorch, [*files, "--map", str(folder / "m.toml"), *options])


def test_a_right_map_is_verified_at_every_module(folder: Path) -> None:
    result = run(folder, "one", "two", "--model", f"{folder / 'made.py'}:Net")
    assert result.exit_code == 0, result.output
    assert "verified  4 values agree" in result.output


def test_a_model_of_other_shapes_is_told(folder: Path) -> None:
    result = run(folder, "one", "two", "--model", f"{folder / 'made.py'}:Net", "--arg", "width=5")
    assert result.exit_code == 1
    assert "the weights do not fit" in result.output


def test_a_wrong_map_is_found_at_the_output(folder: Path) -> None:
    result = run(folder, "two", "one", "--model", f"{folder / 'made.py'}:Net")
    assert result.exit_code == 1
    assert "differ" in result.output


MADE = {
    "raises": "def made(): raise ValueError('not today')",
    "program": "def made(): return torch.export.export(Net().eval(), (torch.zeros(1, 3, 2, 2),))",
    "other": "def made(): return nn.Sequential(nn.Conv2d(3, 4, 1))",
}


@pytest.mark.parametrize("kind", MADE)
def test_a_function_that_makes_no_such_model_is_told_before_anything_is_written(folder: Path, kind: str) -> None:
    (folder / "made.py").write_text(f"{FACTORY}\n{MADE[kind]}\n")
    result = run(folder, "one", "two", "--model", f"{folder / 'made.py'}:made")
    assert result.exit_code == 1
    assert not (folder / "out.caffemodel").exists()
    wanted = {"raises": "ValueError: not today", "program": "makes no module", "other": "the weights do not fit"}
    assert wanted[kind] in result.output


def test_a_model_that_cannot_run_is_told_with_its_line(folder: Path) -> None:
    (folder / "made.py").write_text(
        FACTORY.replace("x = self.relu", "raise ValueError('too small')\n        x = self.relu")
    )
    result = run(folder, "one", "two", "--model", f"{folder / 'made.py'}:Net")
    assert result.exit_code == 1
    assert "made.py:13 raise ValueError('too small')" in result.output


def test_a_net_that_was_converted_is_compared_by_its_outputs(folder: Path, tmp_path: Path) -> None:
    """The prototxt of ours, with constants in the caffemodel beside it, which is written anew."""
    (folder / "up.py").write_text(
        FACTORY.replace("return self.relu", "x = nn.functional.interpolate(x, scale_factor=2); return x, self.relu")
    )
    function, stem = f"{folder / 'up.py'}:Net", str(folder / "deploy")
    made = CliRunner().invoke(pytorch, [function, "--input", "1x3x2x2", "-o", stem, "-q"])
    assert made.exit_code == 0, made.output
    before = Path(f"{stem}.caffemodel").read_bytes()
    options = ["--prototxt", f"{stem}.prototxt", "-o", stem, "--model", function]
    done = CliRunner().invoke(pytorch, [str(folder / "w.pth"), *options])
    assert done.exit_code == 0, done.output
    assert "the constants in deploy.caffemodel" in done.output
    assert "verified  2 values agree with" in done.output
    assert Path(f"{stem}.caffemodel").read_bytes() != before
    fresh = [function, "--input", "1x3x2x2", "--weights", str(folder / "w.pth"), "-o", f"{stem}_2", "-q"]
    assert CliRunner().invoke(pytorch, fresh).exit_code == 0
    assert Path(f"{stem}_2.caffemodel").read_bytes() == Path(f"{stem}.caffemodel").read_bytes()
