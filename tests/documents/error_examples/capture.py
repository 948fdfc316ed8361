from __future__ import annotations

from caffe_ir.error_kinds import capture as kinds
from tests.documents.error_examples.case import convert, raises, refused


@raises(kinds.MODEL_RAISES)
def _() -> str:
    return refused("return self.fc(x)", init="self.fc = nn.Linear(4, 2)", shape="1x3")


@raises(kinds.DATA_DEPENDENT)
def _() -> str:
    return refused("if x.sum() > 0:\n    return x\nreturn -x")


@raises(kinds.TRAINING_MODE)
def _() -> str:
    return refused("return nn.functional.dropout(x, 0.5)")


@raises(kinds.KEEPS_STATE)
def _() -> str:
    forward = "self.count.add_(1)\nreturn x * self.count"
    return refused(forward, init='self.register_buffer("count", torch.zeros(1))')


@raises(kinds.TORCHSCRIPT)
def _() -> str:
    import torch

    lines = ("parts = []", "for n in range(int(x.sum())):", "    parts.append(x)", "return parts")
    script = torch.jit.ScriptModule()
    script.define("def forward(self, x):\n" + "".join(f"    {line}\n" for line in lines))
    script.save("model.pt")
    return convert("pytorch model.pt --input 1x3 -o deploy")


@raises(kinds.IN_PLACE)
def _() -> str:
    return refused("y = self.drop(x)\ny.relu_()\nreturn x + y", init="self.drop = nn.Dropout(0.5)")


@raises(kinds.UNKNOWN_CONTAINER)
def _() -> str:
    init = "class Boxes:\n    pass\n\nself.kind = Boxes"
    return refused("boxes = self.kind()\nboxes.x = x + 1\nreturn boxes", init=init)


@raises(kinds.RANDOM)
def _() -> str:
    return refused("return x + torch.randn(1, 3, 8, 8)")


@raises(kinds.BRANCHES)
def _() -> str:
    return refused("return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))")


@raises(kinds.NO_OUTPUT)
def _() -> str:
    return refused("return None")
