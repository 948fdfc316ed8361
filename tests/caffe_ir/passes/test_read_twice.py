from __future__ import annotations

import pytest

from caffe_ir.layers import Concat, Deconvolution, ReLU, Slice
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.read_twice import READ_TWICE
from caffe_ir.targets import TARGETS
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten

CAFFE2ONNX = Context(target=TARGETS["caffe2onnx"], options=Options())


def joined(*bottoms: str, shape: tuple[int, ...] = (2, 3, 4, 5)) -> Net:
    net = net_of(shape)
    add(net, "a", ReLU(negative_slope=0.5))
    add(net, "b", ReLU(negative_slope=0.1), bottoms=("data",))
    add(net, "y", Concat(axis=1), bottoms=bottoms)
    return net


def test_from_the_second_time_on_a_copy_is_read() -> None:
    after = rewritten(joined("a", "b", "a", "a"), READ_TWICE, context=CAFFE2ONNX)
    assert [str(after.node(name).layer) for name in ("y_copy", "y_copy_2")] == ["Scale()"] * 2
    assert after.node("y").bottoms == ("a", "b", "y_copy", "y_copy_2")
    assert not list(TARGETS["caffe2onnx"].verdicts(after))


def test_a_target_that_reads_it_so_is_left_alone() -> None:
    net = joined("a", "b", "a")
    assert rewritten(net, READ_TWICE, context=ALONE).dump() == net.dump()


def test_files_for_other_programs_as_well_have_the_copy_where_those_come_so_far() -> None:
    assert rewritten(joined("a", "b", "a"), READ_TWICE, context=CONTEXT).node("y").bottoms == ("a", "b", "y_copy")
    net = net_of((1, 3, 4, 5))
    add(net, "rows", Slice(axis=2, slice_point=(2,)), tops=("first", "second"))  # which caffe2onnx refuses
    add(net, "y", Concat(axis=2), bottoms=("first", "second", "first"))
    assert rewritten(net, READ_TWICE, context=CONTEXT).dump() == net.dump()


def test_blobs_that_are_read_once_are_left_alone() -> None:
    net = joined("a", "b")
    assert rewritten(net, READ_TWICE, context=CAFFE2ONNX).dump() == net.dump()


def test_what_is_no_map_has_no_copy_that_every_target_takes() -> None:
    net = joined("a", "b", "a", shape=(2, 3))
    assert rewritten(net, READ_TWICE, context=CAFFE2ONNX).dump() == net.dump()


@pytest.mark.parametrize(("axis", "kernel"), [(2, (3, 1)), (3, (1, 3))])
def test_one_row_or_column_alone_is_spread_by_ones(axis: int, kernel: tuple[int, int]) -> None:
    shape = tuple(1 if one == axis else size for one, size in enumerate((2, 3, 4, 5)))
    net = net_of(shape)
    add(net, "a", ReLU(negative_slope=0.5))
    add(net, "y", Concat(axis=axis), bottoms=("a",) * 3)
    layer = rewritten(net, READ_TWICE, context=CAFFE2ONNX).node("y").layer
    assert isinstance(layer, Deconvolution)
    assert layer.kernel_size == kernel
