from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Convolution, Deconvolution, Im2col

rng = np.random.default_rng(1)
TORCH = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TORCH_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _weights(layer, bottom):
    return [rng.standard_normal(shape) for shape in layer.blob_shapes((bottom.shape,))]


def _tensors(*arrays):
    return [torch.tensor(array) for array in arrays]


windows = st.tuples(
    st.integers(1, 3).flatmap(
        lambda axes: st.tuples(
            st.lists(st.integers(1, 9), min_size=axes, max_size=axes),
            st.lists(st.integers(1, 4), min_size=axes, max_size=axes),
            st.lists(st.integers(1, 3), min_size=axes, max_size=axes),
            st.lists(st.integers(0, 3), min_size=axes, max_size=axes),
            st.lists(st.integers(1, 2), min_size=axes, max_size=axes),
        )
    ),
    st.sampled_from([(1, 1), (1, 3), (2, 1), (2, 2), (3, 1)]),  # groups and the channels of each
    st.integers(1, 3),
    st.booleans(),
)


@given(windows)
def test_convolution_is_torchs(drawn):
    (sizes, kernel, stride, pad, dilation), (group, channels), outer, bias = drawn
    axes = zip(sizes, kernel, pad, dilation, strict=True)
    assume(all(size + 2 * margin > spread * (taps - 1) for size, taps, margin, spread in axes))
    layer = Convolution(
        num_output=group * outer,
        kernel_size=tuple(kernel),
        stride=tuple(stride),
        pad=tuple(pad),
        dilation=tuple(dilation),
        group=group,
        bias_term=bias,
    )
    bottom = rng.standard_normal((2, group * channels, *sizes))
    blobs = _weights(layer, bottom)
    (top,) = layer.forward([bottom], blobs)
    weight, *shift = _tensors(*blobs)
    expected = TORCH[len(sizes)](
        torch.tensor(bottom), weight, shift[0] if shift else None, stride, pad, dilation, group
    )
    np.testing.assert_allclose(top, expected.numpy(), rtol=1e-12, atol=1e-12)
    assert layer.infer((bottom.shape,)) == (top.shape,)
    assert (
        layer.forward([bottom.astype(np.float32)], [blob.astype(np.float32) for blob in blobs])[0].dtype == np.float32
    )


@given(windows)
def test_deconvolution_is_torchs(drawn):
    (sizes, kernel, stride, pad, dilation), (group, channels), outer, bias = drawn
    axes = zip(sizes, kernel, stride, pad, dilation, strict=True)
    assume(all(s * (size - 1) + d * (k - 1) + 1 > 2 * p for size, k, s, p, d in axes))
    layer = Deconvolution(
        num_output=group * outer,
        kernel_size=tuple(kernel),
        stride=tuple(stride),
        pad=tuple(pad),
        dilation=tuple(dilation),
        group=group,
        bias_term=bias,
    )
    bottom = rng.standard_normal((2, group * channels, *sizes))
    blobs = _weights(layer, bottom)
    (top,) = layer.forward([bottom], blobs)
    weight, *shift = _tensors(*blobs)
    expected = TORCH_TRANSPOSED[len(sizes)](
        torch.tensor(bottom), weight, shift[0] if shift else None, stride, pad, 0, group, dilation
    )
    np.testing.assert_allclose(top, expected.numpy(), rtol=1e-12, atol=1e-12)
    assert layer.infer((bottom.shape,)) == (top.shape,)
    assert top.flags.c_contiguous
    assert (
        layer.forward([bottom.astype(np.float32)], [blob.astype(np.float32) for blob in blobs])[0].dtype == np.float32
    )


def test_an_input_short_of_the_kernel_is_completed_with_zeros():
    """Measured in BVLC Caffe: 2x2 input, kernel 3, stride 2, no pad."""
    layer = Convolution(num_output=2, kernel_size=(3, 3), stride=(2, 2), bias_term=False)
    bottom, weight = rng.standard_normal((1, 3, 2, 2)), rng.standard_normal((2, 3, 3, 3))
    expected = F.conv2d(F.pad(torch.tensor(bottom), (0, 1, 0, 1)), torch.tensor(weight)).numpy()
    np.testing.assert_allclose(layer.forward([bottom], [weight])[0], expected, rtol=1e-12, atol=1e-12)
    assert layer.infer((bottom.shape,)) == ((1, 2, 1, 1),)


def test_without_spatial_axes_it_is_a_matrix_product():
    layer = Convolution(num_output=4, kernel_size=())
    bottom, weight, bias = rng.standard_normal((5, 3)), rng.standard_normal((4, 3)), rng.standard_normal(4)
    (top,) = layer.forward([bottom], [weight, bias])
    np.testing.assert_allclose(top, F.linear(*_tensors(bottom, weight, bias)).numpy(), rtol=1e-12, atol=1e-12)
    assert layer.spelled() == {"num_output": 4, "kernel_size": [1]}
    assert Convolution.parsed({"num_output": 4, "kernel_size": [1]}).placed(((5, 3),), 1) == layer


def test_axes_before_axis_are_batch():
    layer = Convolution(num_output=4, kernel_size=(3,), axis=-2)
    bottom = rng.standard_normal((2, 5, 3, 8))
    weight, bias = _weights(layer, bottom)
    assert weight.shape == (4, 3, 3)
    expected = F.conv1d(*_tensors(bottom.reshape(10, 3, 8), weight, bias)).numpy().reshape(2, 5, 4, 6)
    np.testing.assert_allclose(layer.forward([bottom], [weight, bias])[0], expected, rtol=1e-12, atol=1e-12)


