"""Small models as files, and the command line run on them, in this process or in one of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from google.protobuf import text_format

from caffe_ir.proto import caffe_pb2
from converters.cli.main import convert
from tests.oracles.seeded_weights import write_weights

ROOT = Path(__file__).resolve().parents[3]
ORIGINAL, ALEXEYAB = (0, 2, 0), (0, 2, 5)

TINY = """\
[net]
width=32
height=32
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=1

[convolutional]
batch_normalize=1
filters=8
size=3
stride=1
pad=1
activation=leaky

[shortcut]
from=-2
activation=linear

[convolutional]
filters=21
size=1
stride=1
activation=linear

[yolo]
mask=1,2,4
anchors=10,14, 23,27, 37,58, 81,82, 135,169, 344,319
classes=2
num=6
"""
"""The weights begin with a header of 20 bytes; those of the first layer are 8, 3 * 8 and 8 * 27 numbers."""


def darknet_model(
    folder: Path, text: str = TINY, *, name: str = "tiny", header: tuple[int, int, int] = ORIGINAL
) -> tuple[str, str]:
    """The text as a cfg file, with seeded weights for it."""
    cfg, weights = folder / f"{name}.cfg", folder / f"{name}.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=0, header=header)
    return str(cfg), str(weights)


def tool(*words: object) -> Result:
    """The command line in this process, which must not end by an exception of its own."""
    result = CliRunner().invoke(convert, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def converted(*words: object) -> Result:
    """The command line, which must succeed."""
    result = tool(*words)
    assert result.exit_code == 0, result.output
    return result


def reasons(folder: Path, *words: object) -> str:
    """What the command line says where it cannot convert a model, without the folder's name; it writes nothing."""
    before = contents(folder)
    result = tool(*words)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert contents(folder) == before
    return result.stderr.replace(f"{folder}/", "")


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too; what Python itself leaves there aside."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def process(program: str, *words: object) -> subprocess.Popen[str]:
    """A Python of its own that runs the program and then the command line."""
    code = f"{program}\nimport sys\nfrom converters.cli.main import main\nsys.argv[0] = 'convert'\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_signals,
    )


def hear_signals() -> None:
    """What a terminal's programs do with Ctrl-C and the like; a shell's background jobs are born deaf to them."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(signal.Signals[name], signal.SIG_DFL)


def prototxt(path: Path) -> caffe_pb2.NetParameter:
    return text_format.Parse(path.read_text(), caffe_pb2.NetParameter())


def layer_types(path: Path) -> list[str]:
    return [layer.type for layer in prototxt(path).layer]


def floats(path: str) -> np.ndarray:
    """The numbers of a weights file behind its header of 20 bytes, to be written back by `with_floats`."""
    return np.fromfile(path, "<f4", offset=20)


def with_floats(path: str, numbers: np.ndarray) -> None:
    head = Path(path).read_bytes()[:20]
    Path(path).write_bytes(head + numbers.astype("<f4").tobytes())
