"""What torch itself opens: programs of torch.export (.pt2), TorchScript, and checkpoints that go into a module."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

import torch

from caffe_ir.errors import ConversionError
from converters.pytorch.open.files import open_model
from converters.pytorch.open.state_dict import load_weights
from converters.weights import open_weights
from tests.fuzz.format import Files, Format
from tests.fuzz.formats import pth
from tests.fuzz.json_values import changed, spelled
from tests.fuzz.mutation import damaged, encodable, maybe_damaged
from tests.fuzz.pickled import OTHERS, checkpoint, keys, pickled
from tests.fuzz.undated import put

Entries = tuple[tuple[str, bytes], ...]


class Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm(self.conv(x)))


@cache
def program() -> Entries:
    """The entries of a .pt2."""
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(Small().eval(), (torch.zeros(1, 3, 5, 5),)), sink)
    return _entries(sink.getvalue())


@cache
def script() -> Entries:
    """The entries of a traced module."""
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Small().eval(), torch.zeros(1, 3, 5, 5)), sink)
    return _entries(sink.getvalue())


def _entries(data: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def zipped(entries: Entries, rng: Random) -> bytes:
    """The entries with one or two of them changed, left out, doubled or renamed."""
    made = list(entries)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        place = rng.randrange(len(made))
        name, content = made[place]
        how = rng.random()
        if how < 0.1:
            del made[place]
        elif how < 0.2:
            made[place] = (f"{name.rpartition('/')[0]}/{encodable(rng)}x", content)
        elif how < 0.25:
            made.append((name, content))
        else:
            made[place] = (name, _changed(name, content, rng))
        if not made:
            break
    sink = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(sink, "w") as archive:
        warnings.simplefilter("ignore")  # two entries of one name
        for name, content in made:
            put(archive, name, content)
    return maybe_damaged(sink.getvalue(), rng, 0.15)


def _changed(name: str, content: bytes, rng: Random) -> bytes:
    if name.endswith(".json") and rng.random() < 0.9:
        with suppress(ValueError):  # it is the second change
            return spelled(changed(json.loads(content), rng), rng)
    if name.endswith(".pt") and rng.random() < 0.6:
        return pth.make_zip(rng)["x.pth"]
    if name.endswith(".pkl") and rng.random() < 0.3:
        return pickled(rng.choice((*OTHERS, checkpoint(rng, keys(rng)))))
    return damaged(content, rng, most=2)


def make_program(rng: Random) -> Files:
    return {"x.pt2": zipped(program(), rng)}


def make_script(rng: Random) -> Files:
    return {"x.pt": zipped(script(), rng)}


def read_program(folder: Path) -> None:
    """Opened, and its weights in a row, as whoever converts it has them."""
    program = open_model(folder / "x.pt2")
    for weight in program.state_dict.values() if isinstance(program, torch.export.ExportedProgram) else ():
        weight.contiguous()


def read_script(folder: Path) -> None:
    open_model(folder / "x.pt")


def make_checkpoint(rng: Random) -> Files:
    return pth.make_legacy(rng) if rng.random() < 0.4 else pth.make_zip(rng)


def read_checkpoint(folder: Path) -> None:
    """As weights of a model, and as the model that it is not."""
    found = open_weights(folder / "x.pth")
    with suppress(ConversionError):
        load_weights(Small(), found.tensors)
    with suppress(ConversionError):
        open_model(folder / "x.pth")


FORMATS = (
    Format(name="pt2", make=make_program, read=read_program),
    Format(name="torchscript", make=make_script, read=read_script),
    Format(name="pth-into-module", make=make_checkpoint, read=read_checkpoint),
)
