"""ConvTranspose against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import ConvTranspose

torch = pytest.importorskip("torch")

TRANSPOSED = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}
CASES: list[dict[str, Any]] = [
    {"kernel_size": (3, 3), "stride": (2, 2), "pad": (1, 1), "output_padding": (1, 1)},
    {"kernel_size": (2, 3), "stride": (4, 2), "pad": (0, 2), "output_padding": (3, 1)},
    {"kernel_size": (3, 2), "stride": (2, 1), "pad": (1, 0), "output_padding": (1, 2), "dilation": (2, 3)},
    {"kernel_size": (3, 3), "stride": (2, 2), "pad": (1, 1), "output_padding": (1, 0), "group": 2},
    {"kernel_size": (3,), "stride": (3,), "pad": (1,), "output_padding": (2,)},
    {"kernel_size": (1, 2, 3), "stride": (2, 2, 2), "pad": (0, 1, 1), "output_padding": (1, 1, 0)},
]


def layer_of(case, bias_term=True):
    return ConvTranspose(**{"dilation": (1,) * len(case["stride"]), **case}, num_output=6, bias_term=bias_term)


def operands(case):
    random = np.random.default_rng(5)
    axes, group = len(case["stride"]), case.get("group", 1)
    x = random.standard_normal((2, 4, *(5, 4, 3)[:axes]))
    return x, random.standard_normal((4, 6 // group, *case["kernel_size"])), random.standard_normal(6)


@pytest.mark.parametrize("bias_term", [True, False])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_is_torchs(case, bias_term):
    x, weights, bias = operands(case)
    layer = layer_of(case, bias_term)
    transposed = TRANSPOSED[len(layer.stride)]
    wanted = transposed(
        torch.from_numpy(x),
        torch.from_numpy(weights),
        torch.from_numpy(bias) if bias_term else None,
        layer.stride,
        layer.pad,
        layer.output_padding,
        layer.group,
        layer.dilation,
    ).numpy()
    (y,) = layer.forward([x], [weights, bias][: 1 + bias_term])
    assert layer.infer((x.shape,)) == (wanted.shape,)
    assert layer.blob_shapes((x.shape,))[0] == weights.shape
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-12)


def test_an_output_padding_that_torch_refuses():
    with pytest.raises(ShapeError, match="out of torch's bounds"):
        layer_of({**CASES[0], "output_padding": (2, 0)}).infer(((1, 4, 5, 5),))
