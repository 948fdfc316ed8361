"""Means over clipped, padded and dilated windows as depthwise convolutions."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional as F

from caffe_ir.blob import Blob
from caffe_ir.forms import window_mean
from caffe_ir.layers.source import WindowPool
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import rewritten

BY_ONE_DIVISOR, BY_PLACE, BY_VALUE = window_mean.FORMS[WindowPool]
FILTERED = "Convolution(num_output=2, group=2, bias_term=False, kernel_size=[2], stride=[2])"
PADDED = WindowPool(
    pool="AVE", kernel_size=(3, 3), stride=(1, 1), begin=(1, 1), end=(1, 1), output_size=(5, 5), divisor="padded"
)
CLIPPED = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(1, 1), output_size=(3, 3))


def net_with(shape, layer):
    net = net_of(shape)
    add(net, "pool", layer)
    return net


def test_another_divisor():
    layer = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(2, 2), output_size=(3, 3), divisor=1)
    (node,) = written(net_with((1, 2, 6, 6), layer), BY_ONE_DIVISOR).nodes[1:]
    assert str(node.layer) == FILTERED
    assert node.blobs[0].load().tolist() == [[[[1, 1], [1, 1]]]] * 2


def test_padded_means_that_are_counted_alike_everywhere_need_no_scale():
    net = net_with((1, 2, 5, 5), PADDED)
    assert [node.layer.type_name() for node in rewritten(net, LEGALIZE).nodes[1:]] == ["Convolution"]


@pytest.mark.parametrize(("form", "repeated"), [(BY_PLACE, 1), (BY_VALUE, 2)], ids=["place", "value"])
def test_a_clipped_mean_is_scaled_by_its_counts(form, repeated):
    net = written(net_with((3, 2, 3, 3), CLIPPED), form)
    assert (1 / net.node("pool_means").blobs[0].load()).tolist() == [4, 4, 2, 4, 4, 2, 2, 2, 1] * repeated
    assert net.shapes["pool_sum"] == (3, 2, 3, 3)  # zeros in the filter, and no crop


@pytest.mark.parametrize("form", [BY_PLACE, BY_VALUE], ids=["place", "value"])
@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_in_float32_weights_its_means_are_torchs(form, kernel):
    """Inverses of 6, 9, 25 or 49 cells, which no float32 is, are off by 1e-8 to 2.5e-8 on the mean of all places."""
    pad = kernel // 2
    layer = WindowPool(
        pool="AVE", kernel_size=(kernel, kernel), stride=(1, 1), begin=(pad, pad), end=(pad, pad), output_size=(28, 28)
    )
    net = written(net_with((1, 2, 28, 28), layer), form)
    for name in ("pool_sum", "pool_means"):
        node = net.node(name)
        net.update(node, replace(node, blobs=tuple(Blob.of(blob.load().astype(np.float32)) for blob in node.blobs)))
    x = np.random.default_rng(0).uniform(1, 2, size=(1, 2, 28, 28))
    wanted = F.avg_pool2d(torch.from_numpy(x), kernel, 1, pad, count_include_pad=False).numpy()
    assert np.abs(run(net, {"data": x}, np.float64)["pool"] / wanted - 1).mean() < 5e-9


def test_golden_dump():
    assert written(net_with((3, 2, 3, 3), CLIPPED), BY_VALUE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(3, 2, 3, 3)])  -> data  [3x2x3x3]\n"
        "  pool_sum: Convolution(num_output=2, group=2, bias_term=False, kernel_size=[3], pad=[1]) data -> pool_sum"
        " | [2, 1, 3, 3]  [3x2x3x3]\n"
        "  pool_places: Reshape(shape=(0, 18, 1, 1)) pool_sum -> pool_places  [3x18x1x1]\n"
        "  pool_means: Scale() pool_places -> pool_means | [18]  [3x18x1x1]\n"
        "  pool: Reshape(shape=(0, 2, 3, 3)) pool_means -> pool  [3x2x3x3]\n"
        "  outputs pool\n"
    )


@pytest.mark.parametrize("form", [BY_PLACE, BY_VALUE], ids=["place", "value"])
@pytest.mark.parametrize("padded", [False, True])
def test_is_torchs(form, padded):
    """A window of 3 with stride 2 and a rounding up on 8 cells, its border counted or not."""
    divisor: Literal["padded", "valid"] = "padded" if padded else "valid"
    layer = WindowPool(
        pool="AVE",
        kernel_size=(3, 3),
        stride=(2, 2),
        begin=(1, 1),
        end=(1, 1),
        output_size=(5, 5),
        divisor=divisor,
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 8))
    wanted = F.avg_pool2d(torch.from_numpy(x), 3, 2, 1, ceil_mode=True, count_include_pad=padded).numpy()
    after = written(net_with(x.shape, layer), form)
    np.testing.assert_allclose(run(after, {"data": x}, np.float64)["pool"], wanted, rtol=1e-12)


def test_what_each_form_is_not_for():
    largest = net_with((1, 2, 9, 9), WindowPool(pool="MAX", kernel_size=(3, 3), stride=(1, 1), output_size=(7, 7)))
    assert {refusal(largest, form) for form in (BY_ONE_DIVISOR, BY_PLACE, BY_VALUE)} == {"it is not a mean"}
    assert refusal(net_with((1, 2, 3, 3), CLIPPED), BY_ONE_DIVISOR) == "its divisors differ"
