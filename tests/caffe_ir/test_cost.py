from __future__ import annotations

from math import prod

import pytest

from caffe_ir.cost import POWER, PRODUCT, RUN, TRANSCENDENTAL, VIEW, WITHIN, Work, work
from caffe_ir.errors import ShapeError
from caffe_ir.layers import (
    LRN,
    LSTM,
    MVN,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    InnerProduct,
    Pooling,
    Power,
    Reshape,
    Sigmoid,
    Slice,
)

MAP = (2, 8, 6, 6)
CELLS = 2 * 8 * 6 * 6


def test_a_convolution_is_counted_as_papers_count_it():
    """ResNet-50's first layer: 112 x 112 x 64 x 3 x 7 x 7 multiply-adds."""
    first = Convolution(num_output=64, kernel_size=(7, 7), stride=(2, 2), pad=(3, 3), bias_term=False)
    done = work(first, ((1, 3, 224, 224),))
    assert done.multiply_adds == 118_013_952
    columns = 3 * 49 * 112 * 112  # conv_im2col_cpu
    assert done.bytes == 4 * (3 * 224 * 224 + 64 * 112 * 112 + 64 * 3 * 49 + columns)
    assert done.layers == 1


@pytest.mark.parametrize(
    ("layer", "columns"),
    [
        (Convolution(num_output=8, kernel_size=(1, 1), bias_term=False), 0),
        (Convolution(num_output=8, kernel_size=(3, 3), pad=(1, 1), group=8, bias_term=False), 9 * CELLS),
        (Convolution(num_output=4, kernel_size=(2, 2), stride=(2, 2), bias_term=False), CELLS),
        (Deconvolution(num_output=8, kernel_size=(2, 2), stride=(2, 2), group=8, bias_term=False), 4 * CELLS),
        (Deconvolution(num_output=4, kernel_size=(4, 4), stride=(2, 2), bias_term=False), 16 * CELLS // 2),
    ],
    ids=str,
)
def test_windows_are_laid_out_in_columns(layer, columns):
    (top,), (weights,) = layer.infer((MAP,)), layer.blob_shapes((MAP,))
    assert work(layer, (MAP,)).bytes == 4 * (prod(MAP) + prod(top) + prod(weights) + columns)


@pytest.mark.parametrize(
    ("layer", "together"),
    [
        (Convolution(num_output=8, kernel_size=(5, 5), pad=(2, 2)), True),
        (Convolution(num_output=8, kernel_size=(3, 3), pad=(1, 1), group=8), True),
        (Convolution(num_output=8, kernel_size=(5, 5), pad=(2, 2), group=8), False),
        (Convolution(num_output=8, kernel_size=(1, 1), group=8), False),
        (Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)), False),
        (Sigmoid(), False),
        (Power(power=2.0), False),
        (Power(scale=2.0), True),
    ],
    ids=str,
)
def test_what_goes_several_at_a_time(layer, together):
    """As OpenCV 4.14 does it: 0.04 ns for each multiply-add of a depthwise 3x3, 0.3 ns of a 5x5."""
    done = work(layer, (MAP,))
    assert (done.steps == 0, done.multiply_adds == 0) == (together, not together)


@pytest.mark.parametrize(
    ("layer", "bottoms", "pieces"),
    [
        (Deconvolution(num_output=8, kernel_size=(2, 2), stride=(2, 2), group=8), (MAP,), 4 * CELLS),
        (Deconvolution(num_output=8, kernel_size=(4, 4), stride=(2, 2), pad=(1, 1), group=8), (MAP,), 4 * CELLS),
        (Concat(axis=1), (MAP, MAP), RUN * 2 * 2),
        (Concat(axis=3), (MAP, MAP), RUN * 2 * 2 * 8 * 6),
        (Concat(axis=-1), (MAP, MAP), RUN * 2 * 2 * 8 * 6),
        (Slice(axis=2, slice_point=(1, 5)), (MAP,), RUN * 3 * 2 * 8),
        (Convolution(num_output=8, kernel_size=(1, 1), group=4), (MAP,), PRODUCT * 2 * 4),
        (Sigmoid(), (MAP,), 0),
    ],
    ids=str,
)
def test_pieces(layer, bottoms, pieces):
    """The numbers that col2im adds up, the calls of memcpy, and those of a product of matrices."""
    assert work(layer, bottoms).pieces == pieces


@pytest.mark.parametrize(
    ("sides", "far"), [((64, 64, 256), 0), ((64, 128, 256), 3 * 2**23), ((256, 128, 256), 3 * 3 * 2**25)]
)
def test_what_no_cache_holds(sides, far):
    """Two bottoms and a top of 4, 8 and 32 MiB, as often as these are 4 MiB doubled."""
    assert work(Eltwise(operation="PROD"), ((1, *sides),) * 2).far == far


@pytest.mark.parametrize(
    ("layer", "bottoms", "count"),
    [
        (Convolution(num_output=8, kernel_size=(3, 3), pad=(1, 1), group=8), (MAP,), CELLS * 9),
        (Deconvolution(num_output=8, kernel_size=(2, 2), stride=(2, 2), group=8), (MAP,), CELLS * 4),
        (Deconvolution(num_output=5, kernel_size=(2, 2), stride=(2, 2)), (MAP,), CELLS * 4 * 5),
        (InnerProduct(num_output=10), (MAP,), 2 * 10 * 8 * 36),
        (Pooling(pool="AVE", kernel_size=(3, 2), stride=(3, 2)), (MAP,), CELLS),
        (Pooling(pool="AVE", kernel_size=(), global_pooling=True), (MAP,), CELLS),
        (Eltwise(operation="SUM"), (MAP, MAP), CELLS),
        (Power(scale=2.0), (MAP,), CELLS),
        (Power(power=0.5), (MAP,), CELLS * POWER),
        (Sigmoid(), (MAP,), CELLS * TRANSCENDENTAL[Sigmoid]),
        (LRN(local_size=5), (MAP,), CELLS * (5 + POWER)),
        (LRN(local_size=5, norm_region="WITHIN_CHANNEL"), (MAP,), CELLS * (5 + WITHIN)),
        (MVN(), (MAP,), CELLS * 6),
        (LSTM(num_output=4), ((3, 2, 5), (3, 2)), 6 * (16 * 5 + 16 + 16 * 4)),
        (Concat(), (MAP, MAP), 2 * CELLS),
    ],
    ids=str,
)
def test_multiply_adds(layer, bottoms, count):
    assert work(layer, bottoms).computed == count


def test_views_move_nothing():
    assert work(Reshape(shape=(0, -1)), (MAP,)) == Work(layers=VIEW)


def test_a_crop_reads_what_it_writes():
    assert work(Crop(axis=2, offset=(1,)), (MAP, (2, 8, 4, 4))).bytes == 2 * 4 * 2 * 8 * 16


def test_a_layer_that_cannot_stand_there_has_no_cost():
    with pytest.raises(ShapeError):
        work(Pooling(pool="MAX", kernel_size=(2, 2)), ((2, 8),))
