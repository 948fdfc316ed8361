"""output_padding as zeros behind the kernel."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.layers import Deconvolution
from caffe_ir.layers.source import ConvTranspose
from caffe_ir.passes.legalize import LEGALIZE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import rewritten


def weights(axes):
    random = np.random.default_rng(2)
    return random.standard_normal((2, 3, *(3,) * axes)), random.standard_normal(3)


def transposed(shape=(1, 2, 4, 5), dilation=(1, 1), output_padding=(1, 1)):
    axes = len(dilation)
    net = net_of(shape)
    layer = ConvTranspose(
        num_output=3,
        kernel_size=(3,) * axes,
        stride=(2,) * axes,
        pad=(1,) * axes,
        output_padding=output_padding,
        dilation=dilation,
    )
    add(net, "up", layer, *weights(axes))
    return net


@pytest.mark.parametrize("output_padding", [(1, 1), (0, 1), (1, 0)])
def test_zeros_behind_the_kernel_are_enough_without_dilation(output_padding):
    after = written(transposed(output_padding=output_padding))
    (deconvolution,) = after.nodes[1:]
    assert isinstance(deconvolution.layer, Deconvolution)
    assert deconvolution.layer.kernel_size == tuple(3 + extra for extra in output_padding)


def test_what_dilation_makes_too_much_is_cut_off():
    after = written(transposed(dilation=(2, 1)))
    assert [node.layer.type_name() for node in after.nodes] == ["Input", "Deconvolution", "CropTo"]
    assert [node.name for node in after.nodes[1:]] == ["up_whole", "up"]


def test_golden():
    after = written(transposed())
    assert "up: Deconvolution(num_output=3, kernel_size=[4], stride=[2], pad=[1]) " in after.dump()
    assert "[2, 3, 4, 4] [3]  [1x3x8x10]" in after.dump()


def test_boxes_are_cut_axis_by_axis():
    net = transposed((1, 2, 3, 2, 3), (2, 1, 3), (1, 1, 2))
    after = rewritten(net, LEGALIZE)
    assert after.nodes[1].layer.type_name() == "Deconvolution"
    assert {top for node in after.nodes for top in node.tops if not after.consumers(top)} == set(after.outputs)
