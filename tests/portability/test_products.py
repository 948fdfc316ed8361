"""Products of activations, and sums over many cells, in BVLC Caffe itself, where `TOCAFFE_ENGINES` has it.

Each net runs on several inputs, one after the other in one process: what it writes into weights at run time must not
stay for the next.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.files.writer import write
from caffe_ir.layers import Input
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.transformers import PSA, MaxViT, Swin, ViT
from tests.end_to_end.test_attention import Attention
from tests.portability.caffe_runs import in_caffe
from tests.portability.engines import FOLDER

RUNS = 3
TENSOR = torch.Tensor


class Of(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., TENSOR]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: TENSOR) -> TENSOR:
        return self.function(*inputs)


def correlation(target: TENSOR, search: TENSOR) -> TENSOR:
    """As in SiamFC: one picture's template is the filter for the map of its search region."""
    return F.conv2d(search, target)


def correlation_by_channel(target: TENSOR, search: TENSOR) -> TENSOR:
    """As in SiamRPN++: of a batch, each with its own template."""
    batch, channels, *size = search.shape
    filters = target.reshape(batch * channels, 1, *target.shape[2:])
    found = F.conv2d(search.reshape(1, batch * channels, *size), filters, groups=batch * channels)
    return found.reshape(batch, channels, *found.shape[2:])


class Dynamic(nn.Module):
    """A convolution whose weights are a mixture of four, by what the picture shows."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(6, 4)
        self.weights = nn.Parameter(torch.randn(4, 8 * 6 * 3 * 3))

    def forward(self, x: TENSOR) -> TENSOR:
        mixture = self.gate(x.mean((2, 3))).softmax(1) @ self.weights
        return F.conv2d(x, mixture.reshape(8, 6, 3, 3), padding=1)


PRODUCTS: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "attention": (Attention, [(1, 5, 8)]),
    "attention of two": (Attention, [(2, 5, 8)]),
    "attention of three": (Attention, [(3, 5, 8)]),
    "bmm": (lambda: Of(torch.bmm), [(6, 5, 7), (6, 7, 4)]),
    "correlation": (lambda: Of(correlation), [(1, 8, 3, 3), (1, 8, 9, 9)]),
    "correlation by channel of one": (lambda: Of(correlation_by_channel), [(1, 8, 3, 3), (1, 8, 9, 9)]),
    "correlation by channel of two": (lambda: Of(correlation_by_channel), [(2, 8, 3, 3), (2, 8, 9, 9)]),
    "dynamic convolution": (Dynamic, [(1, 6, 8, 8)]),
    "einsum of two": (lambda: Of(lambda q, k: torch.einsum("bhic,bhjc->bhij", q, k)), [(2, 3, 5, 4), (2, 3, 6, 4)]),
    "einsum over channels": (lambda: Of(lambda x, y: torch.einsum("nchw,ncd->ndhw", x, y)), [(1, 6, 4, 5), (1, 6, 3)]),
    "matmul": (lambda: Of(torch.matmul), [(1, 4, 6, 5), (1, 4, 5, 7)]),
    "matmul of two": (lambda: Of(torch.matmul), [(2, 4, 6, 5), (2, 4, 5, 7)]),
    "maxvit of two": (MaxViT, [(2, 3, 16, 16)]),
    "psa of two": (PSA, [(2, 8, 4, 5)]),
    "swin of two": (Swin, [(2, 3, 16, 16)]),
    "vit of two": (ViT, [(2, 3, 16, 16)]),
}
SUMS: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "group norm over 262144": (lambda: nn.GroupNorm(2, 8), [(1, 8, 256, 256)]),
    "instance norm over 262144": (lambda: nn.InstanceNorm2d(2), [(1, 2, 512, 512)]),
    "l2 norm over 131072": (lambda: Of(lambda x: F.normalize(x, dim=1)), [(1, 131072)]),
    "layer norm over 131072": (lambda: nn.LayerNorm(131072), [(1, 2, 131072)]),
    "mean over 262144": (lambda: nn.AdaptiveAvgPool2d(1), [(1, 3, 512, 512)]),
    "softmax over 131072": (lambda: nn.Softmax(-1), [(1, 2, 131072)]),
}


def errors(make: Callable[[], nn.Module], shapes: list[tuple[int, ...]], engine: str, folder: Path) -> list[float]:
    """For each run the largest difference from the module in float64, over the largest number there."""
    if not (FOLDER / engine).exists():
        pytest.skip(f"{FOLDER} has no {engine}: scripts/bvlc_caffe builds it")
    torch.manual_seed(0)
    module = make().eval()
    sets = [tuple(torch.randn(shape) + 0.5 for shape in shapes) for _ in range(RUNS)]
    net = lower(convert(module, sets[0]), CAFFE, Options())
    written = write(net, folder / "net", CAFFE)
    names = [node.top for node in net.nodes if isinstance(node.layer, Input)]
    feeds = [{name: x.numpy() for name, x in zip(names, each, strict=True)} for each in sets]
    found, _ = in_caffe(FOLDER / engine, written, net.outputs, feeds, folder / engine)
    module = module.double()
    with torch.no_grad():
        wanted = [module(*(x.double() for x in each)).numpy() for each in sets]
    return [
        float(np.abs(top.reshape(right.shape) - right).max() / np.abs(right).max())
        for (top,), right in zip(found, wanted, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "allowed"), [("caffe", 2e-6), ("caffe-double", 2e-7)], ids=["float32", "float64"])
@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_products_of_activations_are_right_at_every_run(name, engine, allowed, tmp_path):
    assert max(errors(*PRODUCTS[name], engine, tmp_path)) < allowed


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SUMS))
def test_sums_over_many_cells_keep_their_digits_in_float32(name, tmp_path):
    """One AVE pooling over so many loses 3.7e-5; the sum of a softmax is Caffe's, and loses 5e-6."""
    assert max(errors(*SUMS[name], "caffe", tmp_path)) < (1e-5 if name.startswith("softmax") else 2e-6)


@pytest.mark.slow
def test_a_softmax_over_a_long_row_loses_what_caffes_own_layer_loses(tmp_path):
    """The net is that layer alone: right in doubles, while the sum of the layer itself loses digits in float32."""
    make, shapes = SUMS["softmax over 131072"]
    net = lower(convert(make().eval(), tuple(torch.zeros(shape) for shape in shapes)), CAFFE, Options())
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Softmax"]
    assert max(errors(make, shapes, "caffe-double", tmp_path)) < 1e-13
