"""Windows that readers get wrong, and those beside them that they do not."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Convolution, Deconvolution, Pooling, Power, ReLU, Reshape, Scale
from caffe_ir.targets import window_cases
from tests.caffe_ir.build import add, net_of

MAP = (1, 4, 6, 7)
BN = BatchNorm(use_global_stats=True, eps=1e-5)


def test_a_mean_counts_its_padding() -> None:
    assert window_cases.padded_mean(Pooling(pool="AVE", kernel_size=(3, 3), pad=(1, 0)), (MAP,))
    assert not window_cases.padded_mean(Pooling(pool="MAX", kernel_size=(3, 3), pad=(1, 1)), (MAP,))


def test_a_window_behind_the_map_is_that_of_the_axis_without_padding() -> None:
    """OpenCV 4.14: a MAX of 3 x 1 cells at a stride of 1 x 2 and a pad of 1 x 0 on 8 x 8 has a column too many."""
    one_sided = Pooling(pool="MAX", kernel_size=(3, 1), stride=(1, 2), pad=(1, 0))
    assert window_cases.window_behind(one_sided, ((1, 4, 8, 8),))
    assert not window_cases.window_behind(one_sided, ((1, 4, 8, 7),))
    assert not window_cases.window_behind(Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2)), ((1, 4, 8, 8),))


def test_a_depthwise_window_with_padding_on_both_sides_of_a_row() -> None:
    """OpenCV 4.14: of 5,953 random ones just those that the case names were wrong."""
    plain = Convolution(num_output=4, group=4, kernel_size=(3, 3), pad=(1, 1))
    is_wrong = window_cases.depthwise_on_a_narrow_map
    assert is_wrong(plain, ((1, 4, 1, 7),))
    assert is_wrong(plain, ((1, 4, 7, 1),))
    assert not is_wrong(plain, ((1, 4, 2, 2),))
    assert not is_wrong(replace(plain, stride=(3, 3)), ((1, 4, 7, 1),))
    assert is_wrong(replace(plain, dilation=(2, 1)), ((1, 4, 3, 7),))
    assert not is_wrong(replace(plain, dilation=(2, 1)), ((1, 4, 4, 7),))
    assert is_wrong(replace(plain, dilation=(1, 2)), ((1, 4, 7, 7),))
    assert not is_wrong(replace(plain, dilation=(2, 2), pad=(2, 2)), ((1, 4, 7, 7),))
    assert not is_wrong(replace(plain, group=1), ((1, 4, 1, 7),))


@pytest.mark.parametrize(
    ("rows", "kernel", "dilation", "pad", "aborts"),
    [(5, 1, 1, 2, False), (5, 1, 1, 3, True), (10, 1, 1, 7, False), (10, 1, 1, 8, True), (5, 3, 1, 6, False),
     (5, 3, 1, 7, True), (5, 2, 2, 6, False), (5, 2, 2, 7, True), (4, 2, 3, 8, True), (4, 5, 1, 9, False),
     (2, 2, 1, 3, True), (2, 1, 1, 1, False)],
)  # fmt: skip
def test_the_last_third_of_the_rows_in_the_padding(
    rows: int, kernel: int, dilation: int, pad: int, aborts: bool
) -> None:
    """RKNN-Toolkit2 2.3.2, for an RK3588: what its compiler did with them."""
    layer = Convolution(num_output=4, kernel_size=(kernel, 3), pad=(pad, 0), dilation=(dilation, 1))
    assert window_cases.last_third_in_the_padding(layer, ((1, 4, rows, 20),)) == aborts


@pytest.mark.parametrize(
    ("layers", "host"),
    [
        ((Convolution(num_output=4, kernel_size=(1, 1)),), "l0"),
        ((Deconvolution(num_output=4, kernel_size=(1, 1)), BN, Scale(), Power(scale=2.0)), "l0"),
        ((ReLU(), BN, Power(shift=1.0)), "l1"),
        ((Convolution(num_output=4, kernel_size=(1, 1)), ReLU()), None),
        ((Convolution(num_output=4, kernel_size=(1, 1)), Power(power=2.0)), None),
        ((Convolution(num_output=4, kernel_size=(1, 1)), Reshape(shape=(0, 0, 0, 0))), None),
    ],
    ids=str,
)
def test_what_an_affine_layer_is_taken_into(layers: tuple[Layer, ...], host: str | None) -> None:
    net = net_of(MAP)
    for place, layer in enumerate(layers):
        add(net, f"l{place}", layer, *(np.ones(shape) for shape in layer.blob_shapes((MAP,))))
    node = add(net, "y", Scale(num_axes=3), np.ones(MAP[1:]))
    found = window_cases.taken_into(net, node)
    assert (found and found.name) == host


def test_sides_that_differ() -> None:
    assert window_cases.uneven_dilation(Convolution(num_output=4, kernel_size=(3, 3), dilation=(2, 1)), (MAP,))
    assert not window_cases.uneven_dilation(Convolution(num_output=4, kernel_size=(3, 3), dilation=(2,)), (MAP,))
    assert window_cases.uneven_stride(Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 1)), (MAP,))
    assert window_cases.largest_window(Convolution(num_output=4, kernel_size=(3, 5))) == 5


def test_a_window_may_be_larger_than_the_map_and_hold_all_of_it() -> None:
    """RKNN-Toolkit2 2.3.2 takes the maximum of the whole map for each of these windows."""
    five = Pooling(pool="MAX", kernel_size=(5, 5), pad=(2, 2))
    wrong = [size for size in range(1, 7) if window_cases.maximum_of_the_whole_map(five, ((1, 4, size, size),))]
    assert wrong == [4]
    assert window_cases.maximum_of_the_whole_map(five, ((1, 4, 4, 8),))
    two = Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), pad=(1, 1))
    assert window_cases.maximum_of_the_whole_map(two, ((1, 4, 2, 2),))
    assert not window_cases.maximum_of_the_whole_map(Pooling(pool="AVE", kernel_size=(9, 9), pad=(4, 4)), (MAP,))


def test_a_maximum_of_nothing_is_that_of_a_last_window_behind_a_map_without_padding() -> None:
    far = Pooling(pool="MAX", kernel_size=(2, 2), stride=(3, 3))
    assert window_cases.maximum_of_nothing(far, ((1, 4, 5, 9),))
    assert not window_cases.maximum_of_nothing(far, ((1, 4, 5, 10),))
    assert not window_cases.maximum_of_nothing(replace(far, pad=(1, 1)), ((1, 4, 5, 9),))
    assert not window_cases.maximum_of_nothing(replace(far, pool="AVE"), ((1, 4, 5, 9),))


@pytest.mark.parametrize(
    ("fields", "found"),
    [({"pad_h": 1}, True), ({"pad_w": 2}, True), ({"pad_h": 1, "pad_w": 0}, False), ({"pad_w": 0}, False)],
)
def test_a_pad_counts_where_both_axes_have_one(fields: dict[str, int], found: bool) -> None:
    assert window_cases.pads_one_axis(fields) == found


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "found"), [(1, 1, 1, True), (1, 1, 0, False), (1, 2, 1, False), (2, 1, 1, False)]
)
def test_windows_of_one_cell_are_padded_side_by_side(kernel: int, stride: int, pad: int, found: bool) -> None:
    layer = Deconvolution(num_output=3, kernel_size=(kernel, kernel), stride=(stride, stride), pad=(0, pad))
    assert window_cases.padded_single_cells(layer, ((1, 4, 5, 5),)) == found
