from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from caffe_ir.layers import ConvolutionDepthwise, DepthwiseConvolution

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
