"""A small zoo on disk, and `convert batch` run on it in this process or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from converters.cli.batch import batch
from tests.converters.cli.given import hear_signals
from tests.oracles.seeded_weights import write_weights

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = "from converters.cli.batch import batch; batch(prog_name='convert batch')"

CFG = """\
[net]
width={size}
height={size}
channels=3

[convolutional]
batch_normalize=1
filters={filters}
size=3
stride=2
pad=1
activation=leaky

[convolutional]
filters=21
size=1
stride=1
activation=linear

[yolo]
mask=0,1,2
anchors=10,14, 23,27, 37,58
classes=2
num=3
"""


def make_zoo(
    folder: Path, names: Sequence[str] = ("a", "b", "c"), *, filters: int = 4, head: str = "verify = false"
) -> Path:
    """One pair of Darknet files for each name, all different, and the manifest that converts them.

    `head` are further lines of its defaults.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = [f'[defaults]\noutput = "out/{{name}}"\n{head}']
    for seed, name in enumerate(names):
        cfg = folder / f"{name}.cfg"
        cfg.write_text(CFG.format(size=16, filters=filters))
        write_weights(cfg, folder / f"{name}.weights", seed=seed)
        tables.append(f'[{name}]\ncfg = "{name}.cfg"\nweights = "{name}.weights"')
    manifest = folder / "zoo.toml"
    manifest.write_text("\n\n".join(tables) + "\n")
    return manifest


def call(*arguments: object) -> Result:
    """`convert batch` in this process; the models are converted in others all the same."""
    return CliRunner().invoke(batch, [str(argument) for argument in arguments], prog_name="convert batch")


def start(*arguments: object) -> subprocess.Popen[bytes]:
    """`convert batch` as a process of its own."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=hear_signals
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, hidden ones too, by its path from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
