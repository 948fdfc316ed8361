from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from caffe_ir.forms import resample
from caffe_ir.layers import InnerProduct
from caffe_ir.layers.source import Resample, Resize
from caffe_ir.passes.base import Options
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from caffe_ir.targets import NCNN
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import ALONE, assert_same, rewritten


def of(shape, axes, sizes):
    random = np.random.default_rng(1)
    net = net_of(shape)
    matrices = [random.normal(size=(size, shape[axis])) for axis, size in zip(axes, sizes, strict=True)]
    add(net, "y", Resample(axes=axes, output_size=sizes), *matrices)
    return net


BY_MATRICES, BY_CONVOLUTIONS, BY_WINDOWS, BY_GROUPS = resample.FORMS[Resample]


def by(form, net):
    """The net with one form taken; the reason where it does not apply."""
    after = net.copy()
    new = Replacement(net=after, old=after.node("y"))
    if reason := form.build(new):
        return reason
    new.commit()
    after.shapes = after.infer()
    return after


def resized(size, factor, mode):
    """torch's own matrix of a resize along one axis."""
    units = torch.eye(size).double()
    if mode == "bicubic":
        lines = F.interpolate(units[:, None, None], scale_factor=(1, factor), mode=mode)
        return lines[:, 0, 0].T.numpy()
    return F.interpolate(units[None], scale_factor=factor, mode=mode)[0].T.numpy()


def types(net):
    return [node.layer.type_name() for node in net.nodes[1:]]


@pytest.mark.parametrize(
    ("shape", "axes", "sizes", "kinds"),
    [
        ((2, 3, 4, 5), (2, 3), (8, 10), ["Reshape", "InnerProduct", "Reshape", "Convolution", "Reshape"]),
        ((2, 3, 4, 5), (2, 3), (2, 10), ["Reshape", "Convolution", "Reshape", "InnerProduct", "Reshape"]),
        ((2, 3, 4, 5), (3,), (7,), ["Reshape", "InnerProduct", "Reshape"]),
        ((2, 3, 4, 5), (2,), (7,), ["Reshape", "Convolution", "Reshape"]),
        ((2, 3, 4, 5), (1,), (7,), ["Convolution"]),
        ((2, 3, 4), (2,), (7,), ["Reshape", "InnerProduct", "Reshape"]),
        ((2, 3), (1,), (7,), ["InnerProduct"]),
        ((2, 3, 4, 5), (0,), (3,), ["Reshape", "Convolution", "Reshape"]),
    ],
    ids=str,
)
def test_the_layers_it_takes(shape, axes, sizes, kinds):
    assert types(by(BY_MATRICES, of(shape, axes, sizes))) == kinds


@pytest.mark.parametrize("form", [BY_MATRICES, BY_CONVOLUTIONS, BY_WINDOWS, BY_GROUPS], ids=lambda form: form.name)
@pytest.mark.parametrize(
    ("shape", "axes", "sizes"),
    [
        ((2, 3, 4, 5), (2, 3), (8, 10)),
        ((2, 3, 4, 5), (3,), (2,)),
        ((1, 1, 6, 5), (2, 3), (4, 7)),
        ((2, 3, 4), (1, 2), (7, 2)),
        ((2, 3), (1,), (7,)),
        ((2, 3, 4, 5, 2), (2, 4), (3, 5)),
    ],
)
def test_every_product_of_matrices_is_exact(form, shape, axes, sizes):
    net = of(shape, axes, sizes)
    assert_same(net, by(form, net))


@pytest.mark.parametrize("form", [BY_WINDOWS, BY_GROUPS], ids=lambda form: form.name)
def test_the_batch_stays_the_batch(form):
    after = by(form, of((2, 3, 4, 5), (2, 3), (8, 10)))
    assert all(shape[0] == 2 for shape in after.shapes.values())
    assert by(form, of((2, 3), (0,), (4,))) == "it resizes the batch"


