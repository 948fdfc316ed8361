"""Every single fault put into a converted net is found, and the layer that has it is named first."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write
from caffe_ir.layers import BNLL, ReLU, TanH
from caffe_ir.targets import CAFFE
from converters.verify import caffe_files, verify
from converters.verify.unreadable import comparison_of_unreadable
from tests.converters.verify.planting import (
    bottoms,
    converted,
    dropped,
    inserted,
    kind,
    parameter,
    product,
    verified,
    weights,
)

# The layer at fault, what it is to blame for, and the fault.
PLANTED = {
    "weights with their kernel axes swapped": ("conv_0", "weights", weights("conv_0", 0, lambda w: w.swapaxes(2, 3))),
    "a square weight with input and output swapped": (
        "conv_7", "weights", weights("conv_7", 0, lambda w: w.swapaxes(0, 1))),
    "a kernel turned by half a circle": ("conv_5", "weights", weights("conv_5", 0, lambda w: w[:, :, ::-1, ::-1])),
    "BGR weights for RGB": ("conv_0", "weights", weights("conv_0", 0, lambda w: w[:, ::-1])),
    "weights that are all zero": ("conv_11", "weights", weights("conv_11", 0, np.zeros_like)),
    "weights that are twice too large": ("conv_13", "weights", weights("conv_13", 0, lambda w: 2 * w)),
    "one weight that is off by a thousandth": (
        "conv_11", "weights", weights("conv_11", 0, lambda w: w + 1e-3 * (np.arange(w.size) == 77).reshape(w.shape))),
    "weights that are not numbers": ("conv_5", "weights", weights("conv_5", 0, lambda w: np.where(w > 0.3, np.nan, w))),
    "a bias of the next channel": ("conv_5", "weights", weights("conv_5", 1, lambda b: np.roll(b, 1))),
    "a transposed InnerProduct": ("connected_17", "weights", weights("connected_17", 0, np.transpose)),
    "eps left at its default": ("conv_0_bn", "geometry", parameter("conv_0_bn", eps=1e-5)),
    "a BatchNorm factor of 0": ("conv_2_bn", "weights", weights("conv_2_bn", 2, lambda f: 0 * f)),
    "a BatchNorm factor that was not divided by": ("conv_2_bn", "weights", weights("conv_2_bn", 2, lambda f: 999 * f)),
    "mean and variance swapped": ("conv_7_bn", "weights", weights("conv_7_bn", 0, lambda m: m + 1)),
    "the standard deviation for the variance": ("conv_7_bn", "weights", weights("conv_7_bn", 1, np.sqrt)),
    "statistics of the batch": ("conv_0_bn", "geometry", parameter("conv_0_bn", use_global_stats=False)),
    "a missing Scale": ("conv_0_scale", "missing layer", dropped("conv_0_scale")),
    "a missing BatchNorm": ("conv_7_bn", "missing layer", dropped("conv_7_bn")),
    "gamma without its sign": ("conv_0_scale", "weights", weights("conv_0_scale", 0, lambda g: 1.5 * np.abs(g))),
    "beta of another sign": ("conv_2_scale", "weights", weights("conv_2_scale", 1, np.negative)),
    "a relu dropped": ("conv_2_relu", "missing layer", dropped("conv_2_relu")),
    "a leaky relu made a relu": ("conv_0_leaky", "geometry", parameter("conv_0_leaky", negative_slope=0.0)),
    "another library's slope": ("shortcut_8_leaky", "geometry", parameter("shortcut_8_leaky", negative_slope=0.01)),
    "a relu where there is none": ("surplus", "further layer", inserted("conv_7_scale")),
    "a tanh made a relu": ("conv_5_tanh", "type", kind("conv_5_tanh", ReLU())),
    "an elu made a tanh": ("conv_11_elu", "type", kind("conv_11_elu", TanH())),
    "a sigmoid made a softplus": ("connected_17_logistic", "type", kind("connected_17_logistic", BNLL())),
    "an alpha forgotten": ("conv_11_elu", "geometry", parameter("conv_11_elu", alpha=0.5)),
    "half of a two-layer activation": ("conv_13_loggy1", "missing layer", dropped("conv_13_loggy1")),
    "average for maximum": ("maxpool_6", "geometry", parameter("maxpool_6", pool="AVE")),
    "a pool that is padded on the wrong side": ("maxpool_9", "geometry", parameter("maxpool_9", offset=(0, 0))),
    "a crop that is off by one": ("maxpool_9", "geometry", parameter("maxpool_9", offset=(1, 0))),
    "a centre crop off by one": ("crop_15", "weights", weights("crop_15", 0, lambda w: np.roll(w, 1, 2))),
    "a transposed reorg": ("reorg_10_moved", "weights", weights("reorg_10_moved", 0, lambda w: w.swapaxes(2, 3))),
    "a reorg in another order": (
        "reorg_10_moved", "weights", weights("reorg_10_moved", 0, lambda w: np.roll(w, 3, axis=0))),
    "a reversed reorg in another order": ("reorg_12", "weights", weights("reorg_12", 0, lambda w: w[::-1])),
    "an upsampling that leaves holes": (
        "upsample_3", "weights", weights("upsample_3", 0, lambda w: w * np.array([[1, 0], [0, 0]]))),
    "a concat in another order": ("route_4", "input", bottoms("route_4", "maxpool_1", "upsample_3")),
    "a shortcut from another layer": ("shortcut_8", "input", bottoms("shortcut_8", "conv_7_scale", "maxpool_6")),
    "a sum made a product": ("shortcut_8", "geometry", kind("shortcut_8", product())),
    "a sum with coefficients": ("shortcut_8", "geometry", parameter("shortcut_8", coeff=(1.0, 2.0))),
    "a local normalisation of another power": (
        "normalization_14_factors", "geometry", parameter("normalization_14_factors", power=-0.5)),
    "the image's adjustment forgotten": ("crop_15_adjust", "missing layer", dropped("crop_15_adjust")),
    "softmax along another axis": ("softmax_18", "geometry", parameter("softmax_18", axis=1)),
    "the last softmax left out": ("softmax_18", "missing layer", dropped("softmax_18")),
    # what the reader refuses, for sizes or weights no longer fit
    "a wrong group": ("conv_2", "geometry", parameter("conv_2", group=2)),
    "a pad forgotten": ("conv_7", "geometry", parameter("conv_7", pad=(0, 0))),
    "a stride forgotten": ("conv_2", "geometry", parameter("conv_2", stride=(1, 1))),
    "a dilation too many": ("conv_5", "geometry", parameter("conv_5", dilation=(2, 2))),
    "a larger window": ("maxpool_1", "geometry", parameter("maxpool_1", kernel_size=(3, 3))),
    "a kernel of 3 and no pad for 2": ("maxpool_9_ceil", "geometry", parameter("maxpool_9_ceil", pad=(0, 0))),
    "an average of a window": (
        "avgpool_16", "geometry", parameter("avgpool_16", global_pooling=False, kernel_size=(4, 4), stride=(4, 4))),
    "a view of other sizes": ("reorg_10_view", "geometry", parameter("reorg_10_view", shape=(0, 12, 12, 16))),
}  # fmt: skip


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return converted(tmp_path_factory.mktemp("planted"))


def outcome(folder, net, plant):
    """What `convert verify` finds, whether or not the files can still be read as a net."""
    spoilt = net.made.copy()
    plant(spoilt)
    write(spoilt, folder / "pair", CAFFE)
    try:
        files = caffe_files(folder / "pair.prototxt", folder / "pair.caffemodel")
    except ConversionError as error:
        return comparison_of_unreadable(net.source, folder / "pair.prototxt", error)
    return verify(net.source, files)


def test_there_are_enough_faults():
    assert len(PLANTED) >= 30


def test_the_net_itself_is_right(tmp_path, net):
    found = verified(tmp_path, net.source, net.made)
    assert (found.verdict, found.faults, found.missing) == ("agrees", (), ())
    assert len(found.trials[0].rows) == len(net.model.net.values) - 1


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_named_first(tmp_path, net, what):
    layer, blamed, plant = PLANTED[what]
    found = outcome(tmp_path, net, plant)
    assert found is not None
    assert found.verdict == "differs"
    assert (found.faults[0].layer, found.faults[0].kind) == (layer, blamed), str(found.faults[0])


def test_floor_for_ceil_is_named_first(tmp_path):
    """Caffe's own rounding is ceil; on odd maps floor leaves out the last row and column."""
    odd = "[net]\nheight=9\nwidth=11\nchannels=3\n[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n"
    net = converted(
        tmp_path, odd + "[maxpool]\nsize=2\nstride=2\n[convolutional]\nfilters=4\nsize=1\nactivation=relu\n"
    )
    write(net.made, tmp_path / "pair", CAFFE)
    path = tmp_path / "pair.prototxt"
    assert path.read_text().count("pool: MAX") == 1
    path.write_text(path.read_text().replace("pool: MAX", "pool: MAX round_mode: FLOOR"))
    found = verify(net.source, caffe_files(path, tmp_path / "pair.caffemodel"))
    assert found.verdict == "differs"
    assert found.faults[0].layer == "maxpool_1"
    assert found.faults[0].text == "round_mode is FLOOR where not written belongs"
    assert found.trials[0].wrong[0].other_shape == (1, 4, 4, 5)


@pytest.mark.parametrize("what", ["weights with their kernel axes swapped", "a relu dropped", "a pad forgotten"])
def test_a_fault_in_a_folded_net_is_named_first(tmp_path, what):
    layer, blamed, plant = PLANTED[what]
    folded = converted(tmp_path, fold=True)
    found = outcome(tmp_path, folded, plant)
    assert (found.faults[0].layer, found.faults[0].kind) == (layer, blamed)
