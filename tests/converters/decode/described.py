"""The heads of outputs with given shapes."""

from __future__ import annotations

from typing import Any

from caffe_ir.blob import Shape
from converters.decode.describing import Known, described_heads
from converters.decode.heads import AnyHead
from converters.decode.output_shapes import Detector, Output

P5 = ((10.0, 13.0, 16.0, 30.0, 33.0, 23.0),) * 3


def heads(
    detector: Detector, *shapes: Shape, network: tuple[int, int] = (640, 640), **known: Any
) -> tuple[AnyHead, ...]:
    outputs = [Output(name=f"out{place}", shape=shape) for place, shape in enumerate(shapes)]
    return described_heads(detector, outputs, network, Known(**known))
