from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

from caffe_ir.error_kinds import weights as kinds
from tests.documents.error_examples.case import checkpoint, convert, module, raises


def safetensors(header: bytes, numbers: bytes) -> None:
    Path("model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + numbers)


def header(dtype: str, shape: list[int], end: int) -> bytes:
    return json.dumps({"conv1.weight": {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}}).encode()


@raises(kinds.DAMAGED)
def _() -> str:
    safetensors(b'{"conv1.weight":     }', b"")
    return convert("dump model.safetensors")


@raises(kinds.CUT_SHORT)
def _() -> str:
    safetensors(header("F32", [4, 3], 48), bytes(20))
    return convert("dump model.safetensors")


@raises(kinds.BEYOND_LIMITS)
def _() -> str:
    """A tensor that repeats one number, as torch's expand makes them."""
    import torch

    torch.save({"conv1.weight": torch.ones(1).expand(1 << 40)}, "bomb.pth")
    return convert("dump bomb.pth")


@raises(kinds.NOT_WEIGHTS)
def _() -> str:
    Path("net.prototxt").write_text('layer { name: "data" type: "Input" top: "data" }')
    import torch

    program = torch.export.export(torch.nn.ReLU().eval(), (torch.ones(1, 3),))
    torch.export.save(program, "model.pt2")
    return convert("pytorch model.pt2 --prototxt net.prototxt -o deploy")


@raises(kinds.FORM_NOT_READ)
def _() -> str:
    import torch

    torch.save({"conv1.weight": torch.ones(4, 3)}, "little.pth")
    with zipfile.ZipFile("little.pth") as old, zipfile.ZipFile("model.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, b"big" if name.endswith("byteorder") else old.read(name))
    return convert("dump model.pth")


@raises(kinds.SEVERAL_SETS)
def _() -> str:
    import torch

    torch.save({part: {"fc.weight": torch.ones(4, 3)} for part in ("model", "ema")}, "model.pth")
    module("return self.fc(x)", init="self.fc = nn.Linear(3, 4, bias=False)")
    return convert("pytorch nets.py:Net --weights model.pth --input 1x3 -o deploy")


@raises(kinds.NO_SUCH_SET)
def _() -> str:
    checkpoint(fc__weight=(4, 3))
    Path("nets.py").write_text("from torch import nn\n\n\ndef net():\n    return nn.Linear(3, 4)\n")
    return convert("pytorch nets.py:net --weights model.npz --weights-key ema --input 1x3 -o deploy")
