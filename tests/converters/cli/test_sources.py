from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.cli.sources import darknet_model, torch_model, torch_net
from converters.options import DarknetOptions, PyTorchOptions
from tests.converters.cli.given import TINY
from tests.converters.cli.given import darknet_model as files_of_darknet

FACTORY = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 1)

    def forward(self, image):
        return self.conv(image).relu()

def net(width=2):
    return Net(width)
"""


@pytest.fixture
def factory(tmp_path: Path) -> str:
    (tmp_path / "made.py").write_text(FACTORY)
    return f"{tmp_path / 'made.py'}:net"


def test_a_darknet_model_is_read_as_the_options_say(tmp_path: Path) -> None:
    cfg, weights = files_of_darknet(tmp_path, TINY)
    options = DarknetOptions(bn="darknet-gpu", batch=2, input_size=(64, 32))
    model = darknet_model(cfg, weights, options)
    assert model.batch_norm.form == "inside"
    assert model.net.shapes["data"] == (2, 3, 64, 32)


def test_a_pytorch_model_gets_arguments_weights_and_inputs(factory: str, tmp_path: Path) -> None:
    weights = {"conv.weight": torch.full((4, 3, 1, 1), 0.5), "conv.bias": torch.zeros(4)}
    torch.save(weights, tmp_path / "w.pth")
    options = PyTorchOptions(input=("image=1x3x5x6",), arguments={"width": 4}, weights=tmp_path / "w.pth")
    net = torch_net(factory, options)
    assert net.name == "net"
    assert net.shapes["image"] == (1, 3, 5, 6)
    assert set(net.node("conv").blobs[0].load().ravel()) == {0.5}
    assert torch_model(factory, options).kwargs["image"].shape == (1, 3, 5, 6)


def test_handlers_of_the_users_own_are_known(factory: str, tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(
        "from caffe_ir.layers import Sigmoid\n"
        "HANDLERS = {'aten.relu.default': lambda call, build: build.add(Sigmoid(), call.value())}\n"
    )
    net = torch_net(factory, PyTorchOptions(input=("1x3x5x6",), plugins=(tmp_path / "plugin.py",)))
    assert net.nodes[-1].layer.type_name() == "Sigmoid"


def test_what_cannot_be_read_is_told(factory: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="the model has no input picture"):
        torch_net(factory, PyTorchOptions(input=("picture=1x3x5x6",)))
    with pytest.raises(ConversionError):
        darknet_model(tmp_path / "no.cfg", tmp_path / "no.weights", DarknetOptions())
