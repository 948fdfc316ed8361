"""What practitioners wrote about converting PyTorch nets to Caffe by hand: each of their pitfalls, through the files.

Every test goes from the module to the files and compares what is read from them with torch, or with the numbers that
were written down. Those of their pitfalls that have no files (checkpoints, refusals) are tested beside them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.open.state_dict import load_weights
from converters.weights import open_weights
from tests.converters.pytorch.judge import EXACT, Calls, images, layers, settled
from tests.converters.pytorch.nets import Mobile, ResNet
from tests.end_to_end.from_torch import (
    FLOAT32,
    Files,
    error,
    files_of,
    lowered,
    meaning_error,
    opencv_knows,
    opencv_results,
    results,
)

SQUARE = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
"""The 4x4 input 1..16, row by row, of the write-up about upsampling."""
BILINEAR = torch.tensor(
    [
        [0.0625, 0.1875, 0.1875, 0.0625],
        [0.1875, 0.5625, 0.5625, 0.1875],
        [0.1875, 0.5625, 0.5625, 0.1875],
        [0.0625, 0.1875, 0.1875, 0.0625],
    ]
)
"""The bilinear filler of Caffe's Deconvolution for kernel 4, stride 2, pad 1."""


def judged(module: nn.Module, folder: Path, *inputs: torch.Tensor) -> Files:
    """The module's files, after torch has judged the meaning of the layers and the numbers of the files."""
    module = module.eval()
    with torch.no_grad():
        wanted = module(*inputs)
    net = lowered(module, *inputs)
    files = files_of(net, folder)
    (found,) = results(files, *inputs)
    assert found.shape == tuple(wanted.shape)
    assert error(found, wanted) < FLOAT32
    if opencv_knows(files.net):
        (theirs,) = opencv_results(files, *inputs)
        assert error(theirs, wanted) < FLOAT32
    assert meaning_error(module, net, *inputs) < EXACT
    return files


