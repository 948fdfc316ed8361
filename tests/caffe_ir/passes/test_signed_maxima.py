"""Maxima where the target begins with 0: behind a ReLU they stay, elsewhere no Pooling computes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Log, Pooling, ReLU
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.passes.signed_maxima import SIGNED_MAXIMA
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

NNCASE = TARGETS["nncase"]
SPP = Pooling(pool="MAX", kernel_size=(5, 5), pad=(2, 2))


def pooled(before=None) -> Net:
    net = net_of((1, 2, 7, 6))
    if before is not None:
        add(net, "before", before)
    add(net, "pool", SPP)
    return net


def types(net: Net) -> list[str]:
    return [node.layer.type_name() for node in net.nodes]


def run_for(net: Net, target) -> Net:
    """It runs twice, and does nothing the second time."""
    return rewritten(net, SIGNED_MAXIMA, context=Context(target=target, options=Options()))


def test_what_the_target_gets_wrong_is_no_pooling_any_more() -> None:
    assert run_for(pooled(), NNCASE).dump() == GOLDEN


def test_it_leaves_alone_what_is_never_negative_and_other_targets() -> None:
    for net in (run_for(pooled(ReLU()), NNCASE), run_for(pooled(), CAFFE)):
        assert net.nodes[-1].layer == SPP


def test_windows_that_hold_nothing_are_left_and_refused() -> None:
    net = net_of((1, 2, 7, 6))
    add(net, "pool", Pooling(pool="MAX", kernel_size=(1, 1), stride=(2, 2)))
    assert run_for(net, NNCASE).dump() == net.dump()
    with pytest.raises(ConversionError, match="a maximum over numbers that may be negative"):
        lower(net, NNCASE, Options())


def test_a_file_for_it_computes_torchs_maxima_of_negative_numbers() -> None:
    x = np.random.default_rng(2).uniform(-2, -1, (1, 2, 7, 6))
    made = lower(pooled(), NNCASE, Options())
    assert "Pooling" not in types(made)
    assert list(NNCASE.verdicts(made)) == []
    wanted = functional.max_pool2d(torch.from_numpy(x), 5, 1, 2).numpy()
    assert np.array_equal(run(made, {"data": x}, np.float64)[made.outputs[0]], wanted)


def test_global_maxima_are_of_the_whole_map() -> None:
    net = net_of((1, 2, 7, 6))
    add(net, "pool", Pooling(pool="MAX", global_pooling=True))
    x = np.random.default_rng(2).uniform(-2, -1, (1, 2, 7, 6))
    made = lower(net, NNCASE, Options())
    assert "Pooling" not in types(made)
    assert np.array_equal(run(made, {"data": x}, np.float64)[made.outputs[0]], x.max(axis=(2, 3), keepdims=True))


def test_a_layer_that_is_refused_elsewhere_does_not_keep_the_maxima() -> None:
    with pytest.raises(ConversionError) as raised:
        lower(pooled(Log()), NNCASE, Options())
    assert ["Log" in problem.what for problem in raised.value.problems] == [True]


WINDOWS = "WindowPool(pool=MAX, kernel_size=(5, 5), stride=(1, 1), output_size=(7, 6), begin=(2, 2))"
GOLDEN = f"""\
net tiny
  data: Input(shape=[(1, 2, 7, 6)])  -> data  [1x2x7x6]
  pool: SignedMaximum(windows={WINDOWS}) data -> pool  [1x2x7x6]
  outputs pool
"""
