"""ncnn reads no Caffe files by itself and its converter is in no package: these verdicts were measured elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.layers import (
    Concat,
    Convolution,
    Crop,
    Exp,
    Flatten,
    InnerProduct,
    Mish,
    Pooling,
    Power,
    ReLU,
    Reshape,
    Scale,
    Slice,
    Softmax,
)
from caffe_ir.targets import NCNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import differences
from tests.caffe_ir.targets.measured import Measured, Trial, expected, trial_name

MAP = (1, 4, 6, 7)


@pytest.mark.parametrize(
    ("trial", "measured"),
    [
        ((Pooling(pool="AVE", kernel_size=(3, 3), stride=(1, 1), pad=(1, 1)), (MAP,)), "wrong"),
        ((Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2)), (MAP,)), "right"),
        ((Convolution(num_output=4, kernel_size=(3, 3), pad=(2, 1), dilation=(2, 1)), (MAP,)), "wrong"),
        ((Crop(axis=2, offset=(1, 1)), (MAP, (1, 3, 5, 6))), "wrong"),
        ((Crop(axis=2, offset=(1, 1)), (MAP, (1, 4, 5, 6))), "right"),
        ((Concat(axis=0), (MAP, MAP)), "wrong"),
        ((Concat(axis=2), (MAP, MAP)), "right"),
        ((Softmax(axis=-1), (MAP,)), "wrong"),
        ((Flatten(), (MAP,)), "right"),
        ((Flatten(axis=2), (MAP,)), "wrong"),
        ((InnerProduct(num_output=3, axis=2), ((1, 4, 6),)), "right"),
        ((Reshape(shape=(2, 2), axis=1, num_axes=1), (MAP,)), "wrong"),
        ((Exp(), (MAP,)), "right"),
        ((Exp(base=2.0), (MAP,)), "wrong"),
        ((InnerProduct(num_output=3, axis=3), (MAP,)), "wrong"),
        ((Reshape(shape=(4, 6, 7, 1)), (MAP,)), "wrong"),
        ((Reshape(shape=(4, -1, 6)), (MAP,)), "right"),  # all values are behind the number that is taken off
        ((Reshape(shape=(0, 2, 2, 6, 7)), (MAP,)), "wrong"),
        ((Slice(axis=4, slice_point=(1,)), ((1, 2, 4, 4, 4),)), "refused"),
        ((Concat(axis=-1), ((1, 2, 4, 4, 4), (1, 2, 4, 4, 4))), "refused"),
        ((Scale(axis=0), (MAP, (1, 4))), "right"),
        ((Scale(axis=0), (MAP, MAP)), "wrong"),
        ((Scale(axis=3), (MAP,)), "wrong"),
        ((Mish(), (MAP,)), "right"),
        ((Power(power=2.0), (MAP,)), "right"),
    ],
    ids=lambda one: one if isinstance(one, str) else trial_name(one),
)
def test_verdicts(trial: Trial, measured: Measured) -> None:
    assert expected(NCNN, trial) == measured


def test_a_linear_power_is_avoided_because_it_is_slow() -> None:
    verdict = NCNN.verdict(Power(scale=2.0, shift=1.0), (MAP,))
    assert verdict is not None
    assert "ten times" in verdict.why


def test_a_view_that_moves_the_batch_is_right_where_nobody_reads_it() -> None:
    net = net_of(MAP)
    add(net, "steps", Reshape(shape=(4, -1, 6)))
    assert list(NCNN.verdicts(net)) == []
    add(net, "read", ReLU())
    ((node, verdict),) = NCNN.verdicts(net)
    assert (node.name, verdict.silent) == ("steps", True)


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("ncnn", NCNN, tmp_path) == {}
