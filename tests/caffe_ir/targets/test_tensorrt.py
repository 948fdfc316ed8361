from __future__ import annotations

from caffe_ir.layers import (
    LRN,
    AbsVal,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    Exp,
    InnerProduct,
    Input,
    Power,
    PReLU,
    Reduction,
    Reshape,
    Scale,
    Slice,
    Softmax,
    Split,
    Tile,
)
from caffe_ir.targets.tensorrt import TENSORRT
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Convolution(num_output=4, kernel_size=(3, 3)), (MAP,), "ok"),
        (PReLU(), (MAP,), "ok"),
        (AbsVal(), (MAP,), "ok"),
        (Power(power=2.0), (MAP,), "ok"),
        (Split(), (MAP,), "refused"),
        (Slice(slice_point=(1,)), (MAP,), "refused"),
        (Tile(tiles=2), (MAP,), "refused"),
        (Exp(), (MAP,), "refused"),
        (Eltwise(operation="SUM", coeff=(1.0, -1.0)), (MAP, MAP), "wrong"),
        (Eltwise(operation="SUM"), (MAP, MAP), "ok"),
        (Eltwise(operation="SUM"), (MAP, MAP, MAP), "refused"),
        (Scale(axis=0), (MAP, (1, 4)), "refused"),
        (Scale(bias_term=True), (MAP,), "ok"),
        (Reshape(shape=(1, 4, 64)), (MAP,), "refused"),
        (Reshape(shape=(0, 4, 64)), (MAP,), "ok"),
        (Deconvolution(num_output=4, kernel_size=(3, 3), dilation=(2, 2)), (MAP,), "refused"),
        (InnerProduct(num_output=4, transpose=True), (MAP,), "wrong"),
        (Input(shape=(1, 4)), (), "refused"),
        (Concat(axis=-1), (MAP, MAP), "refused"),
        (Softmax(axis=-1), (MAP,), "refused"),
        (Crop(axis=1, offset=(0,)), (MAP, MAP), "refused"),
        (LRN(norm_region="WITHIN_CHANNEL"), (MAP,), "wrong"),
        (LRN(norm_region="WITHIN_CHANNEL", local_size=1), (MAP,), "ok"),
        (LRN(norm_region="WITHIN_CHANNEL", local_size=1, k=0.5), (MAP,), "wrong"),
        (Reduction(operation="SUM", axis=1), (MAP,), "wrong"),
    ]
    assert broken(TENSORRT, rules) == []


def test_an_lrn_without_beta_has_another_there() -> None:
    assert [one.effect for one in TENSORRT.misspelled("LRN", {"alpha": 1.0})] == ["wrong"]
    assert not list(TENSORRT.misspelled("LRN", {"beta": 0.75}))
