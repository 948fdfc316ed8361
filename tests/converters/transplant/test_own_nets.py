"""A prototxt of ours filled with another checkpoint of its model: a fresh conversion with that one is the reference."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import caffe_ir
from caffe_ir.errors import ConversionError
from caffe_ir.files import reader, writer
from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.files.weight_sources import read_sources
from converters.pytorch import convert
from converters.transplant import NamedSources, Transplanted, transplant
from converters.weights import only_set, open_weights


def block(inside: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, out, 3, padding=1, bias=False), nn.BatchNorm2d(out, eps=1e-3), nn.ReLU())


class Upsampled(nn.Module):
    """As detectors are: a map made larger, joined with another one."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = block(3, 4), block(4, 4), nn.Conv2d(8, 6, 1)

    def forward(self, x):
        a = self.a(x)
        return self.head(torch.cat([a, F.interpolate(self.b(F.max_pool2d(a, 2)), scale_factor=2)], 1))


class Means(nn.Sequential):
    """A pooling that becomes a convolution of the same shape as those beside it, and names that are numbers."""

    def __init__(self) -> None:
        depthwise = [nn.Conv2d(3, 3, 3, padding=1, groups=3) for _ in range(2)]
        super().__init__(depthwise[0], nn.AvgPool2d(3, 1, 1), depthwise[1])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inside, self.attention = nn.Linear(6, 8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.place, self.norm = nn.Parameter(torch.zeros(1, 6, 8)), nn.LayerNorm(8)

    def forward(self, x):
        x = self.inside(x.mean(1)) + self.place
        return self.norm(x + self.attention(x, x, x, need_weights=False)[0])


class Tables(nn.Module):
    """Anchors that are saved, a grid that is not, and a head that eval mode leaves out."""

    anchors: torch.Tensor
    grid: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.aux = nn.Conv2d(3, 4, 1), nn.Linear(2, 2)
        self.register_buffer("anchors", torch.arange(4.0).view(1, 4, 1, 1))
        self.register_buffer("grid", torch.arange(6.0).view(1, 1, 1, 6), persistent=False)

    def forward(self, x):
        return (F.interpolate(self.conv(x), size=(9, 9), mode="bilinear")[..., :6, :6] + self.grid) * self.anchors


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(self.a(x).relu())


class Computed(nn.Module):
    """A weight that the model computes, of the shape of the one that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        weight = self.conv.weight
        return F.conv2d(x, weight - weight.mean((1, 2, 3), keepdim=True), self.conv.bias)


class Summed(nn.Module):
    """The weight as it is, and a number that is computed from it, which ends in a field."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x) * self.conv.weight.square().sum()


class Gain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gain = nn.Conv2d(3, 4, 3), nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.conv(x) * self.gain


class GainAlone(nn.Module):
    """The only tensor of the model stands in a field, so that no layer has a blob."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return x.relu() * self.gain


class Padded(nn.Module):
    """Zeros at one side go into the filter, whose blob is larger than the tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Recurrent(nn.Module):
    """Its weights are in the file once for each step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 5, batch_first=True)

    def forward(self, x):
        return self.lstm(x[:, 0])[0]


FUNCTIONS = {
    "mean": lambda x: F.avg_pool2d(x, 3, 1, 1),
    "means of several sizes": lambda x: F.adaptive_avg_pool2d(x, (4, 5)),
    "power mean": lambda x: F.lp_pool2d(x.abs() + 1, 3, 2),
    "pixel shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel unshuffle": lambda x: F.pixel_unshuffle(x, 2),
    "windows": lambda x: F.unfold(x, 3).view(1, 36, 4, 4),
    "turned": lambda x: x.flip(3),
    "rolled": lambda x: x.roll(1, 2),
    "every other": lambda x: x[:, ::2, 1::2],
    "sums": lambda x: x.cumsum(1),
    "bicubic": lambda x: F.interpolate(x, scale_factor=1.5, mode="bicubic"),
    "nearest": lambda x: F.interpolate(x, size=(7, 5)),
    "mirrored": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "zeros at one side": lambda x: F.pad(x, (0, 0, 2, 0)) * 2,
    "normalised": lambda x: F.normalize(x, dim=1),
    "by groups": lambda x: F.group_norm(x, 2),
    "by neighbours": lambda x: F.local_response_norm(x, 3),
    "mixed channels": lambda x: F.channel_shuffle(x, 2),
    "places": lambda x: x + torch.arange(6.0) * torch.linspace(0, 1, 6).view(6, 1),
    "two halves": lambda x: torch.cat([a * b for a, b in (x.chunk(2, 1), x.chunk(2, 1)[::-1])], 1),
}


def around(name: str) -> type[nn.Module]:
    """A function between two convolutions, the second as wide as it needs."""
    outputs = FUNCTIONS[name](torch.zeros(1, 4, 6, 6)).shape[1]

    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 4, 1), nn.Conv2d(outputs, 2, 1)

        def forward(self, x):
            return self.last(FUNCTIONS[name](self.first(x)))

    return Around


X = torch.zeros(1, 3, 6, 6)


def seeded(made: type[nn.Module], seed: int) -> nn.Module:
    module = made().eval()
    draw = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and name != "anchors":
            tensor.copy_(torch.rand(tensor.shape, generator=draw) + 0.1)
    return module


def refilled(folder: Path, net: Path, checkpoint: object, *, beside: bool = True) -> Transplanted:
    torch.save(checkpoint, folder / "other.pth")
    caffemodel = net.with_suffix(".caffemodel")
    written = {layer.name: layer.blobs for layer in read_layers(caffemodel)} if beside else {}
    told = NamedSources(sources=read_sources(net.read_text()), caffemodel=caffemodel, written=written)
    return transplant(reader.read(net), only_set(open_weights(folder / "other.pth").tensors).tensors, named=told)


def files(folder: Path, made: type[nn.Module], seed: int, name: str) -> Path:
    caffe_ir.write(convert(seeded(made, seed), (X,), name="net"), folder / name)
    return folder / f"{name}.prototxt"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_helpers_of_every_kind_are_the_same_for_another_checkpoint(name: str, tmp_path: Path) -> None:
    test_it_is_the_fresh_conversion_to_the_byte(around(name), tmp_path)


@pytest.mark.parametrize("made", [Upsampled, Means, Attention, Tables, Tied])
def test_it_is_the_fresh_conversion_to_the_byte(made: type[nn.Module], tmp_path: Path) -> None:
    net, fresh = files(tmp_path, made, 1, "net"), files(tmp_path, made, 2, "fresh")
    done = refilled(tmp_path, net, seeded(made, 2).state_dict())
    writer.write_weights(done.net, tmp_path / "filled.caffemodel")
    assert (tmp_path / "filled.caffemodel").read_bytes() == fresh.with_suffix(".caffemodel").read_bytes()
    assert net.read_bytes() == fresh.read_bytes()
    assert net.with_suffix(".caffemodel").read_bytes() != fresh.with_suffix(".caffemodel").read_bytes()
    assert all(row.named for row in done.rows)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (Computed, "conv.weight is not as when the net was converted"),
        (Summed, "conv.weight is not as when the net was converted"),
        (Gain, "gain is not as when the net was converted"),
        (GainAlone, "gain is not as when the net was converted"),
        (Padded, "the weights of conv are not copies of tensors"),
    ],
)
def test_what_cannot_be_filled_exactly_is_refused(made: type[nn.Module], why: str, tmp_path: Path) -> None:
    net = files(tmp_path, made, 1, "net")
    with pytest.raises(ConversionError, match=re.escape(why)) as refused:
        refilled(tmp_path, net, seeded(made, 2).state_dict())
    assert "convert the model again, with these weights" in str(refused.value)


@pytest.mark.parametrize("made", [Computed, Summed, Gain, Recurrent])
def test_the_same_checkpoint_gives_the_same_files(made: type[nn.Module], tmp_path: Path) -> None:
    """What must be as it was is as it was."""
    net = files(tmp_path, made, 1, "net")
    done = refilled(tmp_path, net, seeded(made, 1).state_dict())
    writer.write_weights(done.net, tmp_path / "filled.caffemodel")
    assert (tmp_path / "filled.caffemodel").read_bytes() == net.with_suffix(".caffemodel").read_bytes()


def test_a_net_without_blobs_is_filled_by_what_it_was_made_of_under_any_prefix(tmp_path: Path) -> None:
    net = files(tmp_path, GainAlone, 1, "net")
    weights = seeded(GainAlone, 1).state_dict()
    done = refilled(tmp_path, net, {f"module.{name}": each for name, each in weights.items()})
    assert done.left == {"gain": "as it was when the net was converted"}


def test_constants_need_the_caffemodel_that_was_written_with_the_net(tmp_path: Path) -> None:
    net = files(tmp_path, Upsampled, 1, "net")
    with pytest.raises(ConversionError, match=r"hold constants of the conversion(.|\n)*net\.caffemodel does not have"):
        refilled(tmp_path, net, seeded(Upsampled, 2).state_dict(), beside=False)


def test_another_prefix_and_keys_that_nobody_knows(tmp_path: Path) -> None:
    net = files(tmp_path, Upsampled, 1, "net")
    weights = seeded(Upsampled, 2).state_dict()
    done = refilled(tmp_path, net, {"epoch": 3, "ema": {f"model.net.{name}": each for name, each in weights.items()}})
    assert "weights taken without the prefix model.net." in [note.text for note in done.net.notes]
    with pytest.raises(ConversionError, match="no layer takes other"):
        refilled(tmp_path, net, {**weights, "other.weight": torch.ones(2, 2)})


def test_another_model_is_refused(tmp_path: Path) -> None:
    net = files(tmp_path, Upsampled, 1, "net")
    weights = seeded(Upsampled, 2).state_dict()
    weights["head.weight"] = torch.ones(9, 8, 1, 1)
    del weights["a.0.weight"]
    with pytest.raises(ConversionError) as refused:
        refilled(tmp_path, net, weights)
    told = str(refused.value)
    assert "a.0 is filled by a.0.weight, which is not there" in told
    assert "head takes head.weight of the shape [6, 8, 1, 1], and it is [9, 8, 1, 1]" in told


def test_a_tensor_of_another_shape_with_as_many_numbers_is_refused(tmp_path: Path) -> None:
    net = files(tmp_path, Upsampled, 1, "net")
    weights = seeded(Upsampled, 2).state_dict()
    weights["head.weight"] = weights["head.weight"].reshape(8, 6, 1, 1)
    with pytest.raises(ConversionError, match=r"head\.weight of the shape \[6, 8, 1, 1\], and it is \[8, 6, 1, 1\]"):
        refilled(tmp_path, net, weights)


def test_a_tensor_that_the_model_sees_in_another_shape_keeps_its_own(tmp_path: Path) -> None:
    class Viewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gamma = nn.Parameter(torch.zeros(3, 1))

        def forward(self, x):
            return x * self.gamma.view(1, 3, 1, 1)

    net = files(tmp_path, Viewed, 1, "net")
    assert '# the shape of "gamma" 3x1' in net.read_text().splitlines()
    done = refilled(tmp_path, net, seeded(Viewed, 2).state_dict())
    expected = seeded(Viewed, 2).state_dict()["gamma"].reshape(3).numpy()
    assert done.net.nodes[-1].blobs[0].load().reshape(3).tolist() == expected.tolist()
    with pytest.raises(ConversionError, match=r"gamma of the shape \[3, 1\], and it is \[3\]"):
        refilled(tmp_path, net, {"gamma": torch.ones(3)})


def test_two_prefixes_that_fit_are_for_the_user_to_choose(tmp_path: Path) -> None:
    net = files(tmp_path, Upsampled, 1, "net")
    weights = seeded(Upsampled, 2).state_dict()
    both = {f"{who}.{name}": each for who in ("student", "teacher") for name, each in weights.items()}
    with pytest.raises(ConversionError, match="2 sets of weights that fit: student, teacher"):
        refilled(tmp_path, net, both)


def test_tied_tensors_that_are_no_longer_the_same_are_refused(tmp_path: Path) -> None:
    net = files(tmp_path, Tied, 1, "net")
    weights = {name: each.clone() for name, each in seeded(Tied, 2).state_dict().items()}
    assert refilled(tmp_path, net, weights).left["b.weight"] == "the same numbers as a.weight"
    weights["b.weight"] += 1
    with pytest.raises(ConversionError, match=r"b\.weight is not as when the net was converted"):
        refilled(tmp_path, net, weights)


def test_a_layer_that_the_user_added_is_matched_as_ever(tmp_path: Path) -> None:
    net = files(tmp_path, Tables, 1, "net")
    text = net.read_text()
    added = 'layer { name: "more" type: "PReLU" bottom: "mul" top: "more" prelu_param { channel_shared: true } }\n'
    net.write_text(re.sub(r"(?=# Where)", added.replace('"mul"', f'"{reader.read(net).outputs[0]}"'), text, count=1))
    weights = seeded(Tables, 2).state_dict() | {"slope": torch.full((1,), 0.5)}
    done = refilled(tmp_path, net, weights)
    np.testing.assert_array_equal(done.net.node("more").blobs[0].load(), 0.5)
    assert not done.rows[-1].named
