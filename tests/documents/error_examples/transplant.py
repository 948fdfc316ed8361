from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds import transplant as kinds
from tests.documents.error_examples.case import checkpoint, convert, layer, made, module, prototxt, raises

CONV = "convolution_param { num_output: 4 kernel_size: 3 }"
FILL = "pytorch model.npz --prototxt deploy.prototxt -o filled"


@raises(kinds.NOT_FILLED)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV) + layer("conv2", "Convolution", "conv1", CONV))
    checkpoint(conv1__weight=(4, 3, 3, 3), conv1__bias=(4,))
    return convert(FILL)


@raises(kinds.NOT_USED)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV))
    checkpoint(conv1__weight=(4, 3, 3, 3), conv1__bias=(4,), fc__weight=(10, 4), fc__bias=(10,))
    return convert(FILL)


@raises(kinds.SEVERAL_WAYS)
def _() -> str:
    prototxt(layer("left", "Convolution", "data", CONV) + layer("right", "Convolution", "data", CONV))
    checkpoint(a__weight=(4, 3, 3, 3), a__bias=(4,), b__weight=(4, 3, 3, 3), b__bias=(4,))
    return convert(FILL)


@raises(kinds.MAP)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV))
    checkpoint(conv1__weight=(4, 3, 3, 3), conv1__bias=(4,))
    Path("map.toml").write_text('[layers]\nconv9 = "conv1"\n')
    return convert(FILL + " --map map.toml")


def norm() -> None:
    prototxt(
        layer("bn1", "BatchNorm", "data", "batch_norm_param { eps: 0.001 }")
        + layer("scale1", "Scale", "bn1", "scale_param { bias_term: true }")
    )
    checkpoint(**{f"bn1__{part}": (3,) for part in ("weight", "bias", "running_mean", "running_var")})


@raises(kinds.EPSILON)
def _() -> str:
    norm()
    return convert(FILL)


@raises(kinds.NO_PLACE_FOR_BIAS)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV.replace("}", "bias_term: false }")))
    norms = {f"bn1__{part}": (4,) for part in ("weight", "bias", "running_mean", "running_var")}
    checkpoint(conv1__weight=(4, 3, 3, 3), **norms)
    Path("map.toml").write_text('[layers]\nconv1 = ["conv1", "bn1"]\n')
    return convert(FILL + " --map map.toml")


@raises(kinds.NOT_REFILLABLE)
def _() -> str:
    import torch

    module("return self.conv1(x)", init="self.conv1 = nn.Conv2d(3, 4, 3)")
    made("pytorch nets.py:Net --input 1x3x8x8 -o deploy -q")
    torch.save({"conv9.weight": torch.ones(4, 3, 3, 3), "conv9.bias": torch.ones(4)}, "other.pth")
    return convert("pytorch other.pth --prototxt deploy.prototxt -o filled")


@raises(kinds.SHARED_WEIGHTS)
def _() -> str:
    prototxt(
        layer("conv1", "Convolution", "data", CONV + ' param { name: "w" } param { name: "b1" }')
        + layer("conv2", "Convolution", "data", CONV + ' param { name: "w" } param { name: "b2" }')
    )
    checkpoint(conv1__weight=(4, 3, 3, 3), conv1__bias=(4,))
    return convert(FILL)


@raises(kinds.DIFFERS_FROM_MODEL)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV) + layer("relu1", "TanH", "conv1"))
    Path("nets.py").write_text(
        "from torch import nn\n\n\ndef net():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n"
    )
    checkpoint(**{"0__weight": (4, 3, 3, 3), "0__bias": (4,)})
    return convert(FILL + " --model nets.py:net")