# ---- A: details that cost days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ceil", [False, True], ids=["floor", "ceil"])
@pytest.mark.parametrize("size", [5, 6, 7, 8])
def test_a1_ceil_and_floor_pooling(size: int, ceil: bool, tmp_path: Path) -> None:
    """PyTorch rounds 2.5 down to 2 unless asked, Caffe always up to 3; for every size, not only for even ones."""
    module = nn.Sequential(nn.Conv2d(2, 4, 1), nn.MaxPool2d(2, 2, ceil_mode=ceil), nn.ReLU())
    files = judged(module, tmp_path, images(1, 2, size, size))
    (output,) = files.net.outputs
    assert files.net.shapes[output][2:] == ((size + ceil) // 2,) * 2


@pytest.mark.parametrize("network", [ResNet, Mobile])
def test_a2_no_fillers_in_the_prototxt(network: type[nn.Module], tmp_path: Path) -> None:
    """A weight_filler under a convolution, and a ceil_mode, gave other results on each run."""
    x = images(1, 3, 33, 33)
    text = judged(settled(network(), images(4, 3, 33, 33)), tmp_path, x).prototxt.read_text(encoding="utf-8")
    assert "filler" not in text
    assert "ceil_mode" not in text
    assert "round_mode" not in text
    assert text.count("use_global_stats: true") == text.count('type: "BatchNorm"') > 0


class Excited(nn.Module):
    """Squeeze-and-excitation, word for word as it was written down."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


def test_a3_squeeze_and_excitation_is_one_scale(tmp_path: Path) -> None:
    files = judged(nn.Sequential(nn.Conv2d(3, 8, 3), Excited(8)), tmp_path, images(2, 3, 9, 9))
    wanted = ["Convolution", "Pooling", "InnerProduct", "ReLU", "InnerProduct", "Sigmoid", "Scale"]
    assert layers(files.net) == wanted


def test_a4_forgetting_eval(tmp_path: Path) -> None:
    """A module in training mode is converted as after eval(), and the user is told."""
    x = images(1, 3, 9, 9)
    module = settled(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)), images(4, 3, 9, 9))
    with torch.no_grad():
        wanted = module(x)
    net = lowered(module.train(), x)
    assert any("training mode" in str(note) for note in net.notes)
    (found,) = results(files_of(net, tmp_path), x)
    assert error(found, wanted) < FLOAT32


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "batch"])
def test_a5_track_running_stats(training: bool, tracked: bool, tmp_path: Path) -> None:
    """Stored statistics become use_global_stats; those of the batch, which differ from run to run, are refused."""
    x = images(2, 3, 6, 6)
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=tracked))
    module = settled(plain, x).train(training)
    if tracked:
        with torch.no_grad():
            wanted = module.eval()(x)
        files = files_of(lowered(module.train(training), x), tmp_path)
        assert "use_global_stats: true" in files.prototxt.read_text(encoding="utf-8")
        assert error(results(files, x)[0], wanted) < FLOAT32
    else:
        with pytest.raises(ConversionError, match="batch") as refused:
            convert(module, (x,))
        assert "track_running_stats" in str(refused.value)


# ---- B: the two steps by hand ----------------------------------------------------------------------------------------


def test_b_a_checkpoint_with_a_nested_state_dict_in_two_steps(tmp_path: Path) -> None:
    """torch.load, the weights under ['state_dict'], blob by blob: BatchNorm takes mean, variance and 1."""
    trained = settled(ResNet(), images(4, 3, 33, 33))
    weights = {f"module.{name}": tensor for name, tensor in trained.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": weights}, tmp_path / "checkpoint.pth")
    model = ResNet()
    load_weights(model, open_weights(tmp_path / "checkpoint.pth").tensors)
    files = judged(model, tmp_path, images(1, 3, 33, 33))
    held = trained.state_dict()
    wanted: dict[str, tuple[str, ...]] = {
        "stem.0": ("stem.0.weight",),
        "stem.1": ("stem.1.running_mean", "stem.1.running_var", "one"),
        "stem.1_scale": ("stem.1.weight", "stem.1.bias"),
        "fc": ("fc.weight", "fc.bias"),
    }
    for name, keys in wanted.items():
        for blob, key in zip(files.net.node(name).blobs, keys, strict=True):
            np.testing.assert_array_equal(blob.load(), held[key].numpy() if key in held else np.ones(1))


# ---- C: from PyTorch through Caffe to a chip -------------------------------------------------------------------------


@pytest.mark.parametrize(("axis", "keepdim"), [(1, False), (1, True), (2, True), (3, False), (None, False)], ids=str)
def test_c_argmax(axis: int | None, keepdim: bool, tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 5, 1), Calls(lambda x: x.argmax(axis, keepdim)))
    x = images(2, 3, 6, 7)
    wanted = module(x)
    net = lowered(module, x)
    assert any(note.kind == "warning" and "last" in note.text for note in net.notes)
    (found,) = results(files_of(net, tmp_path), x)
    assert found.shape == tuple(wanted.shape)
    np.testing.assert_array_equal(found, wanted.numpy())


@pytest.mark.parametrize("affine", [False, True], ids=["plain", "affine"])
@pytest.mark.parametrize("tracked", [False, True], ids=["own statistics", "running statistics"])
def test_c_instance_norm(affine: bool, tracked: bool, tmp_path: Path) -> None:
    """No BatchNorm with use_global_stats false; where statistics were tracked, a plain BatchNorm."""
    norm = nn.InstanceNorm2d(6, affine=affine, track_running_stats=tracked)
    module = nn.Sequential(nn.Conv2d(3, 6, 3), norm)
    if affine:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    x = images(2, 3, 9, 8)
    with torch.no_grad():
        for _ in range(5):
            module.train()(x)
    files = judged(module, tmp_path, x)
    assert "use_global_stats: false" not in files.prototxt.read_text(encoding="utf-8")
    assert ("BatchNorm" in layers(files.net)) == tracked


@pytest.mark.parametrize("function", [lambda x: x + 6, lambda x: x * 6, lambda x: 6 - x, lambda x: x / 6])
def test_c_feature_map_plus_6_and_times_6(function, tmp_path: Path) -> None:
    files = judged(nn.Sequential(nn.Conv2d(3, 4, 3), Calls(function)), tmp_path, images(1, 3, 6, 6))
    assert layers(files.net) == ["Convolution", "Power"]


@pytest.mark.parametrize("pool", [nn.AvgPool2d(40, 1), nn.MaxPool2d(40, 1)], ids=["average", "maximum"])
def test_c_pooling_kernels_over_32(pool: nn.Module, tmp_path: Path) -> None:
    judged(nn.Sequential(nn.Conv2d(3, 2, 1), pool), tmp_path, images(1, 3, 44, 41))


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(12, 14), (9, 5)], ids=str)
def test_c_upsample_by_size(size: tuple[int, int], mode: str, tmp_path: Path) -> None:
    """With a size in the place of an integer scale_factor the parameter came out empty."""
    files = judged(nn.Sequential(nn.Conv2d(3, 2, 1), nn.Upsample(size, mode=mode)), tmp_path, images(1, 3, 6, 7))
    (output,) = files.net.outputs
    assert files.net.shapes[output] == (1, 2, *size)


@pytest.mark.parametrize("output_padding", [0, 1, (1, 0)], ids=str)
def test_c_conv_transpose2d_output_padding(output_padding, tmp_path: Path) -> None:
    up = nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=output_padding)
    judged(nn.Sequential(nn.Conv2d(3, 4, 1), up), tmp_path, images(1, 3, 5, 6))


@pytest.mark.parametrize("pad", [(1, 2, 1, 2), (0, 0, 0, 0, 0, 3), (0, 0, 0, 0, 2, 0), (2, 1, 0, 3, 1, 1)], ids=str)
@pytest.mark.parametrize("behind", ["nothing", "conv", "pool"])
def test_c_pad_of_maps_and_of_channels(pad, behind: str, tmp_path: Path) -> None:
    """Caffe pads height and width alone, and both ends alike."""
    channels = 4 + sum(pad[4:])
    last = {"nothing": nn.Identity(), "conv": nn.Conv2d(channels, 3, 3, 2), "pool": nn.MaxPool2d(3, 2)}[behind]
    module = nn.Sequential(nn.Conv2d(3, 4, 1), Calls(lambda x: F.pad(x, pad)), last)
    judged(module, tmp_path, images(1, 3, 8, 8))


# ---- E: upsampling a 4x4 input ---------------------------------------------------------------------------------------


def test_e_bilinear_deconvolution(tmp_path: Path) -> None:
    up = nn.ConvTranspose2d(1, 1, 4, 2, 1, bias=False)
    up.weight.data[0, 0] = BILINEAR
    (found,) = results(judged(up, tmp_path, SQUARE), SQUARE)
    assert found[0, 0, 0].tolist() == [0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 2.4375, 2.8125, 2.25]
    assert found[0, 0, 7].tolist() == [7.3125, 9.9375, 10.3125, 10.6875, 11.0625, 11.4375, 11.8125, 9.0]


def test_e_bilinear_with_align_corners(tmp_path: Path) -> None:
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
    (found,) = results(judged(up, tmp_path, SQUARE), SQUARE)
    row = [1, 1.4286, 1.8571, 2.2857, 2.7143, 3.1429, 3.5714, 4]
    column = [1, 2.7143, 4.4286, 6.1429, 7.8571, 9.5714, 11.2857, 13]
    np.testing.assert_allclose(found[0, 0, 0], row, atol=5e-5)
    np.testing.assert_allclose(found[0, 0, :, 0], column, atol=5e-5)


def test_e_bilinear_without_align_corners(tmp_path: Path) -> None:
    """Of which the author found no way to make Caffe do it."""
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    (found,) = results(judged(up, tmp_path, SQUARE), SQUARE)
    np.testing.assert_allclose(found[0, 0, 0], [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4], rtol=1e-6)
    np.testing.assert_allclose(found[0, 0, :, 0], [1, 2, 4, 6, 8, 10, 12, 13], rtol=1e-6)


def test_e_nearest_is_a_deconvolution_of_ones(tmp_path: Path) -> None:
    files = judged(nn.Upsample(scale_factor=2, mode="nearest"), tmp_path, SQUARE)
    assert layers(files.net) == ["Deconvolution"]
    (blob,) = files.net.nodes[-1].blobs
    np.testing.assert_array_equal(blob.load(), np.ones((1, 1, 2, 2)))
    (found,) = results(files, SQUARE)
    np.testing.assert_array_equal(found[0, 0], np.kron(np.arange(1, 17).reshape(4, 4), np.ones((2, 2))))
