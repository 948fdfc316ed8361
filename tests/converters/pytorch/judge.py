"""torch is the judge: a module's net must compute, in float64, what the module does after .double()."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import torch

from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.pytorch import convert

EXACT = 1e-9


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def settled(module: torch.nn.Module, *inputs: torch.Tensor) -> torch.nn.Module:
    """The module in eval mode, its weights and BatchNorm statistics such that no signal dies or explodes."""
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.affine:
            part.weight.data.uniform_(0.5, 1.5, generator=generator)
            part.bias.data.normal_(generator=generator)
    if inputs:
        with torch.no_grad():
            for _ in range(20):
                module.train()(*inputs)
    return module.eval()


def fed(net: Net, inputs: tuple[torch.Tensor, ...]) -> dict[str, np.ndarray]:
    """The inputs by the names of the net's own, in order."""
    names = [node.top for node in net.nodes if isinstance(node.layer, Input)]
    return {name: value.detach().double().numpy() for name, value in zip(names, inputs, strict=True)}


def flat(result) -> list[torch.Tensor]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(result) if isinstance(leaf, torch.Tensor)]


def agreement(net: Net, wanted: list[torch.Tensor], inputs: tuple[torch.Tensor, ...]) -> float:
    """The largest difference to torch of any output, relative to its largest number."""
    blobs = run(net, fed(net, inputs), np.float64)
    worst = 0.0
    for name, want in zip(net.outputs, wanted, strict=True):
        assert blobs[name].shape == tuple(want.shape)
        expected = want.detach().double().numpy()
        assert np.abs(expected).max() > 0, "a signal that died proves nothing"
        worst = max(worst, float(np.abs(blobs[name] - expected).max() / np.abs(expected).max()))
    return worst


def converted(module: torch.nn.Module, *inputs: torch.Tensor, lowered: bool = True) -> Net:
    """The module's net, judged as it comes from the frontend and, if wanted, again after the passes for Caffe."""
    module = module.eval()
    net = convert(module, inputs)
    double = tuple(value.double() if value.is_floating_point() else value for value in inputs)
    with torch.no_grad():
        wanted = flat(copy.deepcopy(module).double()(*double))
    assert agreement(net, wanted, inputs) < EXACT
    if lowered:
        lower(net, CAFFE, Options())
        assert agreement(net, wanted, inputs) < EXACT
    return net


def decomposed(module: torch.nn.Module, *inputs: torch.Tensor) -> torch.export.ExportedProgram:
    """The program in core ATen operations, as other tools save it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(module, inputs).run_decompositions()


def layers(net: Net) -> list[str]:
    """The types of the net's layers in their order, without inputs."""
    return [node.layer.type_name() for node in net.nodes if node.layer.type_name() != "Input"]


class Calls(torch.nn.Module):
    """A module that calls one function on its inputs."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.eval()

    def forward(self, *inputs):
        return self.function(*inputs)


class Beside(torch.nn.Module):
    """A module that calls one function on its inputs and on tensors that it holds."""

    def __init__(self, function, *held: torch.Tensor) -> None:
        super().__init__()
        self.function, self.count = function, len(held)
        for number, tensor in enumerate(held):
            self.register_buffer(f"held{number}", tensor)

    def forward(self, *inputs):
        return self.function(*inputs, *(self.get_buffer(f"held{number}") for number in range(self.count)))
