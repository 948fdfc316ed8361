"""The outputs of a detector by their shapes: grids of cells, their strides, and what fits no detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal, NoReturn

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.running import NO_DECODER
from caffe_ir.errors import ConversionError, Problem

Detector = Literal["yolov5", "yolov8", "ssd", "retinanet"]


_STRIDES = (4, 8, 16, 32, 64, 128)


class Output(Struct, frozen=True, kw_only=True):
    """A blob of the net without its first axis.

    `probabilities` says whether the net's last step is a logistic or a softmax, None that it is in a part of the blob.
    """

    name: str
    shape: Shape
    probabilities: bool | None = False


def grids_of(network: tuple[int, int], cells: int) -> list[tuple[int, int]]:
    """The grids of neighbouring strides, from the finest on, that have so many cells together; none where none have."""
    strides = [one for one in _STRIDES if not network[0] % one and not network[1] % one]
    grids = [(network[0] // one, network[1] // one) for one in strides]
    for begin in range(len(grids)):
        for end in range(len(grids), begin, -1):
            if sum(map(prod, grids[begin:end])) == cells:
                return grids[begin:end]
    return []


def refuse_mixed(detector: Detector, output: Output) -> None:
    """Raises ConversionError for a map of which one part has gone through a logistic: no shape says which one."""
    if output.probabilities is None:
        what = f"{detector}: a part of {output.name} has gone through a logistic already"
        raise ConversionError(
            Problem(kind=NO_DECODER, what=what, hint="return that part by itself, or all of it without the logistic")
        )


def by_grid(outputs: Sequence[Output]) -> Mapping[tuple[int, int], list[Output]]:
    """The outputs (C, H, W) by their (H, W), in their order."""
    found: dict[tuple[int, int], list[Output]] = {}
    for one in outputs:
        found.setdefault((one.shape[1], one.shape[2]), []).append(one)
    return found


def stride_of(
    detector: Detector, outputs: Sequence[Output], grid: tuple[int, int], network: tuple[int, int], wanted: str
) -> float:
    """Pixels of the network's (height, width) to a cell of the grid. Raises ConversionError for fractions."""
    stride = network[0] / grid[0]
    if stride != network[1] / grid[1] or stride != int(stride):
        refuse_shapes(detector, outputs, f"{wanted}; cells are as many whole pixels high as wide")
    return stride


def refuse_shapes(detector: Detector, outputs: Sequence[Output], wanted: str) -> NoReturn:
    """Raises ConversionError with the shapes that the outputs have and what the detector `wanted`."""
    shapes = ", ".join(f"{one.name} ({', '.join(map(str, ('N', *one.shape)))})" for one in outputs)
    hint = "cut the model where its outputs are these: return them from forward"
    raise ConversionError(
        Problem(kind=NO_DECODER, what=f"{detector}: the outputs are {shapes}", why=f"expected: {wanted}", hint=hint)
    )
