"""TorchScript: names, inputs, and what of it cannot be read."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import agreement, images, settled
from tests.converters.pytorch.nets import Block

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*in-place.*")


class Two(nn.Module):
    """Two inputs, one of them with a default, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1))

    def forward(self, image: torch.Tensor, shift: torch.Tensor, scale: float = 2.0):
        y = self.body(image) * scale
        return {"sum": y + shift, "own": y}


def scripted():
    return torch.jit.script(Two().eval())


def told(script, *inputs, **named):
    with pytest.raises(ConversionError) as refused:
        convert(script, inputs, example_kwargs=named)
    return [str(problem) for problem in refused.value.problems]


def test_layers_with_weights_have_the_path_of_their_module():
    x = images(2, 8, 9, 9)
    module = settled(Block(8, 16, 2), x)
    for script in (torch.jit.trace(module, (x,)), torch.jit.script(module)):
        net = convert(script, (x,))
        plain = convert(module, (x,))
        weighted = [node.name for node in plain.nodes if node.blobs]
        assert [node.name for node in net.nodes if node.blobs] == weighted
        assert net.nodes[0].name == plain.nodes[0].name == "x"
        with torch.no_grad():
            assert agreement(net, [module(x)], (x,)) < 1e-5


@pytest.mark.parametrize("named", [False, True])
def test_inputs_by_place_and_by_name(named):
    image, shift = images(1, 3, 5, 5), images(1, 4, 1, 1)
    script = scripted()
    net = convert(
        script, () if named else (image, shift), example_kwargs={"shift": shift, "image": image} if named else {}
    )
    assert [node.name for node in net.nodes if not node.bottoms and not node.blobs] == ["image", "shift"]
    assert net.outputs == ["sum", "own"]
    with torch.no_grad():
        wanted = script(image, shift)
    assert agreement(net, [wanted["sum"], wanted["own"]], (image, shift)) < 1e-5


def test_inputs_that_do_not_fit_are_all_told():
    assert told(scripted(), images(1, 3, 5, 5), shfit=images(1)) == [
        "forward(image, shift, scale) has no input shfit\n    -> did you mean shift?",
        "forward(image, shift, scale) needs an input for shift\n    -> give --input shift=1x3x224x224, with its shape",
    ]
    (problem,) = told(scripted(), *[images(1)] * 4)
    assert problem == "forward(image, shift, scale) does not take 4 inputs"


def test_a_script_that_cannot_run_on_the_inputs_is_told_from_one_that_cannot_be_read():
    (problem,) = told(scripted(), images(1, 5, 5, 5), images(1, 4, 1, 1))
    assert "this TorchScript program cannot run on these inputs" in problem
    assert "to have 3 channels, but got 5 channels" in problem
    assert "(1, 5, 5, 5) float32, (1, 4, 1, 1) float32" in problem


def test_a_script_in_training_mode_is_told_of():
    script = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout()))
    net = convert(script, (images(1, 3, 5, 5),))
    assert any("training mode" in note.text for note in net.notes)
    assert script.training


def test_a_frozen_script_has_no_modes():
    script = torch.jit.freeze(torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()).eval()))
    net = convert(script, (images(1, 3, 5, 5),))
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Convolution", "ReLU"]
