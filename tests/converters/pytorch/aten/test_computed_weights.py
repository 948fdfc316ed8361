"""Convolutions by weights that are computed, against torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Convolution
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images


class CondConv(nn.Module):
    """CondConv (Yang et al. 2019) as people write it: the images of a batch are groups of one convolution."""

    def __init__(self, *, groups: int = 1, bias: bool = False, kernel: int = 3, experts: int = 4) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(2)
        self.groups, self.kernel = groups, kernel
        self.routing = nn.Linear(8, experts)
        numbers = 6 * (8 // groups) * kernel**2 if groups == 1 else 8 * (8 // groups) * kernel**2
        self.outputs = 6 if groups == 1 else 8
        self.weight = nn.Parameter(torch.randn(experts, numbers, generator=generator))
        self.bias = nn.Parameter(torch.randn(experts, self.outputs, generator=generator)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        shares = torch.sigmoid(self.routing(x.mean((2, 3))))
        shape = (batch * self.outputs, channels // self.groups, self.kernel, self.kernel)
        weight = torch.matmul(shares, self.weight).view(shape)
        bias = None if self.bias is None else torch.matmul(shares, self.bias).view(-1)
        joined = x.reshape(1, batch * channels, height, width)
        y = F.conv2d(joined, weight, bias, 2, self.kernel // 2, 1, self.groups * batch)
        return y.view(batch, self.outputs, y.shape[-2], y.shape[-1])


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"groups": 2, "bias": True}, {"groups": 8}, {"kernel": 1, "bias": True}])
def test_mixtures_of_experts(batch, options):
    net = converted(CondConv(**options), images(batch, 8, 7, 6))
    convolutions = [node.layer for node in net.nodes if isinstance(node.layer, Convolution)]
    assert [layer.num_output for layer in convolutions if layer.kernel_size != (1, 1)] in ([], [24], [32])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.conv2d(x, x[:1, :, 2:5, 2:5].reshape(8, 1, 3, 3), groups=8),  # a tracker's correlation
        lambda x: F.conv2d(x, x[:, :4, :3, :2].reshape(2, 4, 3, 2), stride=2, padding=1, dilation=2, groups=2),
        lambda x: F.conv2d(x, x[0].mean((1, 2)).reshape(1, 8, 1, 1), torch.full((1,), 0.5).to(x)),
        lambda x: F.conv2d(x, x[:, :, :2, :2].reshape(2, 8, 2, 2), x[0, 0, 0, :2]),
        lambda x: F.conv2d(x, x[:, :, :2, :2].reshape(2, 8, 2, 2), padding="same"),
        lambda x: F.conv1d(x[0, :, :, 0], x[1, :, :3, 0][None]),
    ],
)
def test_any_weights(function):
    converted(Calls(function), images(2, 8, 7, 6))


def test_a_transposed_convolution_is_refused():
    with pytest.raises(ConversionError, match="its weight depends on the net's input"):
        convert(Calls(lambda x: F.conv_transpose2d(x, x[:, :, :2, :2].reshape(8, 2, 2, 2))), (images(2, 8, 7, 6),))
