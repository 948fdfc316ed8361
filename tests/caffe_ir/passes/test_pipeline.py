"""The order of the passes with its reasons, and that what comes out is what an engine of others computes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError, Origin, Problem
from caffe_ir.files.writer import write
from caffe_ir.forms import FORMS
from caffe_ir.layers import Convolution, Dropout, Eltwise, Input, Mish, Pooling, ReLU, Slice, Softmax
from caffe_ir.layers.source import (
    SOURCE_LAYERS,
    CropTo,
    DarknetLRN,
    L2Norm,
    Local,
    NearestUpsample,
    Pad,
    Reorg,
    Reorg3d,
    SourceBatchNorm,
    WindowPool,
)
from caffe_ir.node import Node
from caffe_ir.passes import pipeline
from caffe_ir.passes.base import Options, Pass
from caffe_ir.passes.coefficients import COEFFICIENTS
from caffe_ir.passes.constant_operand import CONSTANT_OPERAND
from caffe_ir.passes.dead import DEAD
from caffe_ir.passes.division import DIVISION
from caffe_ir.passes.few_axes import FEW_AXES
from caffe_ir.passes.fold_batch_norm import FOLD_BATCH_NORM
from caffe_ir.passes.heads import HEADS
from caffe_ir.passes.in_place import IN_PLACE
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.names import NAMES
from caffe_ir.passes.outputs_apart import OUTPUTS_APART
from caffe_ir.passes.pad_into_window import PAD_INTO_WINDOW
from caffe_ir.passes.pipeline import PIPELINE, lower
from caffe_ir.passes.power_chain import POWER_CHAIN
from caffe_ir.passes.reshape import RESHAPE
from caffe_ir.passes.unread_parts import UNREAD_PARTS
from caffe_ir.passes.unroll import UNROLL
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same


@pytest.mark.parametrize(
    ("earlier", "later", "reason"),
    [
        (HEADS, DEAD, "what a head is reduced to decides what is read"),
        (DIVISION, CONSTANT_OPERAND, "it leaves products with constants"),
        (PAD_INTO_WINDOW, LEGALIZE, "a pad is taken into windows as the source means them"),
        (CONSTANT_OPERAND, FEW_AXES, "a product with a constant is a Scale, which has a view of four axes"),
        (FEW_AXES, RESHAPE, "views of views are joined"),
        (FEW_AXES, LEGALIZE, "a form for four axes is asked about four"),
        (CONSTANT_OPERAND, LEGALIZE, "a product with a constant needs no broadcast"),
        (UNREAD_PARTS, LEGALIZE, "a part that nobody reads is picked by a Gather"),
        (OUTPUTS_APART, LEGALIZE, "a form may read any blob that is not an output"),
        (LEGALIZE, FOLD_BATCH_NORM, "Caffe's BatchNorm and Scale are folded, not the source's"),
        (LEGALIZE, POWER_CHAIN, "activations are written with Power"),
        (FOLD_BATCH_NORM, NAMES, "folding decides which layer bears the name"),
        (NAMES, IN_PLACE, "a blob that is overwritten has no name of its own"),
    ],
)
def test_order(earlier, later, reason):
    assert PIPELINE.index(earlier) < PIPELINE.index(later), reason


def test_dead_nodes_go_first_and_last_and_before_anybody_asks_what_is_read():
    first, between, folded, last = (place for place, one in enumerate(PIPELINE) if one is DEAD)
    assert first == PIPELINE.index(HEADS) + 1  # nobody lowers what is not read
    assert between == PIPELINE.index(UNROLL) + 1 == PIPELINE.index(UNREAD_PARTS) - 1
    assert PIPELINE.index(COEFFICIENTS) < folded < PIPELINE.index(LEGALIZE)  # constants that became weights
    assert last > PIPELINE.index(FOLD_BATCH_NORM)


def test_no_net_is_given_back_with_an_output_that_the_source_does_not_have(monkeypatch):
    net = net_of((1, 4))
    add(net, "cut", Slice(slice_point=(1,)), tops=("left", "right"))
    kept = tuple(one for one in PIPELINE if one is not UNREAD_PARTS)
    monkeypatch.setattr(pipeline, "PIPELINE", kept)
    with pytest.raises(ConversionError, match="right, which no layer reads, would be an output"):
        lower(net, CAFFE, Options())


def test_every_source_layer_is_visited():
    visited = {layer for one in PIPELINE if isinstance(one, Pass) for layer in one.visits}
    assert set(SOURCE_LAYERS) <= visited | set(FORMS)


def test_all_reasons_are_told_at_once(monkeypatch):
    def refuse(net, node, context):
        raise ConversionError(Problem(what="no", why="no form", origin=node.origin))

    monkeypatch.setattr(pipeline, "PIPELINE", (Pass(name="refusing", visits=(Dropout,), rewrite=refuse), *PIPELINE))
    net = net_of((1, 3, 8, 8))
    add(net, "first", Dropout())
    add(net, "second", Dropout())
    no_softmax = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not Softmax}
    add(net, "third", Softmax())
    target = type(CAFFE)(name="small", title="A small one", layers=no_softmax)
    with pytest.raises(ConversionError) as caught:
        lower(net, target, Options())
    told = [(str(problem.origin), problem.why.partition(";")[0]) for problem in caught.value.problems]
    assert told == [
        ("tiny.cfg:1", "no form"),
        ("tiny.cfg:2", "no form"),
        ("tiny.cfg:3", "A small one has no layer Softmax"),
    ]


def test_after_is_told_of_every_pass():
    net, seen = net_of((1, 3)), []
    add(net, "softmax", Softmax())
    lower(net, CAFFE, Options(), lambda name, given: seen.append((name, given is net)))
    assert seen == [(one.name, True) for one in PIPELINE]


def small_yolo():
    """A net with a little of all: batch norm, pooling of stride 1, mish, upsampling, a dropout and a dead branch."""
    random, net = np.random.default_rng(5), net_of((2, 3, 8, 8))
    add(net, "conv_0", Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), bias_term=False), _weights(4, 3, 3, 3))
    statistics = random.uniform(0.5, 1.5, (4, 4))
    add(net, "conv_0_bn", SourceBatchNorm(form="outside", eps=1e-6), *statistics)
    add(net, "conv_0_mish", Mish())
    add(net, "unread", Convolution(num_output=1, kernel_size=(1, 1)), _weights(1, 4, 1, 1), np.zeros(1))
    add(net, "maxpool_1", WindowPool(pool="MAX", kernel_size=(2, 2), stride=(1, 1), output_size=(8, 8)),
        bottoms=("conv_0_mish",))  # fmt: skip
    add(net, "dropout_2", Dropout())
    add(net, "maxpool_3", WindowPool(pool="MAX", kernel_size=(2, 2), stride=(2, 2), output_size=(4, 4)))
    add(net, "upsample_4", NearestUpsample(scale=(2, 2)))
    add(net, "shortcut 5", Eltwise(operation="SUM"), bottoms=("upsample_4", "dropout_2"))
    return net


def _weights(*shape):
    return np.random.default_rng(11).standard_normal(shape) / np.sqrt(np.prod(shape[1:]))


@pytest.mark.parametrize(("fold", "tolerance"), [(False, 1e-12), (True, 1e-6)])  # folding stores other float32
def test_the_whole_pipeline_keeps_the_function(fold, tolerance):
    before = small_yolo()
    after = lower(before.copy(), CAFFE, Options(fold_batch_norm=fold))
    assert_same(before, after, tolerance)
    assert "unread" not in after.values
    assert after.values["dropout_2"] == after.values["maxpool_1"]
    assert after.outputs == ["shortcut_5"]
    again = lower(after.copy(), CAFFE, Options(fold_batch_norm=fold))
    assert again.dump() == after.dump()


def pool(kind, kernel, stride, begin, size, **others):
    return WindowPool(
        pool=kind,
        kernel_size=(kernel, kernel),
        stride=(stride, stride),
        begin=(begin, begin),
        output_size=(size, size),
        **others,
    )


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (pool("MAX", 2, 1, 0, 8), (1, 3, 8, 8)),
        (pool("MAX", 3, 2, 1, 4), (1, 3, 8, 8)),
        (pool("MAX", 2, 2, 0, 4), (1, 3, 7, 7)),
        (pool("MAX", 5, 1, 2, 8), (1, 3, 8, 8)),
        (pool("AVE", 3, 1, 1, 8), (1, 3, 8, 8)),
        (pool("AVE", 3, 2, 1, 4, divisor="padded", end=(1, 1)), (1, 3, 8, 8)),
        (pool("AVE", 8, 1, 0, 1), (1, 3, 8, 8)),
        (pool("AVE", 2, 2, 0, 4, divisor=1), (1, 3, 8, 8)),
        (NearestUpsample(scale=(2, 3)), (1, 3, 4, 4)),
        (Reorg(stride=2), (1, 8, 4, 6)),
        (Reorg(stride=2, reverse=True), (1, 8, 4, 6)),
        (Reorg3d(stride=2), (1, 3, 4, 6)),
        (Reorg3d(stride=2, reverse=True), (1, 16, 2, 3)),
        (CropTo(top=1, left=0, height=7, width=7), (1, 3, 8, 8)),
        (CropTo(top=5, left=7, height=8, width=6), (1, 3, 20, 20)),
        (Pad(before=(0, 0), after=(0, 3)), (1, 7)),
        (Pad(before=(0, 0), after=(0, 17)), (1, 7)),
        (DarknetLRN(size=5, alpha=0.01, beta=0.75, kappa=2.0), (1, 8, 3, 3)),
        (L2Norm(), (1, 8, 3, 3)),
        (Local(num_output=5, kernel_size=3, stride=1, pad=1), (1, 4, 3, 4)),
        (Local(num_output=5, kernel_size=3, stride=1, pad=0), (1, 4, 3, 3)),
    ],
    ids=str,
)
def test_opencv_computes_what_the_source_means(layer, shape, tmp_path):
    x = np.random.default_rng(9).standard_normal(shape).astype(np.float32)
    net = net_of(shape)
    add(net, "x", layer, *(_weights(*blob) for blob in layer.blob_shapes((shape,))))
    truth = run(net, {"data": x}, np.float64)["x"]
    write(lower(net, CAFFE, Options()), tmp_path / "net", CAFFE)
    engine = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    engine.setInput(x)
    np.testing.assert_allclose(engine.forward("x"), truth, rtol=2e-6, atol=2e-6 * np.abs(truth).max())


def test_a_layer_without_a_pass_is_refused_with_its_place():
    net = net_of((1, 3))
    origin = Origin(layer="second", what="Parameter", file="net.py", line=4)
    net.append(Node(name="second", layer=Input(shape=(1,)), tops=("second",), origin=origin))
    net.outputs.append("second")
    layers = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not Input}
    with pytest.raises(ConversionError, match=r"net\.py:4 Parameter: second .* cannot be written for none"):
        lower(net, type(CAFFE)(name="none", title="none", layers=layers), Options())


def test_a_blob_that_grows_too_large_on_the_way_is_told_with_its_place():
    net = net_of((1, 2, 17, 8))
    add(net, "grown", NearestUpsample(scale=(5000, 5000)))
    add(net, "norm", L2Norm())
    add(net, "cut", CropTo(top=0, left=0, height=3, width=3))
    add(net, "mean", Pooling(pool="AVE", kernel_size=(), global_pooling=True))
    with pytest.raises(ConversionError) as caught:
        lower(net, CAFFE, Options())
    assert {str(problem.origin) for problem in caught.value.problems} == {"tiny.cfg:1", "tiny.cfg:2"}
    assert "6800000000 values are more than a blob can hold" in str(caught.value)
    assert "3400000000 values are more than a blob can hold" in str(caught.value)


def test_a_target_that_was_not_tried_says_so() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "relu", ReLU())
    lower(net, TARGETS["sigmastar"], Options())
    assert [note.text for note in net.notes] == [
        "what SigmaStar IPU reads is from documents and reports, not tried by us: "
        "doc.comake.online, IPU SDK: supported operators"
    ]
