from __future__ import annotations

from caffe_ir.layers import (
    SPP,
    AbsVal,
    Convolution,
    Deconvolution,
    Dropout,
    InnerProduct,
    Input,
    Parameter,
    Pooling,
    ReLU,
    Reshape,
)
from caffe_ir.targets.horizon import HORIZON
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (ReLU(), (MAP,), "ok"),
        (AbsVal(), (MAP,), "ok"),
        (Parameter(shape=(1,)), (), "refused"),
        (Convolution(num_output=4, kernel_size=(7, 7)), ((1, 4, 32, 32),), "ok"),
        (Convolution(num_output=4, kernel_size=(9, 9)), ((1, 4, 32, 32),), "slow"),
        (Convolution(num_output=4, kernel_size=(7, 7)), ((1, 1024, 32, 32),), "slow"),
        (Convolution(num_output=4096, kernel_size=(1, 1)), ((1, 4096, 2, 2),), "ok"),
        (Convolution(num_output=4097, kernel_size=(1, 1)), ((1, 8, 2, 2),), "slow"),
        (Convolution(num_output=2, group=2, kernel_size=(1, 1)), ((1, 4098, 2, 2),), "slow"),
        (Convolution(num_output=4, kernel_size=(3, 3), stride=(2, 2)), (MAP,), "ok"),
        (Convolution(num_output=4, kernel_size=(3, 3), dilation=(2, 2)), (MAP,), "ok"),
        (Convolution(num_output=4, kernel_size=(3, 3), dilation=(3, 3)), (MAP,), "slow"),
        (Convolution(num_output=4, kernel_size=(3, 3), dilation=(2, 2), stride=(4, 4)), (MAP,), "slow"),
        (Convolution(num_output=4, kernel_size=(3, 3), dilation=(4, 2)), ((1, 4, 32, 32),), "slow"),
        (Deconvolution(num_output=4, kernel_size=(4, 4), stride=(2, 2), pad=(1, 1)), (MAP,), "ok"),
        (Deconvolution(num_output=4, kernel_size=(4, 4), stride=(2, 2), pad=(2, 2)), (MAP,), "slow"),
        (InnerProduct(num_output=4), ((1, 16, 7, 7),), "ok"),
        (InnerProduct(num_output=4), ((1, 16, 8, 7),), "slow"),
        (InnerProduct(num_output=4), ((1, 16384),), "ok"),
        (InnerProduct(num_output=4), ((1, 16385, 1, 1),), "slow"),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(186, 2)), ((1, 4, 400, 8),), "slow"),
        (SPP(pyramid_height=2), (MAP,), "slow"),
        (Input(shape=(129, 3, 8, 8)), (), "slow"),
        (Deconvolution(num_output=4, kernel_size=(2, 2), stride=(2, 2)), (MAP,), "ok"),
        (Deconvolution(num_output=4, kernel_size=(8, 8), stride=(8, 8)), (MAP,), "slow"),
        (Pooling(pool="AVE", kernel_size=(8, 8)), ((1, 4, 32, 32),), "slow"),
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 90, 90),), "ok"),
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 91, 91),), "slow"),
        (Pooling(pool="MAX", kernel_size=(65, 65)), ((1, 4, 96, 96),), "slow"),
        (Reshape(shape=(0, -1)), (MAP,), "slow"),
        (Dropout(), (MAP,), "slow"),
    ]
    assert broken(HORIZON, rules) == []
