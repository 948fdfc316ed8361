"""Horizon Robotics X3 (D-Robotics): Caffe 1.0's layers. What its BPU does not compute runs on the CPU, slowly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caffe_ir.layer import Shapes
from caffe_ir.layers import (
    RNN,
    BatchNorm,
    BatchReindex,
    Convolution,
    Deconvolution,
    Dropout,
    DummyData,
    Embed,
    Filter,
    Im2col,
    Parameter,
    Pooling,
    Reshape,
    Silence,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import Limit, Never
from caffe_ir.targets.target import Target

LIST = "developer.d-robotics.cc, supported_op_list_and_restrictions 4.5.1"
LACKS = (BatchReindex, Filter, DummyData, Embed, Im2col, Parameter, RNN, Silence)
FILTER, MEAN, MAXIMUM, GLOBAL = 32768, 7, 64, 8192


def _on_cpu(text: str, where: Callable[[Any, Shapes], bool]) -> Limit:
    return Never(text=f"{text} runs on the CPU", where=where, slow=True, source=LIST)


def _filter_too_large(layer: Convolution, bottoms: Shapes) -> bool:
    inner = bottoms[0][1] // layer.group
    return window_cases.largest_window(layer) > MEAN or window_cases.cells(layer, bottoms) * inner > FILTER


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
        Convolution: (_on_cpu("a filter above 7x7, or of more than 32768 weights,", _filter_too_large),),
        Deconvolution: (
            _on_cpu(
                "a kernel outside 2 to 14, a stride other than 2 and 4, or dilation",
                lambda layer, bottoms: (
                    not all(2 <= taps <= 14 for taps in layer.kernel_size)
                    or not set(layer.stride) <= {2, 4}
                    or window_cases.dilated(layer, bottoms)
                ),
            ),
        ),
        Dropout: (_on_cpu("Dropout", cases.always),),
        Pooling: (
            *CAFFE.layers[Pooling],
            _on_cpu(
                f"a maximum over more than {MAXIMUM} rows",
                lambda layer, bottoms: layer.pool == "MAX" and window_cases.largest_window(layer) > MAXIMUM,
            ),
            _on_cpu(f"a mean over more than {MEAN} rows, or a global one over {GLOBAL} cells,", _mean_too_large),
        ),
        Reshape: (_on_cpu("Reshape", cases.always),),
    },
)
