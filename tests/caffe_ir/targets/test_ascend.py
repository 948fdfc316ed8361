from __future__ import annotations

from caffe_ir.layers import (
    ELU,
    BatchNorm,
    Concat,
    Convolution,
    Deconvolution,
    Im2col,
    Parameter,
    Pooling,
    Power,
    Silence,
    Slice,
)
from caffe_ir.targets.ascend import ASCEND
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Power(power=-1.0), (MAP,), "ok"),
        (ELU(), (MAP,), "ok"),
        (BatchNorm(use_global_stats=False, eps=1e-5), (MAP,), "refused"),
        (BatchNorm(use_global_stats=True, eps=1e-5), (MAP,), "ok"),
        (Silence(), (MAP,), "refused"),
        (Parameter(shape=(1,)), (), "refused"),
        (Im2col(kernel_size=(2, 2)), (MAP,), "refused"),
        (Convolution(num_output=4, kernel_size=(256, 1)), ((1, 4, 300, 8),), "refused"),
        (Convolution(num_output=4, kernel_size=(31, 31), group=4), ((1, 4, 64, 64),), "refused"),
        (Convolution(num_output=4, kernel_size=(7, 7), group=4), ((1, 4, 64, 64),), "ok"),
        (Convolution(num_output=4, kernel_size=(8, 8)), (MAP,), "ok"),
        (Convolution(num_output=4, kernel_size=(12, 12)), ((1, 4, 12, 12),), "refused"),
        (Convolution(num_output=4, kernel_size=(8, 8)), ((1, 4, 9, 9),), "ok"),
        (Convolution(num_output=4, kernel_size=(8, 8)), ((1, 4, 8, 9),), "ok"),
        (Convolution(num_output=4, kernel_size=(1, 9)), ((1, 4, 1, 9),), "refused"),
        (Convolution(num_output=4, kernel_size=(8, 8), stride=(2, 2)), ((1, 4, 9, 9),), "refused"),
        (Convolution(num_output=4, kernel_size=(1, 1)), ((1, 4, 1, 1),), "ok"),
        (Convolution(num_output=4, kernel_size=(1, 1)), ((1, 4, 4097, 1),), "refused"),
        (Deconvolution(num_output=4, kernel_size=(16, 16), stride=(16, 16)), (MAP,), "refused"),
        (Deconvolution(num_output=4, kernel_size=(16, 15), stride=(16, 15)), ((1, 4, 17, 17),), "ok"),
        (Deconvolution(num_output=4, kernel_size=(1, 2), stride=(1, 2)), ((1, 4, 1, 8),), "refused"),
        (Concat(axis=1), (MAP,) * 1000, "ok"),
        (Concat(axis=1), (MAP,) * 1001, "refused"),
        (Deconvolution(num_output=4, kernel_size=(8, 8)), ((1, 4, 1, 1),), "refused"),
        (Deconvolution(num_output=4, kernel_size=(2, 2), stride=(2, 2)), (MAP,), "ok"),
        (Concat(axis=-1), ((1, 4, 8), (1, 4, 8)), "refused"),
        (Concat(axis=-1), (MAP, MAP), "ok"),
        (Slice(axis=-1, slice_point=(1,)), ((1, 4, 8),), "refused"),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(5, 5)), ((1, 4, 32, 32),), "refused"),
        (Pooling(pool="AVE", kernel_size=(33, 33)), ((1, 4, 64, 64),), "refused"),
        (Pooling(pool="AVE", kernel_size=(7, 7)), ((1, 4, 64, 64),), "ok"),
    ]
    assert broken(ASCEND, rules) == []
