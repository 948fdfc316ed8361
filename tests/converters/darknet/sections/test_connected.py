"""[connected] and [local]: real Darknet is the judge."""

from __future__ import annotations

import numpy as np
import pytest

from converters.darknet import convert
from tests.converters.darknet.judged import CLOSE, blobs_of, converted, farthest, judged, net, refusals, weight
from tests.oracles.darknet import needs_darknet

# Darknet's [local] writes into a workspace that only convolutions ask for: this one asks for enough.
ROOM = "[convolutional];filters=4;size=7;pad=1;activation=linear\n"

CASES = {
    "defaults": "[connected]",
    "plain": "[conn];output=7;activation=leaky",
    "batch norm": "[connected];output=7;batch_normalize=1;activation=leaky",
    "behind a map": "[convolutional];filters=3;activation=linear\n[connected];output=7;activation=tanh",
    "before a convolution": "[connected];output=6\n[convolutional];filters=5;activation=linear",
    "two of them": "[connected];output=6\n[connected];output=5;activation=linear",
    "local": ROOM + "[local];filters=3;size=3;activation=leaky",
    "local with stride": ROOM + "[local];filters=3;size=3;stride=2;activation=linear",
    "local with pad": ROOM + "[local];filters=3;size=3;stride=2;pad=1",
    "local 1x1": ROOM + "[local];filters=3;activation=relu",
    "local 5x5": ROOM + "[local];filters=2;size=5;pad=2;activation=linear",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connected")
    return judged(folder, {name: net(sections) for name, sections in CASES.items()})


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name]) < CLOSE


def test_a_convolution_reads_a_connected_layer_as_a_map_of_one_place(tmp_path):
    model = converted(tmp_path, net("[connected];output=6\n[convolutional];filters=5;activation=linear"))
    assert model.net.shapes["conv_1_view"] == (1, 6, 1, 1)


def test_a_transposed_file(tmp_path):
    """Version 1001.0.0: seen of 4 bytes, the matrix as [inputs][outputs] (parser.c, load_weights_upto)."""
    cfg, weights = tmp_path / "old.cfg", tmp_path / "old.weights"
    cfg.write_text(net("[connected];output=3;activation=linear", height=1, width=2, channels=1))
    numbers = np.array([10, 20, 30, 1, 2, 3, 4, 5, 6], "<f4")
    weights.write_bytes(np.array([1001, 0, 0, 0], "<i4").tobytes() + numbers.tobytes())
    model = convert(cfg, weights)
    assert weight(model, "connected_0").tolist() == [[1, 4], [2, 5], [3, 6]]
    x = np.array([100, 1000], np.float32).reshape(1, 1, 1, 2)
    assert blobs_of(model, x)["connected_0"].tolist() == [[4110, 5220, 6330]]


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ("[connected];output=0", "tiny.cfg:6 [connected]: output=0 is less than 1"),
        ("[local];filters=2;size=3;pad=2", "size=3 pad=2 do not fit 12 x 14"),
        ("[local];filters=2;size=5;pad=1", "size=5 pad=1 do not fit 12 x 14"),
        ("[local];filters=2;size=13", "size=13 pad=0 do not fit"),
        ("[softmax]\n[local];size=3", "[local] needs an image, but what it reads is a flat vector of 672 values"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, expected):
    (found,) = refusals(tmp_path, net(sections))
    assert expected in found
