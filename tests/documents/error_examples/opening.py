from __future__ import annotations

import sys
import types
from pathlib import Path

from caffe_ir.error_kinds import opening as kinds
from tests.documents.error_examples.case import checkpoint, convert, module, raises

RESNET = """
import torch
from torch import nn


def resnet18():
    return nn.Conv2d(3, 4, 3)


def resnet50(depth):
    return nn.Conv2d(3, depth, 3)


def resnet():
    return {"conv1": nn.Conv2d(3, 4, 3)}


def trained():
    net = nn.Conv2d(3, 4, 3)
    net.load_state_dict(torch.load("best.pth"))
    return net


def meta():
    return nn.Conv2d(3, 4, 3, device="meta")


def quantized():
    return torch.ao.nn.quantized.Conv2d(3, 4, 3)


class Free(nn.Module):
    def forward(self, x):
        return x + 1


def free():
    return torch.export.export(Free(), (torch.zeros(2, 3),), dynamic_shapes=({0: torch.export.Dim("batch")},))
"""


def of(function: str, options: str = "--input 1x3x8x8") -> str:
    Path("nets.py").write_text(RESNET.lstrip())
    return convert(f"pytorch nets.py:{function} {options} -o deploy")


@raises(kinds.NO_FUNCTION)
def _() -> str:
    return of("resnet34")


@raises(kinds.FUNCTION_FAILED)
def _() -> str:
    return of("trained")


@raises(kinds.NOT_A_MODEL)
def _() -> str:
    return of("resnet")


@raises(kinds.FUNCTION_ARGUMENTS)
def _() -> str:
    return of("resnet50")


@raises(kinds.EXAMPLE_INPUTS)
def _() -> str:
    return of("resnet18", "--input 224,224")


@raises(kinds.OPEN_SIZE)
def _() -> str:
    return of("free", "")


@raises(kinds.CANNOT_OPEN)
def _() -> str:
    """A pickle of a class whose file is not there."""
    import torch

    gone = types.ModuleType("gone")
    exec("from torch import nn\n\n\nclass Net(nn.Module): ...", vars(gone))
    sys.modules["gone"] = gone
    torch.save(gone.Net(), "model.pt")
    del sys.modules["gone"]
    return convert("pytorch model.pt --trust-pickle --input 1x3 -o deploy")


@raises(kinds.CODE_IN_FILE)
def _() -> str:
    import torch

    torch.save(torch.nn.ReLU(), "model.pt")
    return convert("pytorch model.pt --input 1x3 -o deploy")


@raises(kinds.WEIGHTS_DO_NOT_FIT)
def _() -> str:
    checkpoint(weight=(4, 3, 5, 5), bias=(4,))
    return of("resnet18", "--weights model.npz --input 1x3x8x8")


@raises(kinds.NO_PROGRAM)
def _() -> str:
    import torch

    torch.save({"fc.weight": torch.ones(4, 3)}, "weights.pth")
    return convert("pytorch weights.pth --input 1x3 -o deploy")


@raises(kinds.PLUGIN)
def _() -> str:
    module("return x + 1")
    Path("plugin.py").write_text("def handler(call, build): ...\n")
    return convert("pytorch nets.py:Net --plugin plugin.py --input 1x3 -o deploy")


@raises(kinds.QUANTIZED_MODEL)
def _() -> str:
    return of("quantized")


@raises(kinds.NO_NUMBERS)
def _() -> str:
    return of("meta")


@raises(kinds.SEVERAL_MODELS)
def _() -> str:
    import torch

    torch.save({"generator": torch.nn.ReLU(), "discriminator": torch.nn.Tanh()}, "gan.pt")
    return convert("pytorch gan.pt --trust-pickle --input 1x3 -o deploy")
