"""Windows that readers get wrong, and those beside them that they do not."""

from __future__ import annotations

from caffe_ir.layers import Convolution, Pooling
from caffe_ir.targets import window_cases

MAP = (1, 4, 6, 7)


def test_a_mean_counts_its_padding() -> None:
    assert window_cases.padded_mean(Pooling(pool="AVE", kernel_size=(3, 3), pad=(1, 0)), (MAP,))
    assert not window_cases.padded_mean(Pooling(pool="MAX", kernel_size=(3, 3), pad=(1, 1)), (MAP,))


def test_a_window_behind_the_map_is_that_of_the_axis_without_padding() -> None:
    """OpenCV 4.14: a MAX of 3 x 1 cells at a stride of 1 x 2 and a pad of 1 x 0 on 8 x 8 has a column too many."""
    one_sided = Pooling(pool="MAX", kernel_size=(3, 1), stride=(1, 2), pad=(1, 0))
    assert window_cases.window_behind(one_sided, ((1, 4, 8, 8),))
    assert not window_cases.window_behind(one_sided, ((1, 4, 8, 7),))
    assert not window_cases.window_behind(Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2)), ((1, 4, 8, 8),))


def test_sides_that_differ() -> None:
    assert window_cases.uneven_dilation(Convolution(num_output=4, kernel_size=(3, 3), dilation=(2, 1)), (MAP,))
    assert not window_cases.uneven_dilation(Convolution(num_output=4, kernel_size=(3, 3), dilation=(2,)), (MAP,))
    assert window_cases.uneven_stride(Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 1)), (MAP,))
    assert window_cases.largest_window(Convolution(num_output=4, kernel_size=(3, 5))) == 5
