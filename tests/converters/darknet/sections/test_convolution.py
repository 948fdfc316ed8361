"""[convolutional] and [deconvolutional]: real Darknet where its CPU code is right, torch for the rest."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.converters.darknet.judged import (
    ALEXEYAB,
    CLOSE,
    blobs_of,
    converted,
    farthest,
    judged,
    net,
    refusals,
    weight,
)
from tests.oracles.darknet import needs_darknet

FIRST = "[convolutional];filters=8;size=3;pad=1;activation=linear;"

CASES = {
    "defaults": "[convolutional]",
    "pad": "[conv];filters=5;size=3;pad=1;activation=leaky",
    "pad wins over padding": "[convolutional];filters=5;size=5;pad=1;padding=7;activation=leaky",
    "padding": "[convolutional];filters=5;size=3;padding=2;stride=3;activation=linear",
    "no padding": "[convolutional];filters=5;size=3;stride=2;activation=linear",
    "even kernel": "[convolutional];filters=5;size=4;pad=1;stride=3;activation=linear",
    "kernel 2": "[convolutional];filters=5;size=2;pad=1;activation=linear",
    "groups": "[convolutional];filters=8;size=3;pad=1;groups=4;activation=linear",
    "depthwise": "[convolutional];filters=4;size=3;pad=1;groups=4;batch_normalize=1;activation=relu",
    "batch norm": "[convolutional];filters=9;size=3;pad=1;batch_normalize=1;activation=leaky",
    "flipped": "[convolutional];filters=6;size=3;flipped=1;batch_normalize=1;activation=linear",
    "xnor": FIRST + "[convolutional];filters=6;size=3;pad=1;xnor=1;batch_normalize=1;activation=leaky",
    "binary on CPU": FIRST + "[convolutional];filters=6;size=3;pad=1;binary=1;activation=leaky",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("convolution")
    return judged(folder, {name: net(sections) for name, sections in CASES.items()})


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name]) < CLOSE


def test_names_and_nodes_of_a_normalised_convolution(tmp_path):
    model = converted(tmp_path, net("[convolutional];filters=5;size=3;pad=1;batch_normalize=1;activation=leaky"))
    assert [node.name for node in model.net.nodes] == ["data", "conv_0", "conv_0_bn", "conv_0_leaky"]
    assert model.net.values == {"data": "data", "conv_0": "conv_0_leaky"}
    assert model.net.outputs == ["conv_0_leaky"]
    assert str(model.net.nodes[2].origin).endswith("tiny.cfg:5 [convolutional]")


def test_the_arrays_stay_where_they_lie_in_the_file(tmp_path):
    model = converted(tmp_path, net("[convolutional];filters=5;size=3;batch_normalize=1;activation=linear"))
    gamma, beta, mean, variance = model.net.node("conv_0_bn").blobs
    spans = [blob.span.offset for blob in (beta, gamma, mean, variance, *model.net.node("conv_0").blobs) if blob.span]
    assert spans == [20, 40, 60, 80, 100]


def test_a_1x1_kernel_with_stride_is_what_gpu_code_computes(tmp_path):
    model = converted(tmp_path, net("[convolutional];filters=6;stride=2;activation=linear"))
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    weights, biases = (torch.from_numpy(np.array(weight(model, "conv_0", place))) for place in (0, 1))
    expected = F.conv2d(torch.from_numpy(x), weights, biases, stride=2)
    np.testing.assert_allclose(blobs_of(model, x)["conv_0"], expected, atol=1e-6)
    assert any("1x1 kernel" in note.text and note.kind == "assumed" for note in model.net.notes)


def test_binary_weights_on_gpu(tmp_path):
    model = converted(tmp_path, net("[convolutional];filters=6;size=3;binary=1;activation=linear"), bn="darknet-gpu")
    stored = np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20)[6:].reshape(6, 4, 3, 3)
    expected = torch.sign(torch.from_numpy(stored)) * torch.from_numpy(stored).abs().mean(dim=(1, 2, 3), keepdim=True)
    np.testing.assert_allclose(weight(model, "conv_0"), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "torchs"),
    [
        ("size=3;pad=1;stride_x=2;stride_y=1", {"kernel": 3, "stride": (1, 2), "padding": 1}),
        ("size=3;pad=1;stride_x=2;stride_y=3", {"kernel": 3, "stride": (3, 2), "padding": 1}),
        ("size=3;pad=1;stride=2;stride_x=1", {"kernel": 3, "stride": (2, 1), "padding": 1}),
        ("size=3;pad=1;dilation=2", {"kernel": 3, "padding": 2, "dilation": 2}),
        ("size=3;pad=1;dilation=3;stride=2", {"kernel": 3, "padding": 3, "dilation": 3, "stride": 2}),
        ("size=1;pad=1;dilation=3", {"kernel": 1}),
        ("size=3;pad=1;groups=2;dilation=2", {"kernel": 3, "padding": 2, "dilation": 2, "groups": 2}),
    ],
)
def test_geometry_of_alexeyab(tmp_path, options, torchs):
    model = converted(tmp_path, net(f"[convolutional];filters=6;{options};activation=linear"), dialect="alexeyab")
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    stored = torch.from_numpy(np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20))
    kernel = torchs.pop("kernel")
    weights = stored[6:].reshape(6, 4 // torchs.get("groups", 1), kernel, kernel)
    expected = F.conv2d(torch.from_numpy(x), weights, stored[:6], **torchs)
    np.testing.assert_allclose(blobs_of(model, x)["conv_0"], expected, atol=2e-6)


@pytest.mark.parametrize("kind", [1, 2])
def test_antialiasing_blurs_behind_the_activation(tmp_path, kind):
    text = net(f"[convolutional];filters=6;size=3;pad=1;stride=2;antialiasing={kind};activation=leaky")
    model = converted(tmp_path, text)
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    stored = torch.from_numpy(np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20))
    plain = F.leaky_relu(F.conv2d(torch.from_numpy(x), stored[6:].reshape(6, 4, 3, 3), stored[:6], padding=1), 0.1)
    rows = torch.tensor([1.0, 2.0, 1.0]) / 4 if kind == 1 else torch.tensor([0.5, 0.5])
    blur = torch.outer(rows, rows).expand(6, 1, -1, -1)
    expected = F.conv2d(plain, blur, stride=2, padding=1 if kind == 1 else 0, groups=6)
    assert model.dialect == "alexeyab"
    np.testing.assert_allclose(blobs_of(model, x)["conv_0"], expected, atol=2e-6)


def test_a_route_to_a_blurred_convolution_is_refused(tmp_path):
    text = net("[convolutional];size=3;pad=1;stride=2;antialiasing=1;activation=linear\n[maxpool]\n[route];layers=0")
    assert any("antialiasing" in problem for problem in refusals(tmp_path, text, header=ALEXEYAB))


def test_share_index_takes_no_bytes(tmp_path):
    body = "batch_normalize=1;filters=4;size=3;pad=1;activation=leaky"
    text = net(
        f"[convolutional];{body}\n[convolutional];{body};share_index=0;dilation=2\n[convolutional];{body};share_index=-2"
    )
    model = converted(tmp_path, text)
    first, second, third = (model.net.node(f"conv_{index}").blobs[0] for index in range(3))
    assert first is second is third
    assert (tmp_path / "tiny.weights").stat().st_size == 20 + 4 * (4 * 4 + 4 * 4 * 9)
    x = torch.from_numpy(np.random.default_rng(0).random((1, 4, 12, 14), np.float32))
    stored = torch.from_numpy(np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20))
    beta, gamma, mean, variance = stored[:16].reshape(4, 4)
    y = x
    for dilation in (1, 2, 1):
        y = F.conv2d(y, stored[16:].reshape(4, 4, 3, 3), padding=dilation, dilation=dilation)
        y = F.leaky_relu(F.batch_norm(y, mean, variance, gamma, beta, eps=1e-5), 0.1)
    np.testing.assert_allclose(blobs_of(model, x.numpy())["conv_2"], y, atol=1e-5)


@pytest.mark.parametrize("options", ["stride=2;size=3;pad=1", "size=2;stride=2", "size=4;stride=3;padding=1"])
def test_deconvolutional_as_torch(tmp_path, options):
    model = converted(tmp_path, net(f"[deconvolutional];filters=5;{options};activation=linear"))
    given = dict(part.split("=") for part in options.split(";"))
    size, stride = int(given["size"]), int(given["stride"])
    padding = size // 2 if "pad" in given else int(given.get("padding", 0))
    stored = torch.from_numpy(np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20))
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    weights = stored[5:].reshape(4, 5, size, size)
    expected = F.conv_transpose2d(torch.from_numpy(x), weights, stored[:5], stride=stride, padding=padding)
    np.testing.assert_allclose(blobs_of(model, x)["deconv_0"], expected, atol=2e-6)


@pytest.mark.parametrize(
    ("options", "header", "expected"),
    [
        ("groups=3", (0, 2, 0), "groups=3 must divide 4 channels and 1 filters"),
        ("filters=6;groups=4", (0, 2, 0), "groups=4 must divide 4 channels and 6 filters"),
        ("filters=0", (0, 2, 0), "tiny.cfg:6 [convolutional]: filters=0 is less than 1"),
        ("size=0", (0, 2, 0), "size=0 is less than 1"),
        ("filters=eight", (0, 2, 0), "filters=0 is less than 1 (filters=eight: Darknet reads 0)"),
        ("stride=0", (0, 2, 0), "stride=0"),
        ("groups=0", (0, 2, 0), "groups=0"),
        ("padding=-1", (0, 2, 0), "padding=-1"),
        ("size=13", (0, 2, 0), "a kernel of 13 does not fit into 12 cells with a padding of 0"),
        ("size=3;dilation=2", ALEXEYAB, "Darknet's own sizes disagree"),
        ("size=3;flipped=1;groups=2;filters=4", (0, 2, 0), "flipped=1 with groups"),
        ("xnor=1", ALEXEYAB, "xnor=1: convolutions of single bits"),
        ("binary=1", ALEXEYAB, "binary=1: convolutions of single bits"),
    ],
)
def test_what_does_not_fit(tmp_path, options, header, expected):
    (found,) = refusals(tmp_path, net(f"[convolutional];{options}"), header=header)
    assert expected in found
    assert found.startswith("tiny.cfg:")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("filters=5;size=3;share_index=0", "section 0 has weights (4, 4, 3, 3), here belong (5, 4, 3, 3)"),
        ("filters=4;size=3;share_index=0;batch_normalize=1", "only one of the two sections is normalised"),
        ("filters=4;size=3;share_index=1", "section 1 is not a [convolutional]"),
        ("filters=4;size=3;share_index=2", "points at this very section"),
        ("filters=4;size=3;share_index=-3", "points before the first section"),
    ],
)
def test_share_index_that_does_not_fit(tmp_path, second, expected):
    text = net(
        f"[convolutional];filters=4;size=3;activation=linear\n[maxpool]\n[convolutional];activation=linear;{second}"
    )
    (found,) = refusals(tmp_path, text, header=ALEXEYAB)
    assert expected in found
