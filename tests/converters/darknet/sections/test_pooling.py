"""[maxpool], [local_avgpool] and [avgpool]: real Darknet, and torch for what only AlexeyAB's has."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.layers.source import WindowPool
from tests.converters.darknet.judged import ALEXEYAB, CLOSE, blobs_of, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

# Negative values too: a window that counted a zero of the padding would show.
SIGNED = "[convolutional];filters=6;size=3;pad=1;activation=linear\n"

POOLS = {
    "defaults": "[max]",
    "size 2, stride 2": "[maxpool];size=2;stride=2",
    "size 2, stride 1": "[maxpool];size=2;stride=1",
    "size from stride": "[maxpool];stride=3",
    "size 3, stride 2": "[maxpool];size=3;stride=2",
    "size 3, stride 2, no padding": "[maxpool];size=3;stride=2;padding=0",
    "size 3, stride 1, no padding": "[maxpool];size=3;stride=1;padding=0",
    "size 3, padding 1": "[maxpool];size=3;stride=3;padding=1",
    "size 4, padding 3": "[maxpool];size=4;stride=3;padding=3",
    "size 4, padding 5": "[maxpool];size=4;stride=2;padding=5",
    "spatial pyramid": "[maxpool];size=5;stride=1\n[maxpool];size=9;stride=1\n[maxpool];size=13;stride=1",
    "size 1, stride 2": "[maxpool];size=1;stride=2",
    "larger than the image": "[maxpool];size=20;stride=20",
    "far larger than the image": "[maxpool];size=61;stride=3\n[maxpool];size=23;stride=1",
    "the whole image": "[avg]",
}
SIZES = [(12, 14), (13, 11)]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    cases = {
        f"{name.replace(',', '').replace(' ', '_')}_{h}x{w}": net(SIGNED + sections, height=h, width=w)
        for name, sections in POOLS.items()
        for h, w in SIZES
    }
    return judged(tmp_path_factory.mktemp("pooling"), cases)


@needs_darknet
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", POOLS)
def test_as_darknet(results, name, size):
    one = results[f"{name.replace(',', '').replace(' ', '_')}_{size[0]}x{size[1]}"]
    assert farthest(one) < CLOSE


@pytest.mark.parametrize("size", [49, 1_000_000_000])
@pytest.mark.parametrize(("kind", "whole"), [("maxpool", np.max), ("local_avgpool", np.mean)])
def test_windows_that_all_hold_the_whole_image_need_not_be_larger(tmp_path, kind, whole, size):
    model = converted(tmp_path, net(f"[{kind}];size={size};stride=4"), header=ALEXEYAB)
    x = np.random.default_rng(0).standard_normal((1, 4, 12, 14)).astype(np.float32)
    made = blobs_of(model, x)[f"{kind}_0"]
    expected = np.broadcast_to(whole(x, axis=(2, 3), keepdims=True), made.shape)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    layer = model.net.node(f"{kind}_0").layer
    assert isinstance(layer, WindowPool)
    assert layer.kernel_size == (12 + 2 * 4, 14 + 3 * 4)


def test_strides_of_alexeyab(tmp_path):
    """The window begins at i stride - padding // 2 on both axes; padded in full here, so that torch has it, too."""
    model = converted(tmp_path, net("[maxpool];size=3;stride_x=2;stride_y=1;padding=2"), header=ALEXEYAB)
    x = np.random.default_rng(0).standard_normal((1, 4, 12, 14)).astype(np.float32)
    padded = F.pad(torch.from_numpy(x), (1, 1, 1, 1), value=-np.inf)
    expected = F.max_pool2d(padded, 3, stride=(1, 2))
    np.testing.assert_array_equal(blobs_of(model, x)["maxpool_0"], expected)


def test_maxpool_depth(tmp_path):
    model = converted(tmp_path, net("[maxpool];maxpool_depth=1;out_channels=2", channels=6))
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 6, 12, 14)).astype(np.float32))
    expected = torch.stack([x[:, 0::2].amax(1), x[:, 1::2].amax(1)], dim=1)
    np.testing.assert_array_equal(blobs_of(model, x.numpy())["maxpool_0"], expected)


def test_maxpool_depth_that_changes_nothing(tmp_path):
    model = converted(tmp_path, net("[maxpool];maxpool_depth=1;out_channels=4\n[upsample]"))
    assert model.net.values["maxpool_0"] == "data"


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 2), (2, 2, 0), (3, 2, 2), (4, 1, 2)])
def test_local_avgpool_divides_by_the_cells_inside(tmp_path, size, stride, padding):
    model = converted(tmp_path, net(f"[local_avgpool];size={size};stride={stride};padding={padding}"))
    x = torch.from_numpy(np.random.default_rng(0).random((1, 4, 12, 14), np.float32))
    half = padding // 2
    expected = F.avg_pool2d(x, size, stride, half, count_include_pad=False)
    np.testing.assert_allclose(blobs_of(model, x.numpy())["local_avgpool_0"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("sections", "header", "expected"),
    [
        ("[maxpool];stride=0", (0, 2, 0), "tiny.cfg:6 [maxpool]: stride=0"),
        ("[maxpool];size=3;padding=-1", (0, 2, 0), "padding=-1"),
        ("[maxpool];size=15;padding=0", (0, 2, 0), "a window of 15 does not fit into 12 x 14 with a padding of 0"),
        ("[maxpool];size=1;padding=4", (0, 2, 0), "a window lies outside of 12 x 14"),
        ("[maxpool];size=2;padding=9", (0, 2, 0), "a window lies outside of 12 x 14"),
        ("[maxpool];antialiasing=1", ALEXEYAB, "antialiasing in [maxpool] cannot be converted"),
        ("[maxpool];maxpool_zero_nonmax=1", ALEXEYAB, "maxpool_zero_nonmax in [maxpool] cannot be converted"),
        ("[maxpool];maxpool_depth=1;out_channels=3", ALEXEYAB, "out_channels=3 does not divide 4 channels"),
        ("[softmax]\n[avgpool]", (0, 2, 0), "[avgpool] needs an image"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, header, expected):
    (found,) = refusals(tmp_path, net(sections), header=header)
    assert expected in found
