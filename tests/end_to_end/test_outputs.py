"""What engines give back of the files, unasked: what the source returns and nothing else, under the summary's names.

References: OpenCV's unconnected layers, the outputs of MNN's session, Caffe's own rule (net.cpp:226-235: the blobs that
no layer reads), and torch for the numbers.
"""

from __future__ import annotations

from collections import Counter

import cv2
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert as convert_darknet
from tests.converters.pytorch.judge import fed, flat, images
from tests.converters.pytorch.nets import Mobile, ResNet
from tests.end_to_end.from_torch import FLOAT32, error, files_of, lowered
from tests.oracles import darknet
from tests.oracles.given_back import Pair, by_mnn, by_opencv, needs_mnn
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink


class Calls(nn.Module):
    """Convolutions `a`, `b` and `c`, and cells that read rows of `a`'s map, for a function to call."""

    def __init__(self, function) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 6, 2, 2)
        self.lstm, self.gru = nn.LSTM(8, 3, batch_first=True), nn.GRU(8, 3, batch_first=True)
        self.function = function

    def row(self, x):
        return self.a(x)[:, :, 0].transpose(1, 2)

    def forward(self, x):
        return self.function(self, x)


SOURCES = {
    "a half": lambda m, x: m.a(x)[:, :4],
    "the other half": lambda m, x: m.a(x)[:, 4:].relu(),
    "rows": lambda m, x: m.a(x)[:, :, 1:-1],
    "a chunk of three": lambda m, x: m.a(x).chunk(4, 1)[1],
    "two chunks of four": lambda m, x: m.a(x).chunk(4, 1)[1::2],
    "all chunks": lambda m, x: m.a(x).chunk(4, 1),
    "all chunks under names": lambda m, x: dict(zip("abcd", m.a(x).chunk(4, 3), strict=True)),
    "CSP, half of what is read as a whole": lambda m, x: torch.cat([m.b(y := m.a(x)), y[:, 4:], y], 1),
    "a floor pooling beside a map of its size": lambda m, x: (m.c(y := m.a(x)), F.max_pool2d(y, 2)),
    "an output that is read": lambda m, x: (y := m.a(x), m.b(y)),
    "an output that is read in place": lambda m, x: (y := m.a(x), y.relu()),
    "an output that is read by two": lambda m, x: (y := m.a(x), y.tanh() + y.sigmoid()),
    "an output that is cut": lambda m, x: (y := m.a(x), y[:, :4].relu()),
    "a view of an output": lambda m, x: (y := m.a(x), y.flatten(1)),
    "one half twice": lambda m, x: (y := m.a(x).chunk(2, 1)[0], y + 1),
    "a map twice": lambda m, x: (y := m.a(x), y),
    "a map three times, and read": lambda m, x: (y := m.a(x), y, m.b(y), y),
    "a map twice under names": lambda m, x: {"first": (y := m.a(x)), "second": y},
    "the input": lambda m, x: (x, m.a(x)),
    "the input under a name": lambda m, x: {"image": x, "map": m.a(x)},
    "nothing but the input": lambda m, x: x,
    "every second row": lambda m, x: m.a(x)[:, :, ::2],
    "channels picked": lambda m, x: m.a(x)[:, [5, 0, 3]],
    "one place of a vector": lambda m, x: m.a(x).amax((2, 3))[:, 4],
    "pyramid": lambda m, x: [y := m.a(x), z := m.c(y), F.interpolate(z, scale_factor=2.0)],
    "pyramid under names": lambda m, x: {"p2": (y := m.a(x)), "p3": (z := m.c(y)), "p4": F.max_pool2d(z, 2)},
}
RECURRENT = {
    "the last cell of an LSTM": lambda m, x: m.lstm(m.row(x))[1][1],
    "the last state of a GRU": lambda m, x: m.gru(m.row(x))[0][:, -1],
}
"""MNN finds no sizes for their steps."""
NETWORKS = {"ResNet": ResNet, "Mobile": Mobile}
BOTH = [*SOURCES, *NETWORKS]
FUNCTIONS = {**SOURCES, **RECURRENT}

NAMES = {
    "all chunks": ["chunk_0", "chunk_1", "chunk_2", "chunk_3"],
    "all chunks under names": ["a", "b", "c", "d"],
    "a map twice": ["a", "a_2"],
    "a map three times, and read": ["a", "a_2", "b", "a_3"],
    "a map twice under names": ["first", "second"],
    "the input": ["x_output", "a"],
    "the input under a name": ["image", "map"],
    "pyramid under names": ["p2", "p3", "p4"],
}
"""Of some of them, what a user expects."""


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    """For each module: what it returns, the names in the summary, and the files."""
    found = {}
    for number, name in enumerate([*BOTH, *RECURRENT]):
        torch.manual_seed(number)
        small = name in FUNCTIONS
        module = (Calls(FUNCTIONS[name]) if small else NETWORKS[name]()).eval()
        x = images(1, 3, 8, 8) if small else images(1, 3, 64, 64)
        net = lowered(module, x)
        files = files_of(net, tmp_path_factory.mktemp(str(number)))
        with torch.no_grad():
            wanted = flat(module(x))
        pair = Pair(prototxt=files.prototxt, caffemodel=files.caffemodel, feeds=fed(files.net, (x,)))
        found[name] = net, pair, dict(zip(net.outputs, wanted, strict=True))
    return found


