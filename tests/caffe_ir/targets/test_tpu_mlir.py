from __future__ import annotations

from caffe_ir.layers import (
    BNLL,
    ELU,
    LRN,
    AbsVal,
    Concat,
    Exp,
    Flatten,
    InnerProduct,
    Mish,
    Pooling,
    Power,
    Reduction,
    Scale,
    Slice,
    Softmax,
    Split,
    Threshold,
    Tile,
)
from caffe_ir.targets.tpu_mlir import TPU_MLIR
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Power(scale=2.0), (MAP,), "refused"),
        (Split(), (MAP,), "refused"),
        (Tile(tiles=2), (MAP,), "refused"),
        (ELU(), (MAP,), "refused"),
        (Exp(), (MAP,), "refused"),
        (BNLL(), (MAP,), "refused"),
        (Threshold(), (MAP,), "refused"),
        (AbsVal(), (MAP,), "ok"),
        (Mish(), (MAP,), "ok"),
        (Softmax(axis=-1), (MAP,), "ok"),
        (Concat(axis=-1), (MAP, MAP), "refused"),
        (Slice(axis=-1, slice_point=(1,)), (MAP,), "refused"),
        (InnerProduct(num_output=4, axis=2), (MAP,), "refused"),
        (Flatten(axis=2), (MAP,), "wrong"),
        (Scale(axis=0), (MAP, (1, 4)), "ok"),
        (Scale(axis=0, bias_term=True), (MAP, (1, 4)), "wrong"),
        (Scale(), ((1, 4, 8),), "refused"),
        (LRN(norm_region="WITHIN_CHANNEL"), (MAP,), "wrong"),
        (LRN(norm_region="WITHIN_CHANNEL", local_size=1), (MAP,), "ok"),
        (LRN(norm_region="WITHIN_CHANNEL", local_size=1, k=0.5), (MAP,), "wrong"),
        (Pooling(pool="MAX", kernel_size=(13, 13), pad=(6, 6)), ((1, 4, 13, 13),), "wrong"),
        (Pooling(pool="MAX", kernel_size=(13, 13), pad=(6, 6)), ((1, 4, 19, 19),), "ok"),
        (Reduction(operation="MEAN", axis=3), (MAP,), "ok"),
        (Reduction(operation="MEAN", axis=2), (MAP,), "wrong"),
        (Reduction(operation="SUM", axis=3), (MAP,), "refused"),
    ]
    assert broken(TPU_MLIR, rules) == []
