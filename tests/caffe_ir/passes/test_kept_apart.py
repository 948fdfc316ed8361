from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.blob import Array
from caffe_ir.files.writer import write
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    MVN,
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
    Softmax,
)
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.kept_apart import KEPT_APART
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, MNN, NCNN, OPENCV
from converters.verify import ENGINES, caffe_files
from converters.verify.engine import EngineFailed
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten
from tests.portability.engines import error_of

CONTEXT_OPENCV = Context(target=OPENCV, options=Options())
BN = BatchNorm(use_global_stats=True, eps=1e-5)
MAP = (1, 4, 5, 6)
POINTWISE = Convolution(num_output=4, kernel_size=(1, 1))
EACH_PLACE = Scale(num_axes=3, bias_term=True)
BROKEN = [
    (POINTWISE, EACH_PLACE),
    (POINTWISE, BN, EACH_PLACE),
    (Deconvolution(num_output=4, kernel_size=(1, 1)), Scale(), Power(scale=2.0), EACH_PLACE),
    (POINTWISE, Scale(num_axes=2)),
    (MVN(), Power(scale=2.0)),
    (InnerProduct(num_output=4, axis=3), BN),
    (InnerProduct(num_output=7, axis=2), BN),
]


def chain(layers: tuple[Layer, ...]) -> Net:
    net, random = net_of(MAP), np.random.default_rng(1)
    for place, layer in enumerate((*layers, ReLU(negative_slope=0.5))):
        shapes = layer.blob_shapes(net.shapes_of((net.nodes[-1].top,)))
        weights = [np.ones(shape) if shape == (1,) else random.uniform(0.5, 1.5, shape) for shape in shapes]
        add(net, f"l{place}", layer, *weights)
    return net


def in_opencv(net: Net, folder: Path) -> float:
    """The largest error of the outputs as OpenCV runs the net."""
    write(net, folder / "net", OPENCV)
    files = caffe_files(folder / "net.prototxt", folder / "net.caffemodel")
    x = np.random.default_rng(4).normal(size=MAP).astype(np.float32)
    (found,) = ENGINES["opencv"].blobs(files, files.net.outputs, {"data": x})
    return error_of(found, run(net, {"data": x.astype(np.float64)}, np.float64)[net.outputs[0]])


@pytest.mark.parametrize("layers", BROKEN, ids=str)
def test_a_view_keeps_the_two_apart_and_opencv_computes_them(layers: tuple[Layer, ...], tmp_path: Path) -> None:
    net = chain(layers)
    assert list(OPENCV.verdicts(net))
    after = rewritten(net, KEPT_APART, context=CONTEXT_OPENCV)
    assert [node.layer.type_name() for node in after.nodes].count("Reshape") == 1
    assert not list(OPENCV.verdicts(after))
    assert in_opencv(after, tmp_path) < 1e-5


def test_golden_dump() -> None:
    assert rewritten(chain((POINTWISE, EACH_PLACE)), KEPT_APART, context=CONTEXT_OPENCV).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 4, 5, 6)])  -> data  [1x4x5x6]\n"
        "  l0: Convolution(num_output=4, kernel_size=[1]) data -> l0 | [4, 4, 1, 1] [4]  [1x4x5x6]\n"
        "  l1_apart: Reshape(shape=(0, 4, 5, 6)) l0 -> l1_apart  [1x4x5x6]\n"
        "  l1: Scale(num_axes=3, bias_term=True) l1_apart -> l1 | [4, 5, 6] [4, 5, 6]  [1x4x5x6]\n"
        "  l2: ReLU(negative_slope=0.5) l1 -> l2  [1x4x5x6]\n"
        "  outputs l2\n"
    )


@pytest.mark.parametrize(
    "layers", [(POINTWISE, ReLU(), EACH_PLACE), (POINTWISE, Scale()), (InnerProduct(num_output=4), BN)], ids=str
)
def test_what_is_read_rightly_is_left_alone(layers: tuple[Layer, ...], tmp_path: Path) -> None:
    net = chain(layers)
    assert rewritten(net, KEPT_APART, context=CONTEXT_OPENCV).dump() == net.dump()
    assert in_opencv(net, tmp_path) < 1e-5


def test_files_for_caffe_alone_are_left_as_they_are() -> None:
    net = chain((POINTWISE, EACH_PLACE))
    assert rewritten(net, KEPT_APART, context=ALONE).dump() == net.dump()


def test_files_for_others_too_are_what_they_read() -> None:
    net = chain((POINTWISE, EACH_PLACE))
    assert not list(OPENCV.verdicts(rewritten(net, KEPT_APART, context=CONTEXT)))


@pytest.mark.parametrize("context", [CONTEXT, Context(target=NCNN, options=Options())], ids=["for all", "for ncnn"])
@pytest.mark.parametrize(
    "behind", [Softmax(axis=3), Convolution(num_output=2, kernel_size=(3, 3), pad=(1, 1))], ids=str
)
def test_what_ncnn_holds_as_a_vector_is_seen_as_a_map(behind: Layer, context: Context) -> None:
    net = chain((Pooling(pool="AVE", global_pooling=True), behind))
    assert list(NCNN.verdicts(net))
    after = rewritten(net, KEPT_APART, context=context)
    assert str(after.node("l1_apart").layer) == "Reshape(shape=(0, 4, 1, 1))"
    assert not list(NCNN.verdicts(after))


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.parametrize(("shape", "axis"), [((16, 16), 1), ((32, 8), 1), ((2, 16, 8), 2), ((1, 32, 2, 4), 2)])
def test_mnn_drops_one_view_in_front_of_a_product_and_keeps_the_other(
    shape: tuple[int, ...], axis: int, tmp_path: Path
) -> None:
    net, x = net_of((1, 4, 8, 8)), np.random.default_rng(4).normal(size=(1, 4, 8, 8)).astype(np.float32)
    layers = [Power(scale=0.5, shift=0.1), Reshape(shape=shape), InnerProduct(num_output=5, axis=axis)]
    for layer in layers:
        shapes = layer.blob_shapes(net.shapes_of((net.nodes[-1].top,)))
        weights = [np.random.default_rng(place).normal(size=one) for place, one in enumerate(shapes)]
        add(net, layer.type_name(), layer, *weights)
    after = rewritten(net, KEPT_APART, context=Context(target=MNN, options=Options()))
    assert [node.layer.type_name() for node in after.nodes[2:]] == ["Reshape", "Reshape", "InnerProduct"]
    found = list[Array | None]()
    for one in (net, after):
        write(one, tmp_path / "net", CAFFE)
        files = caffe_files(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
        try:
            found += ENGINES["mnn"].blobs(files, files.net.outputs, {"data": x})
        except EngineFailed:
            found.append(None)
    assert found[0] is None
    assert error_of(found[1], run(net, {"data": x.astype(np.float64)}, np.float64)[net.outputs[0]]) < 1e-5


def test_each_bottom_that_wants_it_has_its_view() -> None:
    net = chain((Pooling(pool="AVE", global_pooling=True), Convolution(num_output=3, kernel_size=(1, 1))))
    add(
        net,
        "small",
        Convolution(num_output=3, kernel_size=(5, 6)),
        np.ones((3, 4, 5, 6)),
        np.ones(3),
        bottoms=("data",),
    )
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("l1", "small", "l2"))
    after = rewritten(net, KEPT_APART, context=CONTEXT)
    assert after.node("sum").bottoms == ("sum_apart", "small", "sum_apart_2")
