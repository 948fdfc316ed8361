"""What random lines of a net in the short hand of hand_made.py are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from caffe_ir.blob import Shape

T = TypeVar("T")


class Drawn:
    """A net as far as it is drawn: its lines, and the shapes of the blobs that may be read."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.lines = list[str]()
        self.shapes = dict[str, Shape]()
        self.count = 0

    def one_of(self, *values: T) -> T:
        return values[int(self.random.integers(len(values)))]

    def yes(self, chance: float = 0.5) -> bool:
        return bool(self.random.uniform() < chance)

    def below(self, most: int) -> int:
        """A number from 0 to one below the most."""
        return int(self.random.integers(most))

    def said(self, *fields: str, chance: float = 0.5) -> str:
        """Some of the fields."""
        return " ".join(field for field in fields if self.yes(chance))

    def new(self) -> str:
        """A name for a blob or a layer."""
        self.count += 1
        return f"b{self.count}"

    def any(self) -> str:
        """A blob, the newest more often than others."""
        names = list(self.shapes)
        return names[-1] if self.yes(0.7) else self.one_of(*names)

    def axis(self, blob: str) -> int:
        """An axis of a blob, the channels more often than others, from the front or from behind."""
        count = len(self.shapes[blob])
        axis = 1 if count > 1 and self.yes(0.4) else self.below(count)
        return axis - count if self.yes(0.3) else axis


def tops_of(line: str) -> Sequence[str]:
    """The tops of a line."""
    return line.partition(" = ")[0].rpartition(" : ")[2].split()


def layer(d: Drawn, kind: str, bottoms: str, fields: str = "", in_place: float = 0.0) -> str:
    """The line of a layer; in place, if ever, on no input of the net."""
    first, new = bottoms.partition(" ")[0], d.new()
    top = f"{new} : {first}" if first != "data" and d.yes(in_place) else new
    return f"{top} = {kind} {bottoms}" + (f" | {fields.strip()}" if fields.strip() else "")


def input_of(d: Drawn, shape: Shape) -> str:
    """The line of an input."""
    return f"{d.new()} = Input | shape {{ {' '.join(f'dim: {size}' for size in shape)} }}"


def window(d: Drawn, kernels: Sequence[int], pads: Sequence[int], dilations: Sequence[int] = ()) -> str:
    """The fields of a window: of a square one, or for rows and columns."""
    if d.yes(0.65):
        fields = f"kernel_size: {d.one_of(*kernels)} "
        fields += d.said(f"stride: {d.one_of(1, 2, 2, 3)}", f"pad: {d.one_of(*pads)}", chance=0.6)
    else:
        fields = f"kernel_h: {d.one_of(*kernels)} kernel_w: {d.one_of(*kernels)} "
        fields += d.said(
            f"stride_h: {d.one_of(1, 2, 3)} stride_w: {d.one_of(1, 2)}",
            f"pad_h: {d.one_of(*pads)} pad_w: {d.one_of(*pads)}" if d.yes(0.9) else f"pad_w: {d.one_of(*pads)}",
        )
    return f"{fields} dilation: {d.one_of(*dilations)}" if dilations and d.yes(0.25) else fields
