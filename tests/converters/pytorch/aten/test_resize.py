"""Resizes against torch, and against the numbers that practitioners wrote down."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import Calls, converted, images, layers

SIZES = [{"size": (7, 9)}, {"size": (2, 3)}, {"scale_factor": 1.7}, {"scale_factor": 2}, {"scale_factor": (0.5, 3)}]


@pytest.mark.parametrize("to", SIZES, ids=str)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
def test_interpolate(mode, to):
    converted(Calls(lambda x: F.interpolate(x, mode=mode, **to)), images(2, 3, 4, 5))


@pytest.mark.parametrize("to", SIZES, ids=str)
@pytest.mark.parametrize(
    "options", [{"align_corners": True}, {"antialias": True}, {"recompute_scale_factor": True}], ids=str
)
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_interpolate_with_options(mode, options, to):
    if "recompute_scale_factor" in options and "size" in to:
        options = {}
    converted(Calls(lambda x: F.interpolate(x, mode=mode, **to, **options)), images(1, 2, 8, 5))


@pytest.mark.parametrize(
    ("mode", "shape", "to"),
    [
        ("nearest", (2, 3, 5), {"scale_factor": 2}),
        ("nearest-exact", (2, 3, 5), {"size": 3}),
        ("linear", (2, 3, 5), {"size": 8}),
        ("nearest", (1, 2, 3, 4, 5), {"scale_factor": 2}),
        ("trilinear", (1, 2, 3, 4, 5), {"size": (5, 2, 7)}),
    ],
)
def test_interpolate_of_other_ranks(mode, shape, to):
    converted(Calls(lambda x: F.interpolate(x, mode=mode, **to)), images(*shape))


@pytest.mark.parametrize("by", [{"scale_factor": 2}, {"size": (8, 10)}, {"scale_factor": (2, 2)}], ids=str)
def test_upsample_by_size_and_by_factor_are_the_same_layer(by):
    """Practitioners' pitfall: with a size the parameter of Upsample came out empty."""
    (node,) = converted(torch.nn.Upsample(**by), images(1, 3, 4, 5)).nodes[1:]
    assert str(node.layer) == "Deconvolution(num_output=3, group=3, bias_term=False, kernel_size=[2], stride=[2])"
    assert np.all(node.blobs[0].load() == 1)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_one_cell_to_a_map_is_a_deconvolution(mode):
    net = converted(Calls(lambda x: F.interpolate(x, size=(4, 6), mode=mode)), images(2, 3, 1, 1))
    assert layers(net) == ["Deconvolution"]


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_the_size_that_is_there_leaves_no_layer(mode):
    assert layers(converted(Calls(lambda x: F.interpolate(x.relu(), size=(4, 5), mode=mode)), images(1, 3, 4, 5))) == [
        "ReLU"
    ]


ROWS: dict[bool, list[float]] = {
    True: [1, 1.4286, 1.8571, 2.2857, 2.7143, 3.1429, 3.5714, 4],
    False: [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4],
}
COLUMNS: dict[bool, list[float]] = {
    True: [1, 2.7143, 4.4286, 6.1429, 7.8571, 9.5714, 11.2857, 13],
    False: [1, 2, 4, 6, 8, 10, 12, 13],
}


@pytest.mark.parametrize("corners", [True, False])
def test_bilinear_4x4_numbers(corners):
    """Practitioners' pitfall, with their numbers: 1..16 by 2; "no way was found to make Caffe do torch's bilinear"."""
    net = convert(torch.nn.Upsample(scale_factor=2, mode="bilinear", align_corners=corners), (images(1, 1, 4, 4),))
    x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
    y = run(lower(net, CAFFE, Options()), {"input": x})[net.outputs[0]][0, 0]
    np.testing.assert_allclose(y[0], ROWS[corners], atol=5e-5)
    np.testing.assert_allclose(y[:, 0], COLUMNS[corners], atol=5e-5)


def test_bilinear_by_deconvolution_numbers():
    """Practitioners' table: Caffe's bilinear Deconvolution is torch's conv_transpose2d, which is not a resize."""
    side = torch.tensor([0.25, 0.75, 0.75, 0.25])
    module = torch.nn.ConvTranspose2d(1, 1, 4, 2, 1, bias=False)
    module.weight.data = (side[:, None] * side)[None, None]
    net = converted(module, images(1, 1, 4, 4))
    y = run(net, {"input": np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)})[net.outputs[0]][0, 0]
    assert y[0].tolist() == [0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 2.4375, 2.8125, 2.25]
    assert y[-1].tolist() == [7.3125, 9.9375, 10.3125, 10.6875, 11.0625, 11.4375, 11.8125, 9.0]


@pytest.mark.parametrize(("size", "wanted"), list(product([3, 10, 49], [7, 30, 100, 147])))
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_places_of_nearest_are_those_of_torchs_float32(mode, size, wanted):
    """torch rounds the product of a place and a float32 factor down; float64 finds other places."""
    x = torch.arange(float(size)).reshape(1, 1, 1, size)
    net = convert(Calls(lambda x: F.interpolate(x, size=(1, wanted), mode=mode)), (x,))
    y = run(net, {net.nodes[0].top: x.numpy()})[net.outputs[0]]
    np.testing.assert_array_equal(y, F.interpolate(x, size=(1, wanted), mode=mode).numpy())
