from __future__ import annotations

from caffe_ir.layers import BNLL, ELU, AbsVal, Convolution, Deconvolution, Eltwise, Pooling, Power, Softmax
from caffe_ir.targets.sigmastar import SIGMASTAR
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Power(power=-1.0), (MAP,), "refused"),
        (Power(power=0.5), (MAP,), "refused"),
        (Power(power=2.0), (MAP,), "ok"),
        (ELU(), (MAP,), "refused"),
        (BNLL(), (MAP,), "refused"),
        (AbsVal(), (MAP,), "refused"),
        (Convolution(num_output=4, kernel_size=(7, 9)), ((1, 4, 32, 32),), "ok"),
        (Convolution(num_output=4, kernel_size=(8, 8)), ((1, 4, 32, 32),), "refused"),
        (Deconvolution(num_output=4, kernel_size=(8, 8), stride=(4, 4)), (MAP,), "refused"),
        (Softmax(axis=1), (MAP,), "refused"),
        (Softmax(axis=3), (MAP,), "ok"),
        (Softmax(axis=1), ((1, 10),), "ok"),
        (Pooling(pool="MAX", kernel_size=(20, 20)), ((1, 4, 32, 32),), "refused"),
        (Pooling(pool="MAX", kernel_size=(19, 19)), ((1, 4, 32, 32),), "ok"),
        (Pooling(pool="AVE", global_pooling=True), ((1, 4, 112, 112),), "refused"),
        (Eltwise(operation="SUM"), (MAP, MAP, MAP), "refused"),
    ]
    assert broken(SIGMASTAR, rules) == []
