"""The collection of cases, and what they are made of."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from caffe_ir.error_kinds.kind import Kind
from converters.cli.main import convert as program
from tests.oracles.seeded_weights import write_weights

CASES: dict[str, Callable[[], str]] = {}
"""By code: a function that brings its error about, and gives back what was printed."""

NET = "[net]\nwidth=8\nheight=8\nchannels=3\n"
CONV = "[convolutional]\nfilters=4\nsize=3\nstride=1\npad=1\nactivation=leaky\n"
INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }\n'


def raises(kind: Kind) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Makes a function the case of a kind."""

    def keep(case: Callable[[], str]) -> Callable[[], str]:
        assert kind.code not in CASES
        CASES[kind.code] = case
        return case

    return keep


def convert(line: str) -> str:
    """What `convert` prints on standard error for a line of words; it must fail."""
    done = CliRunner().invoke(program, shlex.split(line), prog_name="convert")
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (1, 2), done.output
    return done.output


def made(line: str) -> None:
    """Runs `convert`, which must succeed."""
    done = CliRunner().invoke(program, shlex.split(line), prog_name="convert")
    assert done.exit_code == 0, done.output


def darknet(text: str, *, weights: bytes | None = b"", name: str = "net") -> None:
    """NAME.cfg with seeded weights in NAME.weights, or with these bytes, or with no such file."""
    cfg = Path(f"{name}.cfg")
    cfg.write_text(text, encoding="utf-8")
    if weights:
        Path(f"{name}.weights").write_bytes(weights)
    elif weights is not None:
        write_weights(cfg, Path(f"{name}.weights"), seed=0)


def converted(name: str = "deploy") -> None:
    """The Caffe files of a small Darknet net, from net.cfg and net.weights."""
    darknet(NET + CONV)
    made(f"darknet net.cfg net.weights -o {name} -q")


def module(forward: str, *, init: str = "") -> None:
    """nets.py with a class Net of such a `forward`."""
    text = ["import torch", "from torch import nn", "", "", "class Net(nn.Module):"]
    if init:
        text += ["    def __init__(self):", "        super().__init__()", *indented(init), ""]
    text += ["    def forward(self, x):", *indented(forward), ""]
    Path("nets.py").write_text("\n".join(text), encoding="utf-8")


def indented(lines: str) -> list[str]:
    return [f"        {line}" for line in lines.splitlines()]


def refused(forward: str, *, init: str = "", shape: str = "1x3x8x8", options: str = "") -> str:
    """What is printed for a module of such a `forward`."""
    module(forward, init=init)
    return convert(f"pytorch nets.py:Net --input {shape} -o deploy {options}")


def prototxt(layers: str, *, name: str = "deploy.prototxt", head: str = INPUT) -> None:
    Path(name).write_text(head + layers, encoding="utf-8")


def layer(name: str, kind: str, bottom: str, more: str = "") -> str:
    """One line of a prototxt."""
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{name}" {more} }}\n'


def checkpoint(**shapes: tuple[int, ...]) -> None:
    """model.npz with seeded arrays of these shapes; `__` in a name is a dot."""
    rng = np.random.default_rng(0)
    arrays = {name.replace("__", "."): rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez("model.npz", **arrays)  # type: ignore[arg-type]
