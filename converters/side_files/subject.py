"""What a side file is about: the input of one net, and what a picture goes through before it."""

from __future__ import annotations

import re

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.running import SIDE_FILE
from caffe_ir.errors import ConversionError, Problem
from converters.pictures.description import InputDescription

HINT = "convert with --input-is u8-rgb or u8-bgr: order, mean and scale then go into the first layer, exactly"


class Subject(Struct, frozen=True, kw_only=True):
    """A net whose files are called `name`, with one input of the shape (N, C, H, W), for a target of that name."""

    name: str
    target: str
    input: str
    shape: Shape
    description: InputDescription

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input."""
        return self.shape[2], self.shape[3]

    @property
    def channels(self) -> int:
        """1 or 3."""
        return self.shape[1]

    @property
    def mean(self) -> list[float]:
        """Of values from 0 to 255, one for each channel in the order of the input."""
        return self._each(self.description.preparation().mean)

    @property
    def scale(self) -> list[float]:
        """After the mean, one for each channel in the order of the input."""
        return self._each(self.description.preparation().scale)

    def _each(self, numbers: tuple[float, ...]) -> list[float]:
        return [float(one) for one in numbers] * (self.channels if len(numbers) == 1 else 1)

    @property
    def is_bgr(self) -> bool:
        """Whether blue comes first."""
        return self.description.order == "BGR"

    @property
    def fit(self) -> str:
        """In words how a picture comes to the size of the input."""
        height, width = self.size
        side = self.description.shorter_side
        size = f"{width} wide and {height} high"
        if self.description.fit == "letterbox":
            return f"{size}: proportions kept, in the middle of a field of {self.description.fill:g}"
        if self.description.fit == "stretch":
            return f"{size}: stretched"
        return f"{size}: the middle, after the shorter side became {side or width}"

    @property
    def title(self) -> str:
        """The name without what would end a comment or a string of the files' languages."""
        return re.sub(r"[^\w .,:+/()-]", "_", self.name)

    @property
    def identifier(self) -> str:
        """The name as one of Python and C."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII)
        return f"net_{name}" if not name or name[0].isdigit() else name

    def one_scale(self, tool: str) -> float:
        """The scale, for a tool that has one for all channels. Raises ConversionError where they differ."""
        first, *others = self.scale
        if any(other != first for other in others):
            listed = ", ".join(f"{one:g}" for one in self.scale)
            raise refused(tool, f"the channels are scaled by {listed}", "it has one scale for all channels")
        return first


def refused(tool: str, what: str, why: str, hint: str = HINT) -> ConversionError:
    """What is raised where the files of a tool cannot say exactly what the net needs."""
    return ConversionError(Problem(kind=SIDE_FILE, what=f"--side-files {tool}: {what}", why=why, hint=hint))
