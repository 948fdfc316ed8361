"""What the bytes of a picture go through before they are a net's input: the order of channels, mean and scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array

Order = Literal["RGB", "BGR"]


class PictureInput(Struct, frozen=True, kw_only=True):
    """x = (v - mean) * scale for the values 0..255 of each channel, after their order is reversed where `swapped`.

    mean and scale have one number, or one for each channel in the order of x.
    """

    order: Order = "RGB"
    """Of x; without meaning where there is one channel."""
    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    swapped: bool = False
    """Whether v has the channels in the other order."""

    def factors(self, channels: int) -> tuple[Array, Array]:
        """Scale and offset of each channel: x = scale v + offset, in float64."""
        scale = np.broadcast_to(np.asarray(self.scale, np.float64), (channels,))
        return scale, -scale * np.broadcast_to(np.asarray(self.mean, np.float64), (channels,))

    def applied(self, v: Array) -> Array:
        """x (N, C, H, W) in float64."""
        scale, offset = self.factors(v.shape[1])
        ordered = v[:, ::-1] if self.swapped else v
        found: Array = ordered.astype(np.float64) * _spread(scale) + _spread(offset)
        return found


def _spread(numbers: Sequence[float] | Array) -> Array:
    return np.reshape(numbers, (-1, 1, 1))
