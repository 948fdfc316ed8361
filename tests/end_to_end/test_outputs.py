"""What an engine lists as the outputs of the files is what the source returns: OpenCV's account, and MNN's."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from caffe_ir.writer import write
from converters.darknet import convert as convert_darknet
from converters.pytorch import convert as convert_pytorch
from tests.converters.pytorch.nets import Mobile, ResNet
from tests.oracles import darknet
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink

MNN_OUTPUTS = """
import json, sys
import _tools, MNN
prototxt, caffemodel, model = sys.argv[1:]
files = ["--modelFile", caffemodel, "--prototxt", prototxt, "--MNNModel", model]
_tools.mnnconvert(["mnnconvert", "-f", "CAFFE", *files, "--bizCode", "x", "--optimizeLevel", "0"])
net = MNN.Interpreter(model)
session = net.createSession({"backend": "CPU"})
print(json.dumps(sorted(net.getSessionOutputAll(session))))
"""
needs_mnn = pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")


def by_opencv(stem: Path) -> list[str]:
    net = cv2.dnn.readNetFromCaffe(f"{stem}.prototxt", f"{stem}.caffemodel")
    return sorted(net.getUnconnectedOutLayersNames())


def by_mnn(stem: Path) -> list[str]:
    command = [sys.executable, "-c", MNN_OUTPUTS, f"{stem}.prototxt", f"{stem}.caffemodel", f"{stem}.mnn"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def written(net: Net, folder: Path) -> Path:
    write(net, folder / "net", CAFFE)
    return folder / "net"


class Calls(nn.Module):
    """Convolutions `a`, `b` and `c` in front of a function of their maps."""

    def __init__(self, function) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 6, 2, 2)
        self.function = function

    def forward(self, x):
        return self.function(self, x)


SOURCES = {
    "a half": lambda m, x: m.a(x)[:, :4],
    "the other half": lambda m, x: m.a(x)[:, 4:].relu(),
    "rows": lambda m, x: m.a(x)[:, :, 1:-1],
    "a chunk of three": lambda m, x: m.a(x).chunk(4, 1)[1],
    "two chunks of four": lambda m, x: m.a(x).chunk(4, 1)[1::2],
    "CSP, half of what is read as a whole": lambda m, x: torch.cat([m.b(y := m.a(x)), y[:, 4:], y], 1),
    "a floor pooling beside a map of its size": lambda m, x: (m.c(y := m.a(x)), F.max_pool2d(y, 2)),
    "an output that is read": lambda m, x: (y := m.a(x), m.b(y)),
    "an output that is read in place": lambda m, x: (y := m.a(x), y.relu()),
    "an output that is cut": lambda m, x: (y := m.a(x), y[:, :4].relu()),
    "one half twice": lambda m, x: (y := m.a(x).chunk(2, 1)[0], y + 1),
    "the input": lambda m, x: (x, m.a(x)),
    "every second row": lambda m, x: m.a(x)[:, :, ::2],
    "channels picked": lambda m, x: m.a(x)[:, [5, 0, 3]],
    "pyramid": lambda m, x: [y := m.a(x), z := m.c(y), F.interpolate(z, scale_factor=2.0)],
    "a dict": lambda m, x: {"deep": (y := m.a(x)), "last": m.b(y)},
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_module_returns_is_what_opencv_lists(name: str, tmp_path: Path) -> None:
    net = lower(convert_pytorch(Calls(SOURCES[name]).eval(), (torch.zeros(1, 3, 8, 8),)), CAFFE, Options())
    assert by_opencv(written(net, tmp_path)) == sorted(net.outputs)
    assert not {"Silence", "Split"} & {node.layer.type_name() for node in net.nodes}


@needs_mnn
@pytest.mark.slow
@pytest.mark.parametrize("name", [*SOURCES, ResNet, Mobile])
def test_and_what_mnn_lists(name, tmp_path: Path) -> None:
    module = Calls(SOURCES[name]) if isinstance(name, str) else name()
    size = 8 if isinstance(name, str) else 64
    net = lower(convert_pytorch(module.eval(), (torch.zeros(1, 3, size, size),)), CAFFE, Options())
    stem = written(net, tmp_path)
    assert by_opencv(stem) == sorted(net.outputs)
    if any(len(node.bottoms) == 2 and node.layer.type_name() == "Scale" for node in net.nodes):
        pytest.skip("MNN's converter crashes on a Scale of two blobs")
    assert by_mnn(stem) == sorted(net.outputs)


@darknet.needs_darknet
@needs_mnn
@pytest.mark.slow
@pytest.mark.parametrize("cfg", darknet.static_cfgs() if darknet.available() else (), ids=lambda cfg: cfg.stem)
def test_mnn_lists_darknets_heads(cfg: Path, tmp_path: Path) -> None:
    small, weights = tmp_path / cfg.name, tmp_path / "net.weights"
    small.write_text(shrink(cfg.read_text()))
    write_weights(small, weights, seed=7)
    net = lower(convert_darknet(small, weights).net, CAFFE, Options())
    assert by_mnn(written(net, tmp_path)) == sorted(net.outputs)
