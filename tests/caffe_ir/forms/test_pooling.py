"""WindowPool as Caffe's layers: which ones, and that the function stays."""

from __future__ import annotations

from itertools import product
from time import process_time
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.forms import FORMS, pooling
from caffe_ir.geometry import caffe_pool_output, windows
from caffe_ir.layers import Pooling
from caffe_ir.layers.source import WindowPool
from caffe_ir.passes.base import run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import refusal, written
from tests.caffe_ir.passes.rewriting import CONTEXT

GLOBAL, SAME, CROPPED, PICKED = pooling.FORMS[WindowPool]


def net_with(shape, layer):
    net = net_of(shape)
    add(net, "pool", layer)
    return net


def formed(shape, layer):
    """The net in the first form that applies."""
    net = net_with(shape, layer)
    form = next(form for form in FORMS[WindowPool] if not form.build(Replacement(net=net, old=net.nodes[-1])))
    return written(net, form)


def darknet(size, stride, padding, shape, pool="MAX"):
    """maxpool_layer.c: out = (h + padding - size) / stride + 1, window i from i stride - padding / 2 on."""
    output = tuple((length + padding - size) // stride + 1 for length in shape[2:])
    return WindowPool(
        pool=pool, kernel_size=(size,) * 2, stride=(stride,) * 2, begin=(padding // 2,) * 2, output_size=output
    )


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        ("Pooling(pool=MAX, kernel_size=2, stride=2)", (2, 2, 1, 26)),  # yolov3-tiny, even
        ("Pooling(pool=MAX, kernel_size=2, stride=2)", (2, 2, 1, 13)),  # odd: half outside, as Caffe's
        ("Pooling(pool=MAX, kernel_size=5, pad=2)", (5, 1, 4, 13)),  # SPP
        ("Pooling(pool=MAX, kernel_size=13, pad=6)", (13, 1, 12, 19)),
        ("Pooling(pool=MAX, kernel_size=3, stride=2, pad=1)", (3, 2, 2, 55)),
    ],
)
def test_maxima_of_darknet_that_are_caffes(layer, size):
    kernel, stride, padding, length = size
    shape = (1, 2, length, length)
    net = formed(shape, darknet(kernel, stride, padding, shape))
    assert [str(node.layer) for node in net.nodes[1:]] == [layer]


def _crop(offset, size):
    return f"CropTo(top={offset}, left={offset}, height={size}, width={size})"


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        # tiny-yolo: one row more at the top and one column more at the left than wanted
        (["Pooling(pool=MAX, kernel_size=2, pad=1)", _crop(1, 13)], (2, 1, 1, 13)),
        # resnet: a window more than wanted at even sizes
        (["Pooling(pool=MAX, kernel_size=3, stride=2, pad=1)", _crop(0, 8)], (3, 2, 2, 16)),
        (["Pooling(pool=MAX, kernel_size=3, stride=2)", _crop(0, 7)], (3, 2, 0, 16)),
        # stride > kernel without padding: Caffe's last window holds no cell at all
        (["Pooling(pool=MAX, kernel_size=1, stride=2)", _crop(0, 2)], (1, 2, 0, 4)),
    ],
)
def test_maxima_that_need_a_crop(layers, size):
    kernel, stride, padding, length = size
    shape = (1, 2, length, length)
    net = formed(shape, darknet(kernel, stride, padding, shape))
    assert [str(node.layer) for node in net.nodes[1:]] == layers


def test_golden_dump():
    shape = (1, 2, 4, 4)
    net = formed(shape, darknet(2, 1, 1, shape))
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 4, 4)])  -> data  [1x2x4x4]\n"
        "  pool_ceil: Pooling(pool=MAX, kernel_size=2, pad=1) data -> pool_ceil  [1x2x5x5]\n"
        "  pool: CropTo(top=1, left=1, height=4, width=4) pool_ceil -> pool  [1x2x4x4]\n"
        "  outputs pool\n"
    )


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_one_window_over_everything_is_global(pool):
    layer = WindowPool(pool=pool, kernel_size=(7, 9), stride=(1, 1), begin=(1, 2), output_size=(1, 1))
    net = formed((2, 3, 5, 4), layer)
    assert [str(node.layer) for node in net.nodes[1:]] == [f"Pooling(pool={pool}, global_pooling=True)"]


def test_mean_inside_the_image_is_pooling():
    layer = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(2, 2), output_size=(3, 4), divisor="padded")
    assert isinstance(formed((1, 2, 6, 8), layer).node("pool").layer, Pooling)


