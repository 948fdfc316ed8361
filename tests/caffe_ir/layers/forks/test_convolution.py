from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.layers import Convolution, ConvolutionDepthwise, DepthwiseConvolution, HoleConvolution

X = np.random.default_rng(0).normal(size=(2, 3, 6, 7))


def test_each_channel_has_a_filter_of_its_own_whatever_the_file_says() -> None:
    layer = ConvolutionDepthwise(num_output=6, kernel_size=(3, 3), pad=(1, 1), bias_term=False).placed((X.shape,), 1)
    assert layer.group == 3
    assert "group" not in layer.spelled()
    (shape,) = layer.blob_shapes((X.shape,))
    weights = np.random.default_rng(1).normal(size=shape)
    wanted = functional.conv2d(torch.from_numpy(X), torch.from_numpy(weights), padding=1, groups=3).numpy()
    np.testing.assert_allclose(layer.forward([X], [weights])[0], wanted, atol=1e-13)


def test_the_other_name_is_the_same_layer() -> None:
    assert DepthwiseConvolution.type_name() == "DepthwiseConvolution"
    assert DepthwiseConvolution(num_output=3, kernel_size=(1, 1)).placed((X.shape,), 1).group == 3


@pytest.mark.parametrize(("fields", "dilation"), [({"hole": 2}, (2, 2)), ({"hole_h": 1, "hole_w": 2}, (1, 2))])
def test_a_hole_is_torchs_dilation(fields: dict[str, int], dilation: tuple[int, int]) -> None:
    layer = HoleConvolution.parsed({"num_output": 2, "kernel_size": (3,), "pad": (2,), **fields, "bias_term": False})
    (shape,) = layer.blob_shapes((X.shape,))
    weights = np.random.default_rng(1).normal(size=shape)
    convolve = torch.from_numpy(X), torch.from_numpy(weights)
    wanted = functional.conv2d(*convolve, padding=2, dilation=dilation).numpy()
    np.testing.assert_allclose(layer.forward([X], [weights])[0], wanted, atol=1e-13)
    assert layer.infer((X.shape,)) == (wanted.shape,)
    assert {name: layer.spelled()[name] for name in fields} == fields
    assert "dilation" not in layer.spelled()
    assert HoleConvolution.parsed(layer.spelled()) == layer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "it has no hole"),
        ({"hole": 2, "dilation": (2,)}, "hole and dilation say twice how far its taps are apart"),
        ({"hole_h": 2, "dilation": (2,)}, "hole_h and dilation say twice"),
        ({"hole": 2, "hole_h": 2, "hole_w": 2}, "hole and hole_h and hole_w say twice"),
    ],
    ids=str,
)
def test_a_convolution_without_a_hole_is_no_such(fields: dict[str, int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        HoleConvolution.parsed({"num_output": 2, "kernel_size": (3,), **fields})
    with pytest.raises(ValueError, match="hole"):
        Convolution.parsed({"num_output": 2, "kernel_size": (3,), "hole": 2})
