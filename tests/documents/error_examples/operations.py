from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds import operations as kinds
from tests.documents.error_examples.case import raises, refused


@raises(kinds.UNSUPPORTED_OPERATION)
def _() -> str:
    return refused("return torch.linalg.det(x)")


@raises(kinds.UNSUPPORTED_CASE)
def _() -> str:
    return refused("return torch.cdist(x, x, p=float('inf'))", shape="1x4x3")


@raises(kinds.ARGUMENT_NOT_READ)
def _() -> str:
    Path("plugin.py").write_text(
        "from caffe_ir.layers import ReLU\n\n\n"
        "def relu(call, build):\n    return build.add(ReLU(), call.value())\n\n\n"
        'HANDLERS = {"aten::leaky_relu": relu}\n'
    )
    return refused("return nn.functional.leaky_relu(x, 0.2)", options="--plugin plugin.py")


@raises(kinds.DEPENDS_ON_INPUT)
def _() -> str:
    return refused("return x[:, x[0, :, 0, 0].long()]")


@raises(kinds.NOT_FLOATING)
def _() -> str:
    return refused("return x.int().float()")


@raises(kinds.NOT_FINITE)
def _() -> str:
    return refused('return torch.where(x > 0, 1.0, float("inf"))')


@raises(kinds.EMPTY)
def _() -> str:
    return refused("return torch.split(x, [0, 3], 1)[1]")


@raises(kinds.HANDLER)
def _() -> str:
    Path("plugin.py").write_text(
        "def relu(call, build):\n    return build.reshape(call.value(), (1, 192))\n\n\n"
        'HANDLERS = {"aten::relu": relu}\n'
    )
    return refused("return nn.functional.relu(x)", options="--plugin plugin.py")