def test_golden_dump_of_lines_as_windows():
    assert by(BY_WINDOWS, of((1, 3, 4, 5), (3,), (7,))).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 4, 5)])  -> data  [1x3x4x5]\n"
        "  y_lines: Reshape(shape=(0, 1, 12, 5)) data -> y_lines  [1x1x12x5]\n"
        "  y_places: Convolution(num_output=7, bias_term=False, kernel_h=1, kernel_w=5, stride_h=1, stride_w=5) "
        "y_lines -> y_places | [7, 1, 1, 5]  [1x7x12x1]\n"
        "  y_exchanged: Exchange() y_places -> y_exchanged  [1x12x7x1]\n"
        "  y: Reshape(shape=(0, 3, 4, 7)) y_exchanged -> y  [1x3x4x7]\n"
        "  outputs y\n"
    )


def test_three_axes():
    rewritten(of((2, 3, 4, 5, 2), (2, 3, 4), (3, 7, 5)), LEGALIZE, context=ALONE)


def test_bilinear_with_aligned_corners_as_practitioners_wrote_it_down():
    """torch2caffe: 1..16 by a factor of 2; the author found no way to make Caffe do it."""
    matrix = F.interpolate(torch.eye(4).double()[None], 8, mode="linear", align_corners=True)[0].T.numpy()
    net = net_of((1, 1, 4, 4))
    add(net, "y", Resample(axes=(2, 3), output_size=(8, 8)), matrix, matrix)
    (y,) = run(rewritten(net, LEGALIZE, context=ALONE), {"data": np.arange(1.0, 17.0).reshape(1, 1, 4, 4)})["y"][0]
    np.testing.assert_allclose(y[0], [1, 1.4286, 1.8571, 2.2857, 2.7143, 3.1429, 3.5714, 4], atol=5e-5)
    np.testing.assert_allclose(y[:, 0], [1, 2.7143, 4.4286, 6.1429, 7.8571, 9.5714, 11.2857, 13], atol=5e-5)


def test_golden_dump():
    assert by(BY_MATRICES, of((2, 3, 4, 5), (2, 3), (8, 10))).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(2, 3, 4, 5)])  -> data  [2x3x4x5]\n"
        "  y_view: Reshape(shape=(24, 5)) data -> y_view  [24x5]\n"
        "  y_columns: InnerProduct(num_output=10, bias_term=False) y_view -> y_columns | [10, 5]  [24x10]\n"
        "  y_view_2: Reshape(shape=(6, 4, 1, 10)) y_columns -> y_view_2  [6x4x1x10]\n"
        "  y_rows: Convolution(num_output=8, bias_term=False, kernel_size=[1]) "
        "y_view_2 -> y_rows | [8, 4, 1, 1]  [6x8x1x10]\n"
        "  y: Reshape(shape=(2, 3, 8, 10)) y_rows -> y  [2x3x8x10]\n"
        "  outputs y\n"
    )


def test_leaves_caffes_own_products_alone():
    net = net_of((2, 3))
    add(net, "y", InnerProduct(num_output=3, bias_term=False), np.eye(3))
    assert types(rewritten(net, LEGALIZE, context=ALONE)) == ["InnerProduct"]


def test_a_target_without_other_batches_gets_none():
    net, matrix = net_of((1, 3, 8, 8)), resized(8, 2, "linear")
    add(net, "y", Resample(axes=(2, 3), output_size=(16, 16)), matrix, matrix)
    after = lower(net.copy(), NCNN, Options())
    assert_same(net, after)
    assert all(NCNN.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)


def test_golden_dump_of_an_interpolation():
    net = net_of((1, 2, 5, 6))
    add(net, "y", Resize(mode="cubic", axes=(2, 3), output_size=(10, 3)))
    (form,) = resample.FORMS[Resize]
    after = written(net, form)
    assert after.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 5, 6)])  -> data  [1x2x5x6]\n"
        "  y: Resample(axes=(2, 3), output_size=(10, 3)) data -> y | [10, 5] [3, 6]  [1x2x10x3]\n"
        "  outputs y\n"
    )
    assert all(blob.constant for blob in after.node("y").blobs)
