from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.forms.upsample import FORMS
from caffe_ir.layers import Deconvolution
from caffe_ir.layers.source import NearestUpsample
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten

OF_ONES, BY_COPIES, BY_PRODUCTS = FORMS[NearestUpsample]


def test_becomes_a_depthwise_deconvolution_of_ones():
    net = net_of((2, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=(2, 3)))
    after = rewritten(net, LEGALIZE)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  up: Deconvolution(num_output=3, group=3, bias_term=False, kernel_h=2, kernel_w=3, stride_h=2, stride_w=3)"
        " data -> up | [3, 1, 2, 3]  [2x3x8x15]\n"
        "  outputs up\n"
    )
    assert set(after.node("up").blobs[0].load().ravel()) == {1.0}


def test_a_factor_of_one_is_nothing():
    net = net_of((1, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=(1, 1)))
    after = rewritten(net, LEGALIZE)
    assert [node.name for node in after.nodes] == ["data"]
    assert after.values == {"up": "data"}


@pytest.mark.parametrize("scale", [(2, 2), (1, 3), (3, 1), (2, 3)])
def test_copies_are_numpys(scale):
    net = net_of((2, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=scale))
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    top = run(written(net, BY_COPIES), {"data": x}, np.float64)["up"]
    np.testing.assert_array_equal(top, x.repeat(scale[0], 2).repeat(scale[1], 3))


@pytest.mark.parametrize(("shape", "scale"), [((2, 3, 4, 6), (2, 2)), ((1, 3, 5, 4), (1, 3)), ((1, 2, 8, 4), (3, 2))])
def test_products_are_numpys(shape, scale):
    net = net_of(shape)
    add(net, "up", NearestUpsample(scale=scale))
    x = np.random.default_rng(0).normal(size=shape)
    top = run(written(net, BY_PRODUCTS), {"data": x}, np.float64)["up"]
    np.testing.assert_array_equal(top, x.repeat(scale[0], 2).repeat(scale[1], 3))


@pytest.mark.parametrize(("shape", "scale"), [((1, 3, 5, 5), (2, 2)), ((1, 3, 4, 4), (2, 1))])
def test_products_want_blocks_and_columns(shape, scale):
    net = net_of(shape)
    add(net, "up", NearestUpsample(scale=scale))
    new = Replacement(net=net, old=net.node("up"))
    assert BY_PRODUCTS.build(new).startswith("it makes no columns")


def test_opencv_and_files_for_all_get_products_and_others_a_deconvolution():
    """Readers that take an InnerProduct for one of whole images would compute something else."""
    net = net_of((1, 8, 32, 32))
    add(net, "up", NearestUpsample(scale=(2, 2)))
    kinds = {}
    for name in ("caffe", "mnn", "ncnn", "opencv"):
        after = rewritten(net, LEGALIZE, context=Context(target=TARGETS[name], options=Options()))
        kinds[name] = [node.layer.type_name() for node in after.nodes[1:] if node.layer.type_name() != "Reshape"]
    assert kinds.pop("opencv") == kinds.pop("caffe") == ["ReLU", "InnerProduct", "Concat"]
    assert all(kind == ["Deconvolution"] for kind in kinds.values())


def test_golden_dump_of_products():
    net = net_of((1, 2, 4, 4))
    add(net, "up", NearestUpsample(scale=(2, 2)))
    assert written(net, BY_PRODUCTS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 4)])  -> data  [1x2x4x4]\n"
        "  up_blocks: Reshape(shape=(0, 2, 16)) data -> up_blocks  [1x2x16]\n"
        "  up_blocks_kept: ReLU(negative_slope=1.0) up_blocks -> up_blocks_kept  [1x2x16]\n"
        "  up_columns: InnerProduct(num_output=32, bias_term=False, axis=2) up_blocks_kept -> up_columns | [32, 16]"
        "  [1x2x32]\n"
        "  up_rows_apart: Reshape(shape=(0, 8, 1, 8)) up_columns -> up_rows_apart  [1x8x1x8]\n"
        "  up_rows: Concat(axis=2) up_rows_apart, up_rows_apart -> up_rows  [1x8x2x8]\n"
        "  up: Reshape(shape=(0, 2, 8, 8)) up_rows -> up  [1x2x8x8]\n"
        "  outputs up\n"
    )


def test_golden_dump_of_copies():
    net = net_of((2, 3, 4, 5))
    add(net, "up", NearestUpsample(scale=(2, 3)))
    assert written(net, BY_COPIES).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  up_values: Reshape(shape=(0, 60, 1, 1)) data -> up_values  [2x60x1x1]\n"
        "  up_columns: Concat(axis=3) up_values, up_values, up_values -> up_columns  [2x60x1x3]\n"
        "  up_rows_apart: Reshape(shape=(0, 12, 1, 15)) up_columns -> up_rows_apart  [2x12x1x15]\n"
        "  up_rows: Concat(axis=2) up_rows_apart, up_rows_apart -> up_rows  [2x12x2x15]\n"
        "  up: Reshape(shape=(0, 3, 8, 15)) up_rows -> up  [2x3x8x15]\n"
        "  outputs up\n"
    )


def test_what_the_target_holds_stays():
    net = net_of((1, 2, 3, 3))
    add(net, "up", Deconvolution(num_output=2, kernel_size=(2, 2), bias_term=False), np.ones((2, 2, 2, 2)))
    before = net.dump()
    run_pass(LEGALIZE, net, CONTEXT)
    assert net.dump() == before
