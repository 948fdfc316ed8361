from __future__ import annotations

from caffe_ir.layers import (
    BatchNorm,
    Convolution,
    Deconvolution,
    Eltwise,
    InnerProduct,
    Pooling,
    Power,
    ReLU,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    TanH,
)
from caffe_ir.targets.nncase import NNCASE
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Convolution(num_output=4, kernel_size=(3, 3)), (MAP,), "ok"),
        (Convolution(num_output=4, kernel_size=(3, 3), bias_term=False), (MAP,), "refused"),
        (Convolution(num_output=4, kernel_size=(3, 3), stride=(2, 1)), (MAP,), "wrong"),
        (ReLU(negative_slope=0.1), (MAP,), "refused"),
        (ReLU(), (MAP,), "ok"),
        (Sigmoid(), (MAP,), "refused"),
        (TanH(), (MAP,), "refused"),
        (Power(), (MAP,), "refused"),
        (Deconvolution(num_output=4, kernel_size=(2, 2)), (MAP,), "refused"),
        (Eltwise(operation="SUM", coeff=(1.0, 0.5)), (MAP, MAP), "wrong"),
        (Eltwise(operation="SUM", coeff=(1.0, -1.0)), (MAP, MAP), "ok"),
        (Slice(slice_point=(1, 2)), (MAP,), "wrong"),
        (Slice(slice_point=(1,)), (MAP,), "ok"),
        (Reshape(shape=(2, 2), axis=1, num_axes=1), (MAP,), "refused"),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2), pad=(1, 1)), ((1, 4, 7, 7),), "wrong"),
        (Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), round_mode="FLOOR"), (MAP,), "ok"),
        (Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2)), (MAP,), "wrong"),
        (Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2)), ((1, 4, 7, 7),), "ok"),
        (Scale(), (MAP,), "ok"),
        (Scale(bias_term=True), (MAP,), "ok"),
        (Scale(), (MAP, (4,)), "refused"),
        (Scale(axis=2), (MAP,), "refused"),
        (Scale(), ((1, 4),), "wrong"),
        (BatchNorm(use_global_stats=True, eps=1e-5), (MAP,), "ok"),
        (BatchNorm(use_global_stats=True, eps=1e-5), ((1, 4),), "wrong"),
        (Slice(slice_point=(1,), axis=-1), (MAP,), "refused"),
        (InnerProduct(num_output=4), (MAP,), "ok"),
    ]
    assert broken(NNCASE, rules) == []


def test_only_three_types_are_read_in_place() -> None:
    assert NNCASE.in_place == (BatchNorm, ReLU, Scale)
