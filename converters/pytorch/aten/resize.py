"""Resizes: each is linear along each axis, so what torch makes of the unit vectors says all about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import torch

from caffe_ir.layers.source import Gather, NearestUpsample, Resample
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

Kind = Literal["nearest", "nearest-exact", "linear", "cubic", "linear-aa", "cubic-aa"]
ATEN = torch.ops.aten
ROUNDING = 1e-15
"""Of the sum of four cubic coefficients, which is 1."""
PLANES = {
    "cubic": ATEN.upsample_bicubic2d,
    "linear-aa": ATEN._upsample_bilinear2d_aa,
    "cubic-aa": ATEN._upsample_bicubic2d_aa,
}


def resize(call: Call, build: Build, kind: Kind) -> Value:
    """upsample_*: to the size that torch computed, by its own factors where the call names some."""
    x = call.value("input" if "input" in call.arguments else "self")
    call.ignore("output_size")
    axes = tuple(range(2, len(x.shape)))
    corners = "align_corners" in call.arguments and call.flag("align_corners")
    matrices = [
        matrix(kind, x.shape[axis], call.shape[axis], corners=corners, scale=scale, dtype=x.dtype)
        for axis, scale in zip(axes, _scales(call, len(axes)), strict=True)
    ]
    factors = [_factor(one) for one in matrices]
    if all(factor == 1 for factor in factors):
        return x
    if all(factors) and len(axes) <= 2:
        return _blocks(call, build, x, tuple(factors))
    if kind in ("nearest", "nearest-exact"):
        return _gathered(build, x, axes, matrices)
    changed = [(axis, one) for axis, one, factor in zip(axes, matrices, factors, strict=True) if factor != 1]
    layer = Resample(axes=tuple(axis for axis, _ in changed), output_size=tuple(len(one) for _, one in changed))
    return build.add(layer, x, blobs=[build.blob(one, constant=True) for _, one in changed])


def matrix(
    kind: Kind, size: int, wanted: int, *, corners: bool, scale: float | None, dtype: torch.dtype
) -> torch.Tensor:
    """The matrix (wanted, size) of a resize along one axis: its columns are the resized unit vectors.

    Linear and cubic ones are computed in float64. The places of the nearest ones are torch's for the type of the
    tensor, since it finds them by rounding a product in that type (UpSample.h, nearest_idx).
    """
    nearest = kind in ("nearest", "nearest-exact")
    exact = dtype if nearest and dtype in (torch.float32, torch.float64) else torch.float64
    units = torch.eye(size, dtype=exact)
    if kind in PLANES:  # the unit vectors are the columns of a plane
        plane: torch.Tensor = PLANES[kind].default(units[None, None], [wanted, size], corners, scale, None)
        return plane[0, 0]
    if kind == "linear":
        lines: torch.Tensor = ATEN.upsample_linear1d.default(units[None], [wanted], corners, scale)
    else:
        find = ATEN.upsample_nearest1d if kind == "nearest" else ATEN._upsample_nearest_exact1d
        lines = find.default(units[None], [wanted], scale)
    return lines[0].T.contiguous()


def _scales(call: Call, count: int) -> tuple[float | None, ...]:
    if "scale_factors" in call.arguments:
        found = call.argument("scale_factors")
        return tuple(float(scale) for scale in found) if isinstance(found, list | tuple) else (None,) * count
    names = ("scales",) if "scales" in call.arguments else ("scales_d", "scales_h", "scales_w")[-count:]
    return tuple(call.optional_number(name) for name in names)


def _factor(one: torch.Tensor) -> int:
    """k where each place simply becomes k equal ones, 0 where it does not."""
    wanted, size = one.shape
    factor, rest = divmod(wanted, size)
    blocks = torch.eye(size, dtype=one.dtype).repeat_interleave(factor, 0)
    return factor if rest == 0 and torch.allclose(one, blocks, rtol=0, atol=ROUNDING) else 0


def _blocks(call: Call, build: Build, x: Value, factors: tuple[int, ...]) -> Value:
    if len(factors) == 1:
        flat = build.reshape(x, (x.shape[0], x.shape[1], 1, x.shape[2]), suffix="in")
        return build.reshape(build.add(NearestUpsample(scale=(1, factors[0])), flat, suffix="2d"), call.shape)
    return build.add(NearestUpsample(scale=(factors[0], factors[1])), x)


def _gathered(build: Build, x: Value, axes: tuple[int, ...], matrices: list[torch.Tensor]) -> Value:
    moved = [
        (axis, tuple(int(place) for place in one.argmax(1)))
        for axis, one in zip(axes, matrices, strict=True)
        if _factor(one) != 1
    ]
    for axis, places in moved[:-1]:
        x = build.add(Gather(axis=axis, indices=places), x, suffix=f"axis{axis}")
    axis, places = moved[-1]
    return build.add(Gather(axis=axis, indices=places), x)


def _handler(kind: Kind) -> Handler:
    handler: Callable[[Call, Build], Value] = partial(resize, kind=kind)
    return handler


HANDLERS: Mapping[str, Handler] = {
    "aten.upsample_nearest1d.vec": _handler("nearest"),
    "aten.upsample_nearest1d.default": _handler("nearest"),
    "aten.upsample_nearest2d.vec": _handler("nearest"),
    "aten.upsample_nearest2d.default": _handler("nearest"),
    "aten.upsample_nearest3d.vec": _handler("nearest"),
    "aten.upsample_nearest3d.default": _handler("nearest"),
    "aten._upsample_nearest_exact1d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact1d.default": _handler("nearest-exact"),
    "aten._upsample_nearest_exact2d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact2d.default": _handler("nearest-exact"),
    "aten._upsample_nearest_exact3d.vec": _handler("nearest-exact"),
    "aten._upsample_nearest_exact3d.default": _handler("nearest-exact"),
    "aten.upsample_linear1d.vec": _handler("linear"),
    "aten.upsample_linear1d.default": _handler("linear"),
    "aten.upsample_bilinear2d.vec": _handler("linear"),
    "aten.upsample_bilinear2d.default": _handler("linear"),
    "aten.upsample_trilinear3d.vec": _handler("linear"),
    "aten.upsample_trilinear3d.default": _handler("linear"),
    "aten.upsample_bicubic2d.vec": _handler("cubic"),
    "aten.upsample_bicubic2d.default": _handler("cubic"),
    "aten._upsample_bilinear2d_aa.vec": _handler("linear-aa"),
    "aten._upsample_bilinear2d_aa.default": _handler("linear-aa"),
    "aten._upsample_bicubic2d_aa.vec": _handler("cubic-aa"),
    "aten._upsample_bicubic2d_aa.default": _handler("cubic-aa"),
}
