from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from caffe_ir.geometry import (
    caffe_pool_output,
    conv_output,
    darknet_pool_output,
    deconv_output,
    extent,
    pool_divisors,
    windows,
)

sizes, kernels, strides, dilations = st.integers(1, 30), st.integers(1, 7), st.integers(1, 6), st.integers(1, 3)
pads = st.integers(0, 4)


@given(sizes, kernels, strides, pads, dilations)
def test_conv_output_is_torchs(size, kernel, stride, pad, dilation):
    assume(size + 2 * pad >= extent(kernel, dilation))
    top = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), stride=stride, padding=pad, dilation=dilation)
    assert conv_output(size, kernel, stride, pad, dilation) == top.shape[2]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "dilation", "output"),
    [
        (2, 3, 2, 0, 1, 1),  # measured in BVLC Caffe: one window, completed with zeros
        (2, 3, 1, 0, 1, 0),  # short by a whole stride: no window
        (1, 3, 2, 0, 1, 0),
        (1, 3, 3, 0, 1, 1),
        (1, 6, 2, 0, 1, -1),
        (4, 3, 1, 0, 0, 4),  # dilation 0 is an extent of 1
        (224, 7, 2, 3, 1, 112),  # resnet50's conv1
        (227, 11, 4, 0, 1, 55),  # AlexNet's conv1
        (38, 3, 1, 6, 6, 38),  # SSD300's fc6
    ],
)
def test_conv_output_as_caffe_computes_it(size, kernel, stride, pad, dilation, output):
    assert conv_output(size, kernel, stride, pad, dilation) == output


@given(sizes, kernels, strides, pads, dilations)
def test_deconv_output_is_torchs(size, kernel, stride, pad, dilation):
    expected = stride * (size - 1) - 2 * pad + dilation * (kernel - 1)
    assume(expected >= 0)
    top = F.conv_transpose1d(
        torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), stride=stride, padding=pad, dilation=dilation
    )
    assert deconv_output(size, kernel, stride, pad, dilation) == top.shape[2]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "ceil", "floor"),
    [
        ((112, 112), (3, 3), (2, 2), (0, 0), (56, 56), (55, 55)),  # googlenet's pool1
        ((55, 55), (3, 3), (2, 2), (0, 0), (27, 27), (27, 27)),  # AlexNet's pool1
        ((75, 75), (2, 2), (2, 2), (0, 0), (38, 38), (37, 37)),  # SSD300's pool3
        ((112, 112), (3, 3), (2, 2), (1, 1), (57, 57), (56, 56)),  # torch's resnet50, which BVLC cannot say with CEIL
        ((5, 5), (1, 1), (3, 3), (0, 0), (3, 3), (2, 2)),  # measured: no pad, no clip, the last window lies outside
        ((4, 4), (1, 1), (2, 2), (0, 0), (3, 3), (2, 2)),  # measured
        ((4, 4), (2, 2), (3, 3), (1, 1), (2, 2), (2, 2)),
        ((4, 4), (1, 2), (3, 3), (0, 1), (2, 2), (2, 2)),
        ((5, 5), (1, 2), (3, 3), (0, 1), (2, 2), (2, 2)),  # a pad on one axis clips the other one too
        ((5, 5), (2, 1), (3, 3), (1, 0), (2, 2), (2, 2)),
        ((2, 9), (3, 3), (2, 2), (0, 0), (1, 4), (0, 4)),  # kernel larger than the image
    ],
)
def test_caffe_pool_output_by_hand(size, kernel, stride, pad, ceil, floor):
    assert caffe_pool_output(size, kernel, stride, pad) == ceil
    assert caffe_pool_output(size, kernel, stride, pad, "FLOOR") == floor


pairs_of = {name: st.tuples(each, each) for name, each in (("size", sizes), ("kernel", kernels), ("stride", strides))}


@given(pairs_of["size"], pairs_of["kernel"], pairs_of["stride"], st.data())
def test_caffe_pool_output_counts_windows(size, kernel, stride, data):
    pad = tuple(data.draw(st.integers(0, min(4, taps - 1))) for taps in kernel)
    counted = []
    for axis in range(2):
        room = size[axis] + 2 * pad[axis]
        assume(room >= kernel[axis])
        starts = [0]
        while starts[-1] + kernel[axis] < room:
            starts.append(starts[-1] + stride[axis])
        if any(pad) and starts[-1] >= size[axis] + pad[axis]:
            starts.pop()
        counted.append(len(starts))
    assert caffe_pool_output(size, kernel, stride, pad) == tuple(counted)


@given(pairs_of["size"], pairs_of["kernel"], pairs_of["stride"], st.data(), st.booleans())
def test_caffe_pool_output_is_torchs_where_they_coincide(size, kernel, stride, data, ceil_mode):
    pad = tuple(data.draw(st.integers(0, taps // 2)) for taps in kernel)
    assume(all(extent + 2 * margin >= taps for extent, margin, taps in zip(size, pad, kernel, strict=True)))
    assume(any(pad) or all(step <= taps for step, taps in zip(stride, kernel, strict=True)))
    assume(all(margin < taps for margin, taps in zip(pad, kernel, strict=True)))
    top = F.max_pool2d(torch.zeros(1, 1, *size), kernel, stride, pad, ceil_mode=ceil_mode)
    assert caffe_pool_output(size, kernel, stride, pad, "CEIL" if ceil_mode else "FLOOR") == tuple(top.shape[2:])


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "output"),
    [
        (416, 2, 2, 1, 208),  # yolov3-tiny, padding size - 1 by default
        (13, 2, 1, 1, 13),  # yolov3-tiny's last one
        (112, 3, 2, 2, 56),
        (224, 3, 2, 0, 111),
        (19, 13, 1, 12, 19),  # yolov3-spp
        (7, 2, 2, 1, 4),
    ],
)
def test_darknet_pool_output(size, kernel, stride, padding, output):
    assert darknet_pool_output(size, kernel, stride, padding) == output


def test_windows_and_divisors_by_hand():
    assert windows(7, 3, 2, 1, 4) == ((0, 2), (1, 4), (3, 6), (5, 7))
    assert pool_divisors(7, 3, 2, 1, 4) == (3, 3, 3, 3)
    assert windows(6, 3, 2, 1, 4) == ((0, 2), (1, 4), (3, 6), (5, 6))
    assert pool_divisors(6, 3, 2, 1, 4) == (3, 3, 3, 2)  # the last window hangs over the declared padding
    assert windows(6, 3, 2, 0, 3) == ((0, 3), (2, 5), (4, 6))
    assert pool_divisors(6, 3, 2, 0, 3) == (3, 3, 2)
    assert windows(5, 1, 3, 0, 3)[2] == (6, 5)  # behind the image
    assert pool_divisors(5, 1, 3, 0, 3) == (1, 1, -1)
    assert pool_divisors(4, 1, 2, 0, 3) == (1, 1, 0)