@pytest.mark.parametrize(("kernel", "stride"), [((3, 1), (1, 2)), ((1, 1), (2, 3)), ((2, 3), (3, 2))])
def test_cells_between_the_windows_are_left_out_first(kernel, stride):
    pad = kernel[0] // 2 if stride[0] == 1 else 0
    output = tuple((8 + 2 * margin - k) // s + 1 for k, s, margin in zip(kernel, stride, (pad, 0), strict=True))
    layer = WindowPool(pool="MAX", kernel_size=kernel, stride=stride, begin=(pad, 0), end=(pad, 0), output_size=output)
    after = written(net_with((1, 2, 8, 8), layer), PICKED)
    (pool,) = (node.layer for node in after.nodes if isinstance(node.layer, Pooling))
    assert all(step <= taps for step, taps in zip(pool.stride, pool.kernel_size, strict=True))


def test_what_each_form_is_not_for():
    dilated = WindowPool(pool="MAX", kernel_size=(3, 3), stride=(1, 1), dilation=(2, 2), output_size=(5, 5))
    clipped = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(1, 1), output_size=(9, 9))
    halved = WindowPool(pool="AVE", kernel_size=(2, 2), stride=(1, 1), output_size=(8, 8), divisor=2)
    for layer, form, reason in (
        (dilated, GLOBAL, "no window holds the whole image"),
        (dilated, SAME, "no windows of Caffe's Pooling hold the same cells"),
        (dilated, CROPPED, "no windows of Caffe's Pooling hold the same cells"),
        (clipped, SAME, "windows leave the image"),
        (clipped, CROPPED, "it is not a maximum"),
        (clipped, PICKED, "it is not a maximum"),
        (dilated, PICKED, "its windows leave no cells out"),
        (halved, SAME, "it divides by another number than that of the cells"),
    ):
        assert refusal(net_with((1, 2, 9, 9), layer), form) == reason


@st.composite
def axes(draw):
    """One axis of a pooling, (size, kernel, stride, begin, count), in which every window has a cell."""
    size, kernel = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    stride = draw(st.integers(1, 4))
    begin = draw(st.integers(0, kernel - 1))
    most = (size - 1 + begin) // stride + 1  # windows that begin inside
    return size, kernel, stride, begin, draw(st.integers(max(1, most - 2), most))


@settings(max_examples=150)
@given(axes(), axes(), st.sampled_from(["MAX", "AVE"]), st.sampled_from(["valid", "padded", 3]))
def test_every_window_geometry_is_exact(rows, columns, pool, divisor):
    size, kernel_size, stride, begin, output_size = zip(rows, columns, strict=True)
    layer = WindowPool(
        pool=pool, kernel_size=kernel_size, stride=stride, begin=begin, output_size=output_size, divisor=divisor
    )
    net = formed((2, 2, *size), layer)
    assert not any(isinstance(node.layer, WindowPool) for node in net.nodes)
    assert len(net.nodes) <= 5


def _least(size: int, kernel: int, stride: int, begin: int, count: int) -> tuple[bool, int] | None:
    """By trying all pads of Caffe's Pooling on a square: whether a crop is needed, and the padding in all."""
    wanted = windows(size, kernel, stride, begin, count)
    found = set()
    for pad in range(kernel):
        made = caffe_pool_output((size, size), (kernel, kernel), (stride, stride), (pad, pad))[0]
        held = windows(size, kernel, stride, pad, made)
        if any(held[offset : offset + count] == wanted for offset in range(made - count + 1)):
            found.add((made != count, 2 * pad))
    return min(found, default=None)


@pytest.mark.parametrize("size", range(1, 8))
def test_no_other_padding_is_better(size: int) -> None:
    for kernel, stride, begin, count in product(range(1, 6), range(1, 5), range(5), range(1, 6)):
        layer = WindowPool(
            pool="MAX", kernel_size=(kernel,) * 2, stride=(stride,) * 2, begin=(begin,) * 2, output_size=(count,) * 2
        )
        if begin >= kernel or (count - 1) * stride - begin >= size:
            continue  # a window without a cell
        if (count - 1) * stride - begin <= 0 and kernel - begin >= size:
            continue  # every window holds the whole image, so that it does not matter where it begins
        net = net_with((1, 1, size, size), layer)
        best = _least(size, kernel, stride, begin, count)
        if best is None:
            refusal(net, SAME)
            refusal(net, CROPPED)
            continue
        cropped, padding = best
        after = written(net, CROPPED if cropped else SAME)
        made = after.nodes[1].layer
        assert isinstance(made, Pooling)
        assert (len(after.nodes) == 3, sum(made.pad)) == (cropped, padding), layer


def test_large_images_and_large_windows_take_no_time() -> None:
    pools: tuple[Literal["MAX", "AVE"], ...] = ("MAX", "AVE")
    for kernel, pool in product((3, 299_999), pools):
        layer = WindowPool(
            pool=pool, kernel_size=(3, kernel), stride=(1, 1), begin=(1, kernel // 2), output_size=(8, 300_000)
        )
        net = net_with((1, 2, 8, 300_000), layer)
        begin = process_time()
        run_pass(LEGALIZE, net, CONTEXT)
        assert process_time() - begin < 5
