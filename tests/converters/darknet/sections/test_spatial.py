"""[upsample], [crop], [reorg], [reorg3d]: real Darknet; for AlexeyAB's [reorg3d] torch, and loops after its C code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.converters.darknet.judged import ALEXEYAB, CLOSE, blobs_of, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

CASES = {
    "upsample": "[upsample]",
    "upsample by 3": "[upsample];stride=3;scale=0.5",
    "upsample back": "[upsample];stride=-2;scale=0.25",
    "crop": "[crop];crop_height=7;crop_width=9",
    "crop, noadjust": "[crop];crop_height=12;crop_width=11;noadjust=1",
    "reorg": "[reorg];stride=2",
    "reorg, stride 1": "[reorg]",
    "reorg back": "[reorg];stride=2;reverse=1",
    "reorg, extra": "[reorg];stride=1;extra=3",
    "reorg, extra and more": "[reorg];extra=5\n[connected];output=3;activation=linear",
    "reorg, flatten": "[reorg];flatten=1",
    "reorg, flatten back": "[reorg];flatten=1;reverse=1",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spatial")
    cases = {name.replace(",", "").replace(" ", "_"): net(sections) for name, sections in CASES.items()}
    return judged(folder, cases)


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name.replace(",", "").replace(" ", "_")]) < CLOSE


def images(channels: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((1, channels, height, width), np.float32)


@pytest.mark.parametrize(("stride", "channels"), [(2, 8), (3, 9)])
def test_reorg3d_is_space_to_depth(tmp_path, stride, channels):
    model = converted(tmp_path, net(f"[reorg3d];stride={stride}", height=12, width=18, channels=channels))
    x, height, width = torch.from_numpy(images(channels, 12, 18)), 12 // stride, 18 // stride
    by_channel = F.pixel_unshuffle(x, stride).reshape(1, channels, stride**2, height, width)
    expected = by_channel.transpose(1, 2).reshape(1, channels * stride**2, height, width)
    np.testing.assert_array_equal(blobs_of(model, x.numpy())["reorg3d_0"], expected)


def test_reorg3d_back_is_what_its_c_code_does(tmp_path):
    """reorg_layer.c with reverse: reorg_cpu(x, out_w, out_h, out_c, batch, stride, 1, out), with its loops (blas.c)."""
    model = converted(tmp_path, net("[reorg3d];stride=2;reverse=1", height=3, width=4, channels=16))
    x = images(16, 3, 4)
    flat, s, c, h, w = x.reshape(-1), 2, 4, 6, 8
    expected = np.zeros(c * h * w, np.float32)
    for k in range(c):
        for j in range(h):
            for i in range(w):
                c2, offset = k % (c // s**2), k // (c // s**2)
                w2, h2 = i * s + offset % s, j * s + offset // s
                expected[w2 + w * s * (h2 + h * s * c2)] = flat[i + w * (j + h * k)]
    assert model.net.shapes["reorg3d_0"] == (1, c, h, w)
    np.testing.assert_array_equal(blobs_of(model, x)["reorg3d_0"].reshape(-1), expected)


@pytest.mark.parametrize(
    ("sections", "header", "expected"),
    [
        ("[upsample];stride=0", (0, 2, 0), "tiny.cfg:6 [upsample]: stride=0"),
        ("[upsample];stride=-5", (0, 2, 0), "stride=-5 does not divide 12 x 14"),
        ("[crop];crop_height=13;crop_width=9", (0, 2, 0), "a part of 13 x 9 does not fit into 12 x 14"),
        ("[reorg];stride=3", (0, 2, 0), "stride=3 does not divide 4 x 12 x 14"),
        ("[maxpool];size=2;padding=0\n[reorg];stride=2", (0, 2, 0), "tiny.cfg:9 [reorg]: stride=2 does not divide"),
        ("[reorg];stride=4", (0, 2, 0), "stride=4 does not divide 4 x 12 x 14"),
        ("[reorg];extra=-1", (0, 2, 0), "extra=-1 is less than 1"),
        ("[reorg];extra=1;flatten=1", (0, 2, 0), "flatten and extra exclude each other"),
        ("[reorg];stride=2;flatten=1", (0, 2, 0), "flatten=1 with stride=2"),
        ("[reorg3d];stride=4", ALEXEYAB, "stride=4 does not divide 4 x 12 x 14"),
        ("[reorg3d];stride=2;reverse=1", ALEXEYAB, "stride=2 does not divide 4 x 12 x 14"),
        ("[softmax]\n[upsample]", (0, 2, 0), "[upsample] needs an image"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, header, expected):
    (found,) = refusals(tmp_path, net(sections), header=header)
    assert expected in found