def test_dilation_zero_reads_one_cell():
    layer = Convolution(num_output=2, kernel_size=(2, 2), dilation=(0, 0), bias_term=False)
    bottom, weight = rng.standard_normal((1, 3, 4, 4)), rng.standard_normal((2, 3, 2, 2))
    expected = F.conv2d(torch.tensor(bottom), torch.tensor(weight.sum(axis=(2, 3), keepdims=True))).numpy()
    np.testing.assert_allclose(layer.forward([bottom], [weight])[0], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [Convolution, Deconvolution])
def test_several_bottoms_share_the_weights(kind):
    layer = kind(num_output=3, kernel_size=(2, 2))
    first, second = rng.standard_normal((2, 1, 3, 4, 4))
    blobs = _weights(layer, first)
    tops = layer.forward([first, second], blobs)
    assert layer.infer((first.shape, second.shape)) == tuple(top.shape for top in tops)
    np.testing.assert_array_equal(tops[1], layer.forward([second], blobs)[0])
    with pytest.raises(ShapeError):
        layer.infer((first.shape, (1, 3, 5, 4)))


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"group": 2}, (1, 3, 4, 4)),
        ({"group": 3}, (1, 3, 4, 4)),
        ({"num_output": 0}, (1, 3, 4, 4)),
        ({"group": 0}, (1, 3, 4, 4)),
        ({"kernel_size": (0, 3)}, (1, 3, 4, 4)),
        ({"stride": (1, 0)}, (1, 3, 4, 4)),
        ({}, (1, 3, 4)),
        ({}, (1, 3, 4, 4, 4)),
        ({}, (1, 3, 2, 4)),
        ({"axis": 4}, (1, 3, 4, 4)),
    ],
)
def test_convolution_refuses_what_caffe_refuses(changes, shape):
    with pytest.raises(ShapeError):
        Convolution(**{"num_output": 4, "kernel_size": (3, 3), **changes}).infer((shape,))


def test_deconvolution_refuses_what_leaves_nothing():
    with pytest.raises(ShapeError):
        Deconvolution(num_output=1, kernel_size=(2, 2), pad=(1, 1)).infer(((1, 1, 1, 1),))
    with pytest.raises(ShapeError):
        Deconvolution(num_output=3, kernel_size=(2, 2), group=2).infer(((1, 2, 4, 4),))


@pytest.mark.parametrize(("pad", "stride", "dilation"), [((0, 0), (1, 1), (1, 1)), ((1, 2), (2, 1), (2, 1))])
def test_im2col_is_torchs_unfold(pad, stride, dilation):
    layer = Im2col(kernel_size=(3, 2), pad=pad, stride=stride, dilation=dilation)
    bottom = rng.standard_normal((2, 3, 7, 6))
    (top,) = layer.forward([bottom], [])
    expected = F.unfold(torch.tensor(bottom), (3, 2), dilation, pad, stride).numpy()
    np.testing.assert_array_equal(top.reshape(expected.shape), expected)
    assert layer.infer((bottom.shape,)) == (top.shape,)


def test_spellings():
    layer = Convolution(num_output=8, kernel_size=(3, 3), pad=(1, 1), bias_term=False)
    assert layer.spelled() == {"num_output": 8, "bias_term": False, "kernel_size": [3], "pad": [1]}
    assert str(layer).startswith("Convolution(")
    uneven = Convolution(num_output=8, kernel_size=(1, 7), pad=(0, 3), stride=(2, 1), dilation=(1, 2), group=4)
    assert uneven.spelled() == {
        "num_output": 8,
        "group": 4,
        "kernel_h": 1,
        "kernel_w": 7,
        "pad_h": 0,
        "pad_w": 3,
        "stride_h": 2,
        "stride_w": 1,
        "dilation": [1, 2],
    }
    assert Convolution.parsed({**uneven.spelled(), "weight_filler": {"type": "msra"}, "engine": "CAFFE"}) == uneven
    assert Deconvolution.parsed(layer.spelled()).pad == (1, 1)
    volume = Convolution(num_output=8, kernel_size=(3, 3, 3))
    assert Convolution.parsed(volume.spelled()).placed(((1, 2, 5, 5, 5),), 1) == volume


@pytest.mark.parametrize(
    "windows",
    [
        {"kernel_size": (1, 3, 5)},
        {"kernel_size": (3, 3, 3), "pad": (1, 0, 2)},
        {"kernel_size": (2, 2, 2), "stride": (2, 1, 2), "dilation": (1, 2, 1)},
        {"kernel_size": (3, 3, 3), "stride": (2, 2, 2)},
        {"kernel_size": (5,), "pad": (2,)},
    ],
)
def test_a_file_says_the_windows_of_any_number_of_axes(windows):
    layer = Convolution(num_output=2, **windows)
    bottom = (1, 4, *(9 for _ in layer.kernel_size))
    spelled = {name: value for name, value in layer.spelled().items() if value != []}
    assert Convolution.parsed(spelled).placed((bottom,), 1) == layer


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_deconvolution_says_its_stride_always(axes):
    layer = Deconvolution(num_output=2, kernel_size=(3,) * axes)
    assert layer.spelled()["stride"] == [1]
    assert Deconvolution(num_output=2, kernel_size=(3, 3), stride=(2, 1)).spelled()["stride_h"] == 2
    assert "stride" not in Convolution(num_output=2, kernel_size=(3,) * axes).spelled()
