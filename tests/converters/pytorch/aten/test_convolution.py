"""Convolutions against torch, in every pattern of arguments."""

from __future__ import annotations

import pytest
from torch import nn

from converters.pytorch import convert
from tests.converters.pytorch.judge import converted, decomposed, images, layers


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "padding": 1, "bias": False},
        {"kernel_size": (1, 5), "padding": (0, 2), "stride": (1, 2)},
        {"kernel_size": 3, "dilation": (2, 1), "padding": (2, 1)},
        {"kernel_size": 3, "groups": 6, "padding": 1},
        {"kernel_size": 3, "groups": 3},
        {"kernel_size": 3, "padding": "same"},
        {"kernel_size": 3, "padding": "same", "dilation": 2},
        {"kernel_size": 2, "padding": "valid", "stride": 2},
    ],
    ids=str,
)
def test_conv2d(options):
    assert layers(converted(nn.Conv2d(6, 12, **options), images(2, 6, 9, 8))) == ["Convolution"]


@pytest.mark.parametrize("options", [{"kernel_size": 4}, {"kernel_size": (2, 3), "dilation": (3, 1)}], ids=str)
def test_same_with_an_odd_number_of_zeros_puts_one_more_at_the_end(options):
    net = converted(nn.Conv2d(3, 4, padding="same", **options), images(1, 3, 9, 8), lowered=False)
    assert layers(net) == ["Pad", "Convolution"]


@pytest.mark.parametrize("options", [{"kernel_size": 3, "padding": 1}, {"kernel_size": 5, "groups": 2, "stride": 2}])
def test_conv1d_runs_as_a_convolution_of_maps_of_height_1(options):
    net = converted(nn.Conv1d(4, 8, **options), images(2, 4, 11))
    assert layers(net) == ["Reshape", "Convolution", "Reshape"]


@pytest.mark.parametrize("options", [{"kernel_size": 3, "padding": 1}, {"kernel_size": (1, 2, 3), "stride": (1, 2, 1)}])
def test_conv3d(options):
    assert layers(converted(nn.Conv3d(2, 4, **options), images(1, 2, 5, 6, 7))) == ["Convolution"]


def test_an_image_without_a_batch():
    assert layers(converted(nn.Conv2d(3, 4, 3), images(3, 8, 8))) == ["Reshape", "Convolution", "Reshape"]


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 2, "stride": 2},
        {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False},
        {"kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
        {"kernel_size": 3, "dilation": 2},
        {"kernel_size": (1, 3), "stride": (1, 2), "padding": (0, 1)},
    ],
    ids=str,
)
def test_conv_transpose2d_is_a_deconvolution(options):
    assert layers(converted(nn.ConvTranspose2d(4, 6, **options), images(2, 4, 5, 6))) == ["Deconvolution"]


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        {"kernel_size": 3, "stride": (2, 3), "padding": 1, "output_padding": (1, 2), "bias": False},
        {"kernel_size": 2, "stride": 4, "output_padding": 3, "groups": 2},
        {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 1, "output_padding": 1},
        {"kernel_size": 3, "stride": 3, "dilation": 2, "output_padding": 2},
    ],
    ids=str,
)
def test_conv_transpose2d_output_padding(options):
    """Practitioners' pitfall: output_padding adds to the size in PyTorch, and Caffe has none."""
    net = converted(nn.ConvTranspose2d(4, 6, **options), images(1, 4, 5, 4))
    assert layers(net)[0] == "Deconvolution"


def test_conv_transpose1d():
    net = converted(nn.ConvTranspose1d(4, 6, 3, 2, 1, output_padding=1), images(2, 4, 7))
    assert layers(net) == ["Reshape", "Deconvolution", "Reshape"]


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2, "dilation": 2, "output_padding": 1},
        {"stride": (2, 1, 3), "dilation": (1, 2, 2), "padding": 1, "output_padding": (1, 1, 1)},
        {"stride": 1, "dilation": 3, "output_padding": (2, 0, 1), "bias": False},
    ],
    ids=str,
)
def test_conv_transpose_of_boxes_with_output_padding_and_dilation(options):
    x = images(2, 3, 3, 2, 4)
    converted(nn.ConvTranspose3d(3, 4, (3, 2, 3), **options), x)


def test_conv_transpose1d_with_output_padding_and_dilation():
    converted(nn.ConvTranspose1d(4, 6, 3, 2, 1, output_padding=2, dilation=3), images(2, 4, 7))


def test_an_older_convolution_of_a_decomposed_program():
    program = decomposed(nn.Conv2d(3, 4, 3, padding=1).eval(), images(1, 3, 8, 8))
    assert layers(convert(program)) == ["Convolution"]
