"""Windows that readers get wrong: of poolings and convolutions, where padding, strides or the end of a map decide."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from msgspec.structs import replace

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    BatchNorm,
    Convolution,
    Crop,
    Deconvolution,
    Dropout,
    Interp,
    PlacedPooling,
    Pooling,
    Power,
    Scale,
)
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets.limits import Never, Spelling

MAP = 4
"""Axes of a blob of maps."""
SHARED = 5
"""Rows of a Convolution from which RKNN-Toolkit2 has been seen to share them between cores."""


def uneven_dilation(layer: Convolution | Deconvolution, bottoms: Shapes) -> bool:
    """The dilations of the axes differ."""
    return len(set(layer.dilation)) > 1


def dilated(layer: Deconvolution, bottoms: Shapes) -> bool:
    """The taps are apart."""
    return set(layer.dilation) != {1}


def padded_mean(layer: Pooling, bottoms: Shapes) -> bool:
    """A mean over windows with padding."""
    return layer.pool == "AVE" and any(layer.pad)


def clipped_mean(layer: Pooling, bottoms: Shapes) -> bool:
    """A mean whose last windows reach beyond the padded map."""
    return layer.pool == "AVE" and _is_clipped(layer, bottoms)


def padded_and_clipped_mean(layer: Pooling, bottoms: Shapes) -> bool:
    """A mean over windows with padding, whose last ones reach beyond it."""
    return padded_mean(layer, bottoms) and _is_clipped(layer, bottoms)


def _is_clipped(layer: Pooling, bottoms: Shapes) -> bool:
    ends = zip(bottoms[0][2:], layer.infer(bottoms)[0][2:], layer.stride, layer.pad, strict=True)
    kernel = layer.kernel_size or bottoms[0][2:]
    return any(
        (count - 1) * step + taps > size + 2 * pad for (size, count, step, pad), taps in zip(ends, kernel, strict=True)
    )


def one_more_window(layer: Pooling, bottoms: Shapes) -> bool:
    """Caffe takes off the last window, which begins in the padding (pooling_layer.cpp, Reshape)."""
    if layer.round_mode == "FLOOR" or not any(layer.pad):
        return False
    sizes = zip(bottoms[0][2:], layer.infer(bottoms)[0][2:], layer.kernel_size, layer.stride, layer.pad, strict=True)
    return any(-(-(size + 2 * pad - taps) // step) + 1 != count for size, count, taps, step, pad in sizes)


def window_behind(layer: Pooling, bottoms: Shapes) -> bool:
    """A window behind the image on an axis without padding, which Caffe leaves out as the other one is padded."""
    if layer.global_pooling or not any(layer.pad):
        return False
    return any(
        pad == 0 and -(-(size - kernel) // stride) * stride >= size
        for size, kernel, stride, pad in zip(bottoms[0][2:], layer.kernel_size, layer.stride, layer.pad, strict=True)
    )


def filled_up_by_a_kernel(layer: Pooling, bottoms: Shapes) -> bool:
    """The last window is clipped, and RKNN-Toolkit2 fills the map up for it by as many cells as the kernel has.

    It adds one step less one cell, or one cell more than is lacking, to the padding, and onnxruntime, which runs that,
    wants less padding than kernel: of 108 maxima on 7 to 10 rows, kernels of 2 to 4, steps of 2 to 4 and all pads, it
    refused just these, and of 94 means.
    """
    ends = zip(bottoms[0][2:], layer.kernel_size, layer.stride, layer.pad, strict=False)
    return any(
        (rest := (size + 2 * pad - taps) % step) and pad + min(step - 1, step - rest + 1) >= taps
        for size, taps, step, pad in ends
    )


def last_third_in_the_padding(layer: Convolution, bottoms: Shapes) -> bool:
    """The last third of its rows reads nothing but the padding below the map.

    RKNN-Toolkit2's compiler, which shares the rows of a Convolution between the three cores of an RK3588, aborts.

    The last part is the smallest of three. 2.3.2 aborted at 191 of 583 Convolutions, and these are among what is found
    here: at a stride of 1, on three rows or more, just these; at larger strides 116 others compile all the same.
    Fewer than five rows, and kernels larger than the map, are not shared.
    """
    if len(bottoms[0]) != MAP:
        return False
    rows, count = bottoms[0][2], layer.infer(bottoms)[0][2]
    begin = (count - count // 3) * layer.stride[0] - layer.pad[0]
    return count >= SHARED and begin >= rows > (layer.kernel_size[0] - 1) * layer.dilation[0]


def begins_behind(layer: Pooling, bottoms: Shapes) -> bool:
    """The last window begins behind the map, which is not padded, and holds nothing."""
    ends = zip(bottoms[0][2:], layer.infer(bottoms)[0][2:], layer.stride, layer.pad, strict=True)
    return not layer.global_pooling and any((count - 1) * step - pad >= size for size, count, step, pad in ends)


def maximum_of_nothing(layer: Pooling, bottoms: Shapes) -> bool:
    """A window of a MAX without padding holds nothing: Caffe gives -FLT_MAX (pooling_layer.cpp, Forward_cpu)."""
    return layer.pool == "MAX" and not any(layer.pad) and begins_behind(layer, bottoms)


def padded_on_one_axis(layer: Pooling, bottoms: Shapes) -> bool:
    """`pad_h` and `pad_w` differ, which only these fields can say."""
    return len(set(layer.pad)) > 1


def larger_than_the_map(layer: Pooling, bottoms: Shapes) -> bool:
    """A window is larger than the map without its padding."""
    return any(taps > size for taps, size in zip(layer.kernel_size, bottoms[0][2:], strict=False))


def maximum_of_the_whole_map(layer: Pooling, bottoms: Shapes) -> bool:
    """A window is larger than the map, and not each one holds all of it."""
    if layer.pool != "MAX" or not larger_than_the_map(layer, bottoms):
        return False
    ends = zip(bottoms[0][2:], layer.infer(bottoms)[0][2:], layer.kernel_size, layer.stride, layer.pad, strict=True)
    return any(taps - pad < size or (count - 1) * step > pad for size, count, taps, step, pad in ends)


def padded_and_as_large_as_the_map(layer: Pooling, bottoms: Shapes) -> bool:
    """One window is the whole map, and there is padding besides."""
    return any(layer.pad) and layer.kernel_size == bottoms[0][2:]


def grouped_otherwise(layer: Convolution | Deconvolution, bottoms: Shapes) -> bool:
    """Groups that are neither one nor a group for each channel."""
    return layer.group not in (1, bottoms[0][1])


def uneven_stride(layer: Convolution | Deconvolution | Pooling, bottoms: Shapes) -> bool:
    """The strides of the axes differ."""
    return len(set(layer.stride)) > 1


def largest_window(layer: Convolution | Deconvolution | Pooling) -> int:
    """The most cells that a window has along an axis."""
    return max(layer.kernel_size, default=0)


def cells(layer: Convolution | Deconvolution | Pooling, bottoms: Shapes) -> int:
    """The cells of a window; those of the map where the pooling is global."""
    return prod(layer.kernel_size or bottoms[0][2:])


def taken_into(net: Net, node: Node) -> Node | None:
    """What OpenCV takes an affine layer into: the window, or else the BatchNorm, that it follows.

    Layers between them are taken into it as well: those of one factor and addend, or of one for each channel, each the
    only reader of the one before it (Net::Impl::fuseLayers, and tryFuse of each layer).
    """
    norm, blob = None, node.bottoms[0]
    while net.is_read_once(blob):
        before = net.producer(blob)
        if isinstance(before.layer, Convolution | Deconvolution):
            return before
        if not _is_affine(before):
            break
        norm = before if isinstance(before.layer, BatchNorm) else norm
        blob = before.bottoms[0]
    return norm


def _is_affine(node: Node) -> bool:
    layer = node.layer
    if isinstance(layer, Power):
        return layer.power == 1
    if isinstance(layer, BatchNorm):
        return layer.use_global_stats
    return isinstance(layer, Dropout) or (isinstance(layer, Scale) and len(node.bottoms) == 1)


def depthwise_on_a_narrow_map(layer: Convolution, bottoms: Shapes) -> bool:
    """3x3 for each channel, padded by at most 1, over fewer rows or columns than OpenCV's own code for it expects.

    That code (depthWiseBlockConv) takes strides of 1 and 2. It leaves out the row above the map or the one below, never
    both at once, and its first column is that of a window without dilation. Of 5,953 random cases on up to 9 x 9 cells
    OpenCV 4.14 computed just those 924 wrongly.
    """
    channels, height, width = bottoms[0][1:4] if len(bottoms[0]) == MAP else (0, 0, 0)
    if not layer.group == layer.num_output == channels or layer.kernel_size != (3, 3) or max(layer.pad) > 1:
        return False
    step, spread = layer.stride[1], layer.dilation[1]
    if not (step == 1 or (step, spread) == (2, 1)):
        return False
    rows = layer.pad[0] == 1 and height < 2 * layer.dilation[0]
    return rows or (layer.pad[1] == 1 and (width == 1 or spread > 1))


def rounds_to_the_same(net: Net, node: Node) -> bool:
    """A Pooling has as many windows in either `round_mode`."""
    bottoms = net.shapes_of(node.bottoms)
    layer = node.layer
    assert isinstance(layer, Pooling | PlacedPooling)
    return layer.infer(bottoms) == replace(layer, round_mode="CEIL").infer(bottoms)


def cuts_last_channels_and_first_rows(layer: Crop, bottoms: Shapes) -> bool:
    """A Crop of all columns, of fewer channels from the first one on, and of rows that do not begin with the first."""
    data, size = bottoms
    if len(data) != MAP or layer.axis not in (1, -3) or not layer.offset:
        return False
    channels, rows, columns = layer.offset if len(layer.offset) > 1 else layer.offset * 3
    return channels == columns == 0 < rows and size[1] < data[1] and size[3] == data[3]


def rounded_down(fields: Mapping[str, Any]) -> bool:
    """A Pooling with `round_mode`."""
    return "round_mode" in fields


def with_all_its_steps(fields: Mapping[str, Any]) -> bool:
    """A window whose rows and columns, and their steps, are said by fields of their own."""
    return {"kernel_h", "kernel_w", "stride_h", "stride_w"} <= fields.keys()


def crops(layer: Interp, bottoms: Shapes) -> bool:
    """An Interp of a part of its map."""
    return bool(layer.pad_beg or layer.pad_end)


def shrinks_or_crops(layer: Interp, bottoms: Shapes) -> bool:
    """An Interp with more than height and width, or a zoom_factor."""
    return not layer.is_plain


def padded_single_cells(layer: Convolution | Deconvolution, bottoms: Shapes) -> bool:
    """Windows of one cell, side by side, with padding."""
    return {*layer.kernel_size, *layer.stride} == {1} and any(layer.pad)


def pads_one_axis(fields: Mapping[str, Any]) -> bool:
    """One of `pad_h` and `pad_w` alone, which leaves the other at 0."""
    return ("pad_h" in fields) != ("pad_w" in fields) and any(fields.get(name) for name in ("pad_h", "pad_w"))


PADS_OF_ONE_AXIS = tuple(
    Spelling(
        type_name=kind,
        text="pad_h without pad_w, or pad_w without pad_h, is ignored",
        where=pads_one_axis,
        silent=True,
        source="trials conv_pad_h_alone, conv_pad_w_alone and deconv_pad_w_alone: ncnn, OpenCV 4.14",
    )
    for kind in ("Convolution", "ConvolutionDepthwise", "Deconvolution")
)


def _reaches_beyond_both_ends(layer: Convolution | Pooling | PlacedPooling, bottoms: Shapes) -> bool:
    spread = layer.dilation if isinstance(layer, Convolution) else (1,) * len(layer.kernel_size)
    sizes = bottoms[0][len(bottoms[0]) - len(layer.kernel_size) :]
    axes = zip(sizes, layer.kernel_size, layer.pad, spread, strict=False)
    return any(step * (kernel - 1) + 1 > size + 2 * pad for size, kernel, pad, step in axes)


LARGER_THAN_THE_MAP = Never(
    text="a window larger than the padded map, of which Caffe has one where the stride is large enough",
    where=_reaches_beyond_both_ends,
    source="trials pool_k7_on_6 and conv_k5_on_4",
)
LARGER_SILENTLY = replace(LARGER_THAN_THE_MAP, silent=True)
