from __future__ import annotations

import numpy as np

from caffe_ir.layers import (
    BatchNorm,
    Clip,
    Convolution,
    Deconvolution,
    Exp,
    InnerProduct,
    Log,
    Pooling,
    Power,
    Scale,
    Slice,
    Softmax,
    Split,
    Tile,
)
from caffe_ir.targets.mace import MACE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Convolution(num_output=4, kernel_size=(3, 3), group=2), (MAP,), "refused"),
        (Convolution(num_output=4, kernel_size=(3, 3), group=4), (MAP,), "ok"),
        (Deconvolution(num_output=4, kernel_size=(3, 3), dilation=(2, 2)), (MAP,), "refused"),
        (Power(), (MAP,), "refused"),
        (Exp(), (MAP,), "refused"),
        (Log(), (MAP,), "refused"),
        (Tile(tiles=2), (MAP,), "refused"),
        (Split(), (MAP,), "refused"),
        (Clip(min=0.0, max=6.0), (MAP,), "ok"),
        (Clip(min=-1.0, max=1.0), (MAP,), "refused"),
        (Slice(slice_point=(1,)), (MAP,), "refused"),
        (Softmax(axis=2), (MAP,), "wrong"),
        (InnerProduct(num_output=4, axis=2), (MAP,), "refused"),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2), pad=(1, 1)), ((1, 4, 7, 7),), "wrong"),
    ]
    assert broken(MACE, rules) == []


def test_a_batch_norm_needs_a_scale_behind_it() -> None:
    net = net_of(MAP)
    numbers = (np.zeros(4), np.ones(4), np.ones(1))
    add(net, "alone", BatchNorm(use_global_stats=True, eps=1e-5), *numbers)
    add(net, "bn", BatchNorm(use_global_stats=True, eps=1e-5), *numbers)
    add(net, "scale", Scale(), np.ones(4))
    assert [node.name for node, _ in MACE.verdicts(net)] == ["alone"]


def test_global_pooling_false_is_read_as_true() -> None:
    assert [one.effect for one in MACE.misspelled("Pooling", {"global_pooling": False})] == ["wrong"]
