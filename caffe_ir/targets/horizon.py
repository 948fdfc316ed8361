"""Horizon Robotics X3 (D-Robotics): Caffe 1.0's layers. What its BPU does not compute runs on the CPU, slowly."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    RNN,
    SPP,
    BatchNorm,
    BatchReindex,
    Convolution,
    Deconvolution,
    Dropout,
    DummyData,
    Embed,
    Filter,
    Im2col,
    InnerProduct,
    Input,
    Parameter,
    PlacedPooling,
    Pooling,
    Reshape,
    Silence,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Limit, Never
from caffe_ir.targets.target import Target

LIST = "developer.d-robotics.cc, supported_op_list_and_restrictions 4.5.1"
LACKS = (BatchReindex, Filter, DummyData, Embed, Im2col, Parameter, PlacedPooling, RNN, Silence)
FILTER, MEAN, MAXIMUM, GLOBAL = 32768, 7, 64, 8192
CHANNELS, STRIDE, BATCH = 4096, 185, 128
ROW, ROWS_OF = 16384, 7


def _on_cpu(text: str, where: Callable[[Any, Shapes], bool]) -> Limit:
    return Never(text=f"{text} runs on the CPU", where=where, slow=True, source=LIST)


def _filter_too_large(layer: Convolution, bottoms: Shapes) -> bool:
    inner = bottoms[0][1] // layer.group
    return window_cases.largest_window(layer) > MEAN or window_cases.cells(layer, bottoms) * inner > FILTER


def _too_many_channels(layer: Convolution, bottoms: Shapes) -> bool:
    most = CHANNELS if layer.group == 1 else CHANNELS // 2
    return max(bottoms[0][1], layer.num_output) // layer.group > most


def _dilated_otherwise(layer: Convolution, bottoms: Shapes) -> bool:
    """Of a dilation beyond 1: a power of 2, a multiple of the stride, and that of the rows not above the columns'."""
    each = zip(layer.dilation, layer.stride, strict=True)
    return layer.dilation[:1] > layer.dilation[-1:] or any(
        step > 1 and (step & (step - 1) or step % stride) for step, stride in each
    )


def _padded_beyond(layer: Deconvolution, bottoms: Shapes) -> bool:
    return any(2 * pad > taps - 1 for pad, taps in zip(layer.pad, layer.kernel_size, strict=True))


def _rows_too_long(layer: InnerProduct, bottoms: Shapes) -> bool:
    """It runs as a convolution over the whole map: of up to 7 x 7 cells, or over one cell."""
    channels, *sides = bottoms[0][layer.axis % len(bottoms[0]) :]
    return max(sides) > ROWS_OF if prod(sides) > 1 else channels > ROW


def _mean_too_large(layer: Pooling, bottoms: Shapes) -> bool:
    if layer.pool != "AVE":
        return False
    return (
        window_cases.cells(layer, bottoms) > GLOBAL
        if layer.global_pooling
        else window_cases.largest_window(layer) > MEAN
    )


HORIZON = Target(
    name="horizon",
    title="Horizon X3",
    evidence="document",
    source=LIST,
    layers={
        **{kind: limits for kind, limits in CAFFE.layers.items() if kind not in LACKS},
        BatchNorm: (cases.STORED_STATISTICS,),
        Convolution: (
            _on_cpu("a filter above 7x7, or of more than 32768 weights,", _filter_too_large),
            _on_cpu(f"more than {CHANNELS} channels, or {CHANNELS // 2} of a group,", _too_many_channels),
            _on_cpu("a dilation that is not a power of 2, or no multiple of the stride,", _dilated_otherwise),
        ),
        Deconvolution: (
            _on_cpu(
                "a kernel outside 2 to 14, a stride other than 2 and 4, or dilation",
                lambda layer, bottoms: (
                    not all(2 <= taps <= 14 for taps in layer.kernel_size)
                    or not set(layer.stride) <= {2, 4}
                    or window_cases.dilated(layer, bottoms)
                ),
            ),
            _on_cpu("a pad above half of the kernel", _padded_beyond),
        ),
        Dropout: (_on_cpu("Dropout", cases.always),),
        Pooling: (
            *CAFFE.layers[Pooling],
            _on_cpu(
                f"a maximum over more than {MAXIMUM} rows",
                lambda layer, bottoms: layer.pool == "MAX" and window_cases.largest_window(layer) > MAXIMUM,
            ),
            _on_cpu(
                f"a maximum in steps of more than {STRIDE}",
                lambda layer, bottoms: layer.pool == "MAX" and max(layer.stride) > STRIDE,
            ),
            _on_cpu(f"a mean over more than {MEAN} rows, or a global one over {GLOBAL} cells,", _mean_too_large),
        ),
        InnerProduct: (_on_cpu(f"a row of more than {ROW}, or a map above {ROWS_OF}x{ROWS_OF},", _rows_too_long),),
        Input: (
            _on_cpu(f"a batch above {BATCH}", lambda layer, bottoms: len(layer.shape) > 1 and layer.shape[0] > BATCH),
        ),
        Reshape: (_on_cpu("Reshape", cases.always),),
        SPP: (_on_cpu("SPP", cases.always),),
    },
)
