"""Sizes worked out by hand from the Reshape and Forward_cpu of Caffe 1.0's layers, and what yolov3 took there."""

from __future__ import annotations

import pytest

from caffe_ir.layers import (
    LRN,
    MVN,
    BatchNorm,
    Convolution,
    Deconvolution,
    Eltwise,
    InnerProduct,
    Pooling,
    Power,
    PReLU,
    ReLU,
    Scale,
    Softmax,
    Swish,
)
from caffe_ir.memory import held
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from caffe_ir.working_memory import working_items
from converters.darknet.outline import outline
from tests.oracles.darknet import SHARE, needs_darknet

MAP = (2, 6, 8, 10)
MANY = 2 * 6 * 8 * 10


@pytest.mark.parametrize(
    ("layer", "items"),
    [
        (Convolution(num_output=4, kernel_size=(1, 1)), 0),
        (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1)), 6 * 9 * 8 * 10),
        (Convolution(num_output=6, group=6, kernel_size=(3, 3)), 6 * 9 * 6 * 8),
        (Convolution(num_output=4, kernel_size=(1, 1), stride=(2, 2)), 6 * 4 * 5),
        (Convolution(num_output=4, kernel_size=(1, 1), pad=(1, 1)), 6 * 10 * 12),
        (Convolution(num_output=4, kernel_size=(3,), axis=2), 8 * 3 * 8),
        (Deconvolution(num_output=4, kernel_size=(1, 1)), 4 * 8 * 10),
        (Deconvolution(num_output=6, group=6, kernel_size=(4, 4), stride=(2, 2)), 6 * 16 * 8 * 10),
        (InnerProduct(num_output=4), 0),
        (BatchNorm(use_global_stats=True, eps=1e-5), 2 * MANY + 2 * 6),
        (MVN(), MANY),
        (LRN(), MANY),
        (LRN(norm_region="WITHIN_CHANNEL"), 3 * MANY),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)), 2 * 6 * 4 * 5),
        (Pooling(pool="AVE", kernel_size=(2, 2), stride=(2, 2)), 0),
        (Softmax(), 6 + 2 * 8 * 10),
        (Softmax(axis=-1), 10 + 2 * 6 * 8),
        (Swish(), 2 * MANY),
        (Scale(), 0),
        (PReLU(), 0),
        (ReLU(), 0),
    ],
    ids=repr,
)
def test_items_of_one_layer(layer, items):
    assert working_items(layer, (MAP,)) == items


@pytest.mark.parametrize(("layer", "items"), [(Scale(), MANY), (PReLU(), MANY), (ReLU(), 0), (Power(power=2.0), 0)])
def test_in_place(layer, items):
    assert working_items(layer, (MAP,), in_place=True) == items


@pytest.mark.parametrize(("operation", "items"), [("MAX", MANY), ("SUM", 0), ("PROD", 0)])
def test_of_several_blobs(operation, items):
    assert working_items(Eltwise(operation=operation), (MAP, MAP)) == items


@needs_darknet
@pytest.mark.parametrize(("folded", "megabytes"), [(False, 1341), (True, 898)])
def test_with_blobs_and_weights_it_is_what_yolov3_took_in_caffe(folded, megabytes):
    """Resident memory of a CPU build of the tag, for a picture of 416 x 416: predicted within 5 %."""
    net = outline(SHARE / "cfg" / "yolov3.cfg", input_size=(416, 416))
    found = held(lower(net, CAFFE, Options(fold_batch_norm=folded)))
    assert (found.blobs + found.weights + found.working) / 1e6 == pytest.approx(megabytes, rel=0.05)