@pytest.fixture(scope="module")
def mnn_results(nets):
    return dict(zip(BOTH, by_mnn([nets[name][1] for name in BOTH]), strict=True))


def unread(net: Net) -> list[str]:
    bottoms = {bottom for node in net.nodes for bottom in node.bottoms}
    return [top for node in net.nodes for top in node.tops if top not in bottoms]


def assert_given_back(found, wanted) -> None:
    assert sorted(found) == sorted(wanted)
    assert all(error(found[name], value) < FLOAT32 for name, value in wanted.items())


@pytest.mark.parametrize("name", [*BOTH, *RECURRENT])
def test_what_a_module_returns_is_what_opencv_gives_back(name, nets) -> None:
    net, pair, wanted = nets[name]
    assert_given_back(by_opencv(pair), wanted)
    assert sorted(unread(read(pair.prototxt, pair.caffemodel))) == sorted(wanted)
    assert net.outputs == NAMES.get(name, net.outputs)
    assert not {"Silence", "Split"} & {node.layer.type_name() for node in net.nodes}


@needs_mnn
@pytest.mark.parametrize("name", BOTH)
def test_and_what_mnn_gives_back(name, nets, mnn_results) -> None:
    net, _, wanted = nets[name]
    if mnn_results[name] is None:
        assert any(len(node.bottoms) == 2 and node.layer.type_name() == "Scale" for node in net.nodes)
        pytest.skip("MNN's converter crashes on a Scale of two blobs")
    assert_given_back(mnn_results[name], wanted)


CONV = "[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=leaky\n"
LAST = "[convolutional]\nfilters=6\nsize=1\nactivation=linear\n"
ROUTES = {
    "a stage of yolov4-tiny": (
        f"{CONV}[route]\nlayers=-1\ngroups=2\ngroup_id=1\n{CONV}{CONV}[route]\nlayers=-1,-2\n{CONV}"
        f"[route]\nlayers=-6,-1\n{LAST}",
        {"Slice": 1, "Convolution": 5, "Concat": 2},
    ),
    "both halves, each by its own route": (
        f"{CONV}[route]\nlayers=-1\ngroups=2\ngroup_id=0\n{CONV}[route]\nlayers=-3\ngroups=2\ngroup_id=1\n"
        f"[route]\nlayers=-1,-2\n{LAST}",
        {"Slice": 1, "Convolution": 3, "Concat": 1},
    ),
    "a quarter": (
        f"{CONV}[route]\nlayers=-1\ngroups=4\ngroup_id=2\n{CONV}{LAST}",
        {"Slice": 0, "Convolution": 4, "Concat": 0},
    ),
    "half of it, and a half of that": (
        f"{CONV}[route]\nlayers=-1\ngroups=2\ngroup_id=1\n[route]\nlayers=-1\ngroups=2\ngroup_id=0\n{CONV}"
        f"[route]\nlayers=-1,-3,-4\n{LAST}",
        {"Slice": 2, "Convolution": 3, "Concat": 1},
    ),
}
"""Cfgs whose routes take groups, and the layers that they are worth."""


@needs_mnn
@pytest.mark.parametrize("name", ROUTES)
def test_routes_that_take_groups_leave_what_opencvs_reader_of_darknet_leaves(name, tmp_path) -> None:
    text, wanted = ROUTES[name]
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text(f"[net]\nwidth=12\nheight=10\nchannels=3\n{text}")
    write_weights(cfg, weights, seed=3, header=(0, 2, 5))
    made = lower(convert_darknet(cfg, weights, dialect="alexeyab").net, CAFFE, Options())
    files = write(made, tmp_path / "files", CAFFE)
    x = images(1, 3, 10, 12).numpy()
    pair = Pair(prototxt=files.prototxt, caffemodel=files.caffemodel, feeds={"data": x})
    theirs = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    theirs.setInput(x)
    (value,) = theirs.forward(theirs.getUnconnectedOutLayersNames())
    expected = dict.fromkeys(made.outputs, torch.from_numpy(value))
    assert len(expected) == 1
    assert_given_back(by_opencv(pair), expected)
    (found,) = by_mnn([pair])
    assert_given_back(found, expected)
    kinds = Counter(node.layer.type_name() for node in made.nodes)
    assert {kind: kinds[kind] for kind in wanted} == wanted


@darknet.needs_darknet
@needs_mnn
@pytest.mark.slow
def test_mnn_lists_darknets_heads(tmp_path) -> None:
    made = {}
    for cfg in darknet.static_cfgs():
        small, weights = tmp_path / cfg.name, tmp_path / f"{cfg.stem}.weights"
        small.write_text(shrink(cfg.read_text()))
        write_weights(small, weights, seed=7)
        net = lower(convert_darknet(small, weights).net, CAFFE, Options())
        files = write(net, tmp_path / cfg.stem, CAFFE)
        made[cfg.stem] = net, Pair(prototxt=files.prototxt, caffemodel=files.caffemodel, feeds={})
    listed = dict(zip(made, by_mnn([pair for _, pair in made.values()]), strict=True))
    assert all(found is not None for found in listed.values())
    assert {name: sorted(found or ()) for name, found in listed.items()} == {
        name: sorted(net.outputs) for name, (net, _) in made.items()
    }
