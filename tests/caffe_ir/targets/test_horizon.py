from __future__ import annotations

from caffe_ir.layers import AbsVal, Convolution, Deconvolution, Dropout, Parameter, Pooling, ReLU, Reshape
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
