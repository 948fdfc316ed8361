from __future__ import annotations

from caffe_ir.layers import ELU, Deconvolution, Eltwise, Flatten, InnerProduct, Power, Scale, Slice
from caffe_ir.targets.tvm import TVM
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Power(), (MAP,), "refused"),
        (ELU(), (MAP,), "refused"),
        (Slice(slice_point=(1,)), (MAP,), "ok"),
        (Eltwise(operation="SUM"), (MAP, MAP, MAP), "refused"),
        (Flatten(axis=2), (MAP,), "refused"),
        (InnerProduct(num_output=4, axis=2), (MAP,), "refused"),
        (Scale(), ((1, 4),), "refused"),
        (Scale(axis=0), (MAP, (1, 4)), "refused"),
        (Deconvolution(num_output=4, kernel_size=(2, 2), group=2), (MAP,), "wrong"),
        (Deconvolution(num_output=4, kernel_size=(2, 2), group=4), (MAP,), "ok"),
    ]
    assert broken(TVM, rules) == []
