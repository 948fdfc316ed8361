"""Nets that everybody has, as their first prototxts spell them: filled right (torch is the judge)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from tests.converters.transplant.nets import (
    assert_same,
    bn,
    chosen,
    conv,
    data,
    fc,
    layer,
    relu,
    seeded,
    transplanted,
)


def test_the_old_form_of_layers(tmp_path: Path) -> None:
    module = seeded(
        nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.Flatten(), nn.Linear(16, 3))
    )
    text = """
        input: "data" input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4
        layers { name: "c1" type: CONVOLUTION bottom: "data" top: "c1" blobs_lr: 1 blobs_lr: 2
                 convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "gaussian" std: 0.01 } } }
        layers { name: "r1" type: RELU bottom: "c1" top: "c1" }
        layers { name: "c2" type: CONVOLUTION bottom: "c1" top: "c2"
                 convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
        layers { name: "ip" type: INNER_PRODUCT bottom: "c2" top: "ip" inner_product_param { num_output: 3 } }
    """
    done = transplanted(tmp_path, text, module)
    assert chosen(done) == {"c1": ("0",), "c2": ("2",), "ip": ("4",)}
    assert_same(done, module, 1, 2, 4, 4)


def test_vgg_names(tmp_path: Path) -> None:
    """features.N and conv4_3, classifier.N and fc6: equal shapes in a chain, no name in common."""
    convs = [nn.Conv2d(6 if place else 3, 6, 3, padding=1) for place in range(7)]
    features = nn.Sequential(*(each for one in convs for each in (one, nn.ReLU(inplace=True))))
    linears = (
        nn.Linear(6 * 4, 24),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(24, 24),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(24, 4),
    )
    module = seeded(nn.Sequential(features, nn.Flatten(), nn.Sequential(*linears)))
    names = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3"]
    text, bottom = data(1, 3, 2, 2), "data"
    for name in names:
        text += conv(name, bottom, 6) + relu(name.replace("conv", "relu"), name)
        bottom = name
    text += fc("fc6", bottom, 24) + relu("relu6", "fc6") + layer("Dropout", "drop6", "fc6", top="fc6")
    text += fc("fc7", "fc6", 24) + relu("relu7", "fc7") + fc("fc8", "fc7", 4)
    assert_same(transplanted(tmp_path, text, module), module, 1, 3, 2, 2)


class Bottleneck(nn.Module):
    def __init__(self, inner: int, width: int, outer: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outer, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outer)
        self.downsample: nn.Module | None = None
        if inner != outer:
            self.downsample = nn.Sequential(nn.Conv2d(inner, outer, 1, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (self.downsample(x) if self.downsample is not None else x))


class ResNet50(nn.Module):
    """Its stem, and three blocks of its first stage, where the shortcut has the shape of conv3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Bottleneck(4, 4, 16), Bottleneck(16, 4, 16), Bottleneck(16, 4, 16))
        self.fc = nn.Linear(16 * 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer1(F.relu(self.bn1(self.conv1(x))))
        found: torch.Tensor = self.fc(torch.flatten(x, 1))
        return found


def he_block(name: str, bottom: str, width: int, outer: int, *, shortcut: bool) -> str:
    """A block under the names of the first ResNet's prototxt, where the shortcut stands first."""
    text, other = "", bottom
    if shortcut:
        other = f"{name}_branch1"
        text += conv(other, bottom, outer, 1, bias=False) + bn(f"bn{name[3:]}_branch1", other)
    for part, out, kernel in (("a", width, 1), ("b", width, 3), ("c", outer, 1)):
        own = f"{name}_branch2{part}"
        text += conv(own, bottom, out, kernel, bias=False) + bn(f"bn{name[3:]}_branch2{part}", own)
        text += relu(f"{own}_relu", own) if part != "c" else ""
        bottom = own
    return text + layer("Eltwise", name, f"{other} {bottom}") + relu(f"{name}_relu", name)


def test_resnet_50_under_its_first_names(tmp_path: Path) -> None:
    module = seeded(ResNet50())
    text = (
        data(1, 3, 2, 2) + conv("conv1", "data", 4, bias=False) + bn("bn_conv1", "conv1") + relu("conv1_relu", "conv1")
    )
    text += he_block("res2a", "conv1", 4, 16, shortcut=True)
    text += he_block("res2b", "res2a", 4, 16, shortcut=False)
    text += he_block("res2c", "res2b", 4, 16, shortcut=False) + fc("fc1000", "res2c", 3)
    done = transplanted(tmp_path, text, module)
    assert chosen(done)["res2a_branch1"] == ("layer1.0.downsample.0",)
    assert_same(done, module, 1, 3, 2, 2)
