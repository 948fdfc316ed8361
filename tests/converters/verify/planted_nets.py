"""Six converted nets, Darknet's and PyTorch's, plain and folded, and what verify says of their files with a fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from caffe_ir.errors import ConversionError
from converters.cli.verify_opened import Asked, Opened, Pair
from converters.cli.verify_source import opened
from converters.cli.verify_work import compared
from converters.options import VerifyOptions
from tests.converters.cli.given import converted, darknet_model
from tests.converters.verify.file_faults import Files, NoPlace, Plant
from tests.converters.verify.planting import CFG

HEADS = """[net]
height=32
width=32
channels=3
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
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
batch_normalize=1
filters=12
size=3
stride=2
pad=1
activation=leaky
[maxpool]
size=2
stride=1
[convolutional]
filters=21
size=1
activation=linear
[yolo]
mask=1,2,4
anchors=10,14, 23,27, 37,58, 81,82, 135,169, 344,319
classes=2
num=6
[route]
layers=-3
[convolutional]
batch_normalize=1
filters=8
size=1
activation=leaky
[upsample]
stride=2
[route]
layers=-1,2
[convolutional]
filters=21
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=10,14, 23,27, 37,58, 81,82, 135,169, 344,319
classes=2
num=6
"""
MODULE = """
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, ins, outs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outs)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1, groups=4, bias=False)
        self.bn2 = nn.BatchNorm2d(outs)
        self.squeeze = nn.Conv2d(outs, outs, 1)

    def forward(self, x):
        first = nn.functional.leaky_relu(self.bn1(self.conv1(x)), 0.2)
        second = self.bn2(self.conv2(first))
        gate = torch.sigmoid(self.squeeze(nn.functional.adaptive_avg_pool2d(second, 1)))
        return torch.relu(first + second * gate)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = Block(3, 8, 1), Block(8, 16, 2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.map = nn.Conv2d(24, 4, 1)
        self.fc = nn.Linear(16, 16)
        self.last = nn.Linear(16, 16)

    def forward(self, x):
        one = self.pool(self.one(x))
        two = self.two(one)
        maps = self.map(torch.cat([self.up(two), one], 1))
        scores = torch.relu(self.fc(two.mean((2, 3))))
        return torch.tanh(maps), self.last(scores).softmax(1)


def net():
    torch.manual_seed(5)
    made = Net()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.1, 3)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return made.eval()
"""


@dataclass(frozen=True, kw_only=True)
class PlantedNet:
    """A converted net: its files, and its source for verify."""

    name: str
    pair: Pair
    source: Opened
    files: Files


def planted_nets(folder: Path, *, pytorch: bool = True) -> Iterator[PlantedNet]:
    """All sections, two heads, and a PyTorch module, each with its BatchNorm and folded."""
    module = folder / "model.py"
    module.write_text(MODULE)
    inputs = ("--input", "1x3x16x16")
    for name, words in {
        "sections": ("darknet", *darknet_model(folder, CFG, name="sections")),
        "heads": ("darknet", *darknet_model(folder, HEADS, name="heads")),
        "module": ("pytorch", f"{module}:net", *inputs),
    }.items():
        for folded in ((), ("--fold-bn",)) if pytorch or name != "module" else ():
            yield _planted(folder / f"{name}{'_folded' if folded else ''}", words, folded)


def _planted(stem: Path, words: Sequence[str], folded: Sequence[str]) -> PlantedNet:
    converted(*words, "-o", stem, *folded)
    pair = Pair(prototxt=Path(f"{stem}.prototxt"), caffemodel=Path(f"{stem}.caffemodel"))
    sources = tuple(words[1:3]) if words[0] == "darknet" else (words[1],)
    asked = Asked(reference="embedded")
    if words[0] == "pytorch":
        asked = Asked(read={"input": ("1x3x16x16",)})
    return PlantedNet(name=stem.name, pair=pair, source=opened(sources, pair, asked), files=Files.read(stem))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What verify said of one fault: whether it saw it, named the guilty layer, and named it first."""

    net: str
    kind: str
    guilty: str
    verdict: str
    said: tuple[str, ...]
    named: bool
    first: bool


def planted(net: PlantedNet, kind: str, plant: Plant, rng: np.random.Generator, folder: Path) -> Outcome | None:
    """Plant one fault and compare; None where the net has no place for it."""
    files = net.files.copy()
    try:
        guilty = plant(files, rng)
    except NoPlace:
        return None
    stem = folder / net.name
    files.write(stem)
    pair = Pair(prototxt=Path(f"{stem}.prototxt"), caffemodel=Path(f"{stem}.caffemodel"))
    try:
        found = compared(net.source, pair, VerifyOptions(engines=("embedded",)), quiet=True)
    except ConversionError as error:
        named = guilty in str(error)
        return Outcome(
            net=net.name, kind=kind, guilty=guilty, verdict="refused", said=(str(error),), named=named, first=named
        )
    if guilty.startswith("."):
        guilty = net.name + guilty
    listed = found.faults if found.verdict == "differs" else found.warnings
    layers = [fault.layer for fault in listed]
    return Outcome(
        net=net.name,
        kind=kind,
        guilty=guilty,
        verdict=found.verdict,
        said=tuple(map(str, listed)),
        named=any(name in layers for name in guilty.split(", ")),
        first=bool(layers) and layers[0] in guilty.split(", "),
    )


def several(
    nets: Sequence[PlantedNet], kinds: dict[str, Plant], each: int, rng: np.random.Generator, folder: Path
) -> Iterator[Outcome]:
    """`each` faults of every kind, in one net after the other; fewer where none has a place for more."""
    for kind, plant in kinds.items():
        made = 0
        for number in range(4 * each * len(nets)):
            if made == each:
                break
            outcome = planted(nets[(made + number) % len(nets)], kind, plant, rng, folder)
            if outcome is not None:
                made += 1
                yield outcome
